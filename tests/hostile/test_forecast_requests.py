"""Requests to forecasters that cost more than they may, or whose answers are read in another way than they were meant."""

from __future__ import annotations

import csv
import io
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel
from unit.serving.forecasting.conftest import history, plain, served

from windvane.errors import InvalidRequest
from windvane.serving.forecasting.answers import time_unit
from windvane.serving.forecasting.request_columns import read_columns

HEAD = "id,t,y\n"


def test_times_of_very_many_series_are_not_in_memory_together() -> None:
    panel = make_panel(np.ones((20_000, 2)), "D")
    tracemalloc.start()
    try:
        assert time_unit(panel, 500) == "D"
        assert tracemalloc.get_traced_memory()[1] < 50 * 1024**2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("first", [b'"\n"', b"n" * 70_000], ids=["of two lines", "long"])
def test_a_header_of_very_many_columns_is_refused_whatever_its_first_name(
    first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commas of the first line were counted, as far as it was in the first bytes. Each column takes 8 KB, and each of
    their names was looked for among all of them."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("Very many columns are not made.")

    monkeypatch.setattr("windvane.serving.csvblocks.transposed", never)
    monkeypatch.setattr("windvane.serving.csvblocks.pyarrow.csv.read_csv", never)
    line = b",".join([first, *(b"%d" % i for i in range(100_000))]) + b"\n"
    with pytest.raises(InvalidRequest, match="more than 1,000 columns"):
        read_columns(line * 2, "text/csv", {"id"})


def test_the_end_of_a_line_in_an_identifier_begins_no_row(tmp_path: Path) -> None:
    model = served(tmp_path / "p", plain(2))
    body = HEAD + history('"a\r=1+1"', [1, 2, 3])
    answer, _ = model.answer(body.encode(), "text/csv", "text/csv")
    rows = list(csv.reader(io.StringIO(answer.decode(), newline="")))
    assert [row[0] for row in rows] == ["id", *["a\r=1+1"] * 3]
    assert {len(row) for row in rows} == {6}


def test_series_of_different_lengths_take_no_longer_than_a_request_may(tmp_path: Path) -> None:
    """They are forecast one after the other, and 256 of them were begun before anybody looked at the clock."""
    clock = iter(range(0, 10_000, 20))
    model = replace(served(tmp_path / "p", plain(2)), clock=lambda: float(next(clock)))
    body = HEAD + "".join(history(f"i{n:03d}", [1] * (40 + n)) for n in range(100))
    with pytest.raises(InvalidRequest, match=r"of 100 series takes longer .*: 3 took 60.0 seconds"):
        model.answer(body.encode(), "text/csv", "")
