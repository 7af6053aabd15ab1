"""Requests to forecasters that cost more than they may, or whose answers are read in another way than they were meant."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from unit.engine.forecasting.conftest import make_panel
from unit.serving.forecasting.conftest import history, plain, served

from windvane.domain.forecasting import LARGEST, Fill, FillMethod
from windvane.engine.forecasting.filling import fill
from windvane.engine.forecasting.holidays import holidays_of
from windvane.engine.forecasting.keys import key_of
from windvane.engine.forecasting.reading import read_numbers
from windvane.errors import DataFault, InvalidRequest
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


def test_bars_and_backslashes_in_parts_of_a_key_make_no_other_series(tmp_path: Path) -> None:
    """An item whose own name looks like a key of two parts is not the series of that key, in the history or in the answer."""
    pairs = [("tea", "a | b"), ("tea | a", "b"), ("tea\\", "| b"), ("tea", "\\| b")]
    prepared = plain(len(pairs), group_columns=("shop",))
    keys = sorted(key_of(pair) for pair in pairs)
    panel = replace(prepared.panel, items=tuple(keys))
    model = served(tmp_path / "p", replace(prepared, panel=panel))
    for item, shop in pairs:
        body = json.dumps([{"id": item, "shop": shop}]).encode()
        answer, _ = model.answer(body, "application/json", "application/json")
        rows = json.loads(answer)["predictions"]
        assert {(row["id"], row["shop"]) for row in rows} == {(item, shop)}
        whole = model.forecaster.forecast().mean[keys.index(key_of((item, shop)))]
        assert [row["mean"] for row in rows] == whole.tolist()
    with pytest.raises(InvalidRequest, match="no history of the item"):
        model.answer(b'[{"id": "tea | a", "shop": "| b"}]', "application/json", "")


@pytest.mark.parametrize("method", [m for m in FillMethod if m is not FillMethod.NAN])
def test_no_filling_of_values_that_are_read_is_infinite(method: FillMethod) -> None:
    column = pa.chunked_array([["1e60", "1e60", None, "1e60"]])
    values = read_numbers(column, "y")
    series = np.zeros(len(values), np.int64)
    made = fill(values, np.isnan(values), series, 1, Fill(method, LARGEST))
    assert np.isfinite(made).all()
    assert np.isfinite((made**2).sum() ** 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1e61", "1 values beyond 1e[+]60: row 2"),
        ("1_0", "must have numbers; 1 rows have none: row 2"),
    ],
)
def test_numbers_that_are_none_to_others_are_none_here(text: str, told: str) -> None:
    with pytest.raises(DataFault, match=told):
        read_numbers(pa.chunked_array([["1", text]]), "y")


@pytest.mark.parametrize("country", ["US", "SA", "CN", "IL"])
@pytest.mark.parametrize("years", [("0001", "0001"), ("0001", "9999"), ("9999", "9999")])
def test_years_that_no_calendar_has_are_soon_without_holidays(
    country: str, years: tuple[str, str]
) -> None:
    first, last = (
        np.array([np.datetime64(f"{year}-06-01", "s").astype(np.int64)]) for year in years
    )
    assert len(holidays_of(country, first, last).days) == 0
