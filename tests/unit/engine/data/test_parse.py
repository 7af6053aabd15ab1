from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.encoded import encode, read_column
from windvane.engine.data.parse import parse_cells
from windvane.errors import InvalidRequest

AGE = ColumnSpec("age", ColumnType.NUMERIC, "", {"missing": ["?"]})
DAY = ColumnSpec("day", ColumnType.DATETIME, "", {"formats": ["%Y-%m-%d", "%d.%m.%Y"]})
JOB = ColumnSpec("job", ColumnType.CATEGORICAL, "", {"missing": ["NA"]})


def test_numbers_and_their_missing_markers() -> None:
    values = parse_cells(["1.5", " 2 ", "", None, "?", "  "], AGE)
    np.testing.assert_array_equal(values, [1.5, 2, np.nan, np.nan, np.nan, np.nan])


def test_dates_of_either_format() -> None:
    values = parse_cells(["1970-01-02", "03.01.1970", None], DAY)
    np.testing.assert_array_equal(values, [86400, 172800, np.nan])


def test_words_are_stripped() -> None:
    assert list(parse_cells([" cook", "NA", "", None], JOB)) == ["cook", None, None, None]


def test_an_unreadable_number_names_row_and_column() -> None:
    with pytest.raises(
        InvalidRequest, match=r"Row 2, column 'age': 'old' cannot be read as a number"
    ):
        parse_cells(["1", "old"], AGE)


def test_an_unreadable_date_names_the_expected_formats() -> None:
    with pytest.raises(InvalidRequest, match=r"Row 7, column 'day'.*YYYY-MM-DD or DD.MM.YYYY"):
        parse_cells(["yesterday"], DAY, first_row=7)


@pytest.mark.parametrize("spec", [AGE, DAY, JOB], ids=lambda spec: spec.name)
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.sampled_from(["?", "NA", "", " 3", "2020-02-29", "29.02.2020", "x"]),
            st.floats(allow_nan=False, allow_infinity=False).map(repr),
        ),
        max_size=30,
    )
)
def test_training_and_serving_read_alike(spec: ColumnSpec, cells: list[str | None]) -> None:
    column = encode(spec.name, pa.chunked_array([pa.array(cells, pa.string())]))
    trained = read_column(column, spec)
    for cell, value in zip(cells, trained.values, strict=True):
        if cell in trained.unreadable:
            with pytest.raises(InvalidRequest):
                parse_cells([cell], spec)
        else:
            np.testing.assert_array_equal(parse_cells([cell], spec), np.array([value]))


def test_the_fast_way_of_plain_numbers_reads_as_the_slow_one() -> None:
    spec = ColumnSpec("x", ColumnType.NUMERIC, "")
    cells = ["0.1", "1e-7", "123456789.123456789", "-0", ".5", "7."]
    column = encode("x", pa.chunked_array([pa.array(cells, pa.string())]))
    np.testing.assert_array_equal(read_column(column, spec).values, parse_cells(cells, spec))
