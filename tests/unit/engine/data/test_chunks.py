"""CSV that gives back exactly what a dataset folder holds."""

from __future__ import annotations

import csv
import io
import math
import tempfile
import tracemalloc
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.domain.problem import ProblemSpec
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis, ReadOptions
from windvane.engine.data.chunks import (
    columns_of,
    columns_of_matrix,
    csv_chunks,
    csv_lines,
    header,
)
from windvane.engine.data.dataset import Dataset, read_analysis, write_dataset
from windvane.testing.tables import HEADER, Workshop, lines

LABELS = ("no, never", 'ja "wohl"')
TEXTS = st.none() | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
)
NUMBERS = st.floats(allow_nan=True, allow_infinity=False)
ROWS = st.lists(st.tuples(NUMBERS, TEXTS, TEXTS), min_size=1, max_size=30)


@cache
def _known() -> Analysis:
    """The analysis of another table: what is not told here comes from it."""
    with tempfile.TemporaryDirectory() as name:
        workshop = Workshop(Path(name), ReadOptions(scratch=Path(name)))
        workshop.analyse(HEADER + lines(600))
        return read_analysis(workshop.dataset_folder)


def _folder(workshop: Workshop, rows: list[tuple[float, str | None, str | None]]) -> Path:
    """A dataset of a number, a text and an identifier, with two labels that want quotes."""
    known = _known()
    numbers, texts, names = (list(column) for column in zip(*rows, strict=True))
    specs = tuple(
        ColumnSpec(name, kind, "")
        for name, kind in (
            ("amount", ColumnType.NUMERIC),
            ('said, "so"', ColumnType.TEXT),
            ("name\nof row", ColumnType.IDENTIFIER),
        )
    )
    analysis = replace(known, n_rows=len(rows), n_repeats=1, labels=LABELS, columns=specs)
    folder = workshop.folder / "made"
    y = np.arange(len(rows)) % 2.0
    columns = {
        spec.name: np.array(values, dtype)
        for spec, values, dtype in zip(
            specs, (numbers, texts, names), (np.float64, object, object), strict=True
        )
    }
    write_dataset(Dataset(analysis, columns, y, np.zeros(len(rows), np.int8)), folder)
    return folder


@pytest.mark.slow
@given(ROWS, st.integers(1, 200))
def test_what_is_written_reads_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[float, str | None, str | None]],
    most_bytes: int,
) -> None:
    place = tmp_path_factory.mktemp("chunks")
    folder = _folder(Workshop(place, ReadOptions(scratch=place)), rows)
    chunks = csv_chunks(columns_of(folder), np.arange(len(rows)), place, most_bytes)
    text = b"".join(chunk.read_bytes() for chunk in chunks).decode()
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert len(read) == len(rows)
    for number, (line, (amount, said, name)) in enumerate(zip(read, rows, strict=True)):
        assert line[0] == LABELS[number % 2]
        assert math.isnan(amount) if line[1] == "" else float(line[1]) == amount
        assert line[2:] == [said or "", name or ""]
    assert header(read_analysis(folder)) == b'y,amount,"said, ""so""","name\nof row"\n'


def test_a_missing_text_is_told_from_an_empty_one(workshop: Workshop) -> None:
    folder = _folder(workshop, [(1.0, None, ""), (2.5, "", None)])
    written = csv_lines(columns_of(folder), np.arange(2))
    assert written == b'"no, never",1,,""\n"ja ""wohl""",2.5,"",\n'


def test_a_table_with_identifiers_and_constants_is_written_whole(workshop: Workshop) -> None:
    rows = "".join(f"K{i},7,{i % 5}.25,2024-01-{1 + i % 28:02d},{i * 1.1!r}\n" for i in range(600))
    content = "id,same,x,when,y\n" + rows
    workshop.analyse(content, problem=ProblemSpec("y"))
    [chunk] = [
        file.read_bytes()
        for file in csv_chunks(columns_of(workshop.dataset_folder), np.arange(600), workshop.folder)
    ]
    head = header(read_analysis(workshop.dataset_folder))
    assert head == b"y,id,same,x,when\n"
    read = list(csv.DictReader(io.StringIO((head + chunk).decode())))
    for line, wanted in zip(read, csv.DictReader(io.StringIO(content)), strict=True):
        assert float(line["y"]) == float(wanted["y"])
        assert (line["id"], line["same"], line["x"]) == (wanted["id"], "7", wanted["x"])
        assert line["when"] == f"{wanted['when']}T00:00:00+00:00"


def test_a_matrix_reads_back_to_the_last_bit(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    X[7, 1] = np.nan
    y = np.arange(50.0)
    written = csv_lines(columns_of_matrix(y, X), np.arange(50))
    read = pd.read_csv(io.BytesIO(written), header=None)
    np.testing.assert_array_equal(read[0], y)
    np.testing.assert_array_equal(read.iloc[:, 1:].to_numpy().astype(np.float32), X)


def test_chunks_are_bounded_in_order_and_gone_after_use(workshop: Workshop) -> None:
    workshop.analyse(HEADER + lines(3000))
    columns, rows = columns_of(workshop.dataset_folder), np.arange(0, 3000, 3)
    seen, sizes = b"", []
    for file in csv_chunks(columns, rows, workshop.folder, 4000):
        sizes.append(file.stat().st_size)
        seen += file.read_bytes()
    assert len(sizes) > 3
    assert max(sizes) <= 4000 * 1.3
    assert seen == csv_lines(columns, rows)
    assert not (workshop.folder / "chunk.csv").exists()


def test_no_rows_make_one_empty_chunk(workshop: Workshop) -> None:
    workshop.analyse(HEADER + lines(600))
    columns = columns_of(workshop.dataset_folder)
    chunks = csv_chunks(columns, np.empty(0, np.intp), workshop.folder)
    assert [file.read_bytes() for file in chunks] == [b""]


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    file = tmp_path / "X.npy"
    X = np.lib.format.open_memmap(file, "w+", np.float32, (400_000, 5))
    columns = columns_of_matrix(np.zeros(len(X)), X)
    tracemalloc.start()
    sizes = [
        chunk.stat().st_size
        for chunk in csv_chunks(columns, np.arange(len(X)), tmp_path, most_bytes=1_000_000)
    ]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(sizes) > 3
    assert peak < 15_000_000
