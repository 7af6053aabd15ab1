"""Columns of texts are read exactly as cell by cell."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.parse import parse_cells
from windvane.engine.data.textcolumns import parse_columns, parse_texts
from windvane.errors import InvalidRequest

SPECS = [
    ColumnSpec("n", ColumnType.NUMERIC, ""),
    ColumnSpec("n", ColumnType.NUMERIC, "", {"missing": ["NA", "-1", "?"]}),
    ColumnSpec("n", ColumnType.NUMERIC, "", {"thousands": ",", "affix": "money"}),
    ColumnSpec("d", ColumnType.DATETIME, "", {"formats": ["%Y-%m-%d"], "missing": ["?"]}),
    ColumnSpec("c", ColumnType.CATEGORICAL, "", {"missing": ["NA"]}),
    ColumnSpec("t", ColumnType.TEXT, ""),
]
ODD = ["", " ", "+1", "++1", "1.", ".5", ".", "1e5", "1E-3", "1e400", "-1e400", "nan", "NaN", "inf"]
ODD += ["infinity", " 1", "1 ", "\u00a01", "\x1c1", "0x10", "1_0", "1d5", "-0", "１", "1\x00", "NA"]
ODD += [
    "-1",
    "?",
    " NA ",
    "$1,200",
    "1,200",
    "2024-01-02",
    "2024-13-01",
    "true",
    "00012",
    "4.9e-324",
]
ODD += ["9" * 400, "0." + "0" * 400 + "1", "1.7976931348623159e308", "1e-400", "a", "1f", "-.5"]
numbers = st.floats(allow_nan=False, allow_infinity=False).map(repr)
cells = st.one_of(
    st.sampled_from(ODD), numbers, st.text(max_size=6), st.text("0123456789.eE+- ", max_size=8)
)


def outcome(read):
    try:
        return [None if value != value else value for value in read().tolist()]
    except InvalidRequest as error:
        return str(error)


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.type}{sorted(spec.parse)}")
@given(
    texts=st.lists(cells.filter(lambda text: text.isprintable() or "\x00" not in text), max_size=8)
)
@example(texts=ODD)
@example(texts=["1", "2.5", "", "-3e2"])
def test_a_column_is_read_as_its_cells(spec, texts):
    def column():
        return parse_texts(pa.array(texts, pa.string()), spec, 11)

    assert outcome(column) == outcome(lambda: parse_cells(texts, spec, 11))


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.type}{sorted(spec.parse)}")
def test_an_odd_cell_among_plain_ones_is_read_alike(spec, text):
    texts = ["1", text, "2.5"]
    column = pa.array(texts, pa.string())
    assert outcome(lambda: parse_texts(column, spec)) == outcome(lambda: parse_cells(texts, spec))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_double_comes_back_to_the_last_bit(values):
    read = parse_texts(pa.array([repr(value) for value in values]), SPECS[0])
    assert read.dtype == np.float64
    assert read.tobytes() == np.array(values).tobytes()


def test_columns_are_found_by_their_places():
    cells = [pa.array(["a", "b"]), pa.array(["1", "2"])]
    read = parse_columns(cells, [(1, SPECS[0])])
    assert {name: values.tolist() for name, values in read.items()} == {"n": [1.0, 2.0]}
    with pytest.raises(InvalidRequest, match="Row 8, column 'n': 'a' cannot be read as a number"):
        parse_columns(cells, [(0, SPECS[0])], 8)
