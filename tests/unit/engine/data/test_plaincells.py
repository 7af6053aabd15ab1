"""A row's plain numbers read together are what they are one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.parse import cell_reader
from windvane.engine.data.plaincells import PlainCells, is_plain

_CELLS = st.one_of(
    st.none(),
    st.text("0123456789.eE+-_, infa", max_size=6),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers().map(str),
)


def _spec(name: str = "n", parse: dict[str, object] | None = None) -> ColumnSpec:
    return ColumnSpec(name, ColumnType.NUMERIC, "", parse or {})


@given(st.lists(_CELLS, min_size=1, max_size=4))
def test_what_is_read_is_what_every_cell_says(cells):
    columns = [(place, _spec(f"n{place}")) for place in range(len(cells))]
    read = PlainCells(columns).read(cells)
    if read is None:
        assert not all(_is_plain_number(cell) for cell in cells)
        return
    assert dict(read) == {spec.name: cell_reader(spec)(cells[place]) for place, spec in columns}


def _is_plain_number(cell: str | None) -> bool:
    if cell is None or cell != cell.strip() or not cell:
        return False
    try:
        cell_reader(_spec())(cell)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("parse", "expected"),
    [({}, True), ({"missing": ["?", "NA"]}, True), ({"missing": ["-999"]}, False)],
)
def test_a_number_that_means_missing_is_not_plain(parse, expected):
    assert is_plain(_spec(parse=parse)) is expected


def test_other_columns_are_not_plain():
    assert not is_plain(ColumnSpec("c", ColumnType.CATEGORICAL, "", {}))
