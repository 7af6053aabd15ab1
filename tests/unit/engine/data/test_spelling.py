"""Cells that read as the values they were made of."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.dates import FORMATS
from windvane.engine.data.numerals import NOTATIONS, Notation
from windvane.engine.data.parse import cell_reader
from windvane.engine.data.spelling import spelt

DAY = 86_400.0


PLAIN = Notation()


def numeric(notation=PLAIN, **parse):
    return ColumnSpec("n", ColumnType.NUMERIC, "", notation.to_json() | parse)


def dates(*formats):
    return ColumnSpec("d", ColumnType.DATETIME, "", {"formats": list(formats)})


@settings(deadline=None)
@given(st.sampled_from(NOTATIONS), st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_as_itself_in_every_notation_or_is_not_told(notation, value):
    spec = numeric(notation)
    cell = spelt(value, spec)
    assert cell == "" or cell_reader(spec)(cell) == value


@pytest.mark.parametrize(
    ("notation", "value", "cell"),
    [
        (Notation(), 34.0, "34"),
        (Notation(), -118.56, "-118.56"),
        (Notation(thousands=".", decimal=","), 1234.5, "1234,5"),
        (Notation(affix="%"), 12.5, "12.5%"),
        (Notation(affix="kg"), 70.0, "70kg"),
        (Notation(thousands=",", affix="money"), 1200.0, "1200"),
    ],
)
def test_a_number_is_written_as_its_column_writes_numbers(notation, value, cell):
    assert spelt(value, numeric(notation)) == cell


@pytest.mark.parametrize("date_format", FORMATS)
def test_a_date_reads_as_itself_in_every_format_or_is_not_told(date_format):
    spec = dates(date_format)
    for seconds in (18_321 * DAY, 18_321 * DAY + 3_725, -9_000 * DAY, 1.5):
        cell = spelt(seconds, spec)
        assert cell == "" or cell_reader(spec)(cell) == seconds


def test_dates_are_written_as_their_column_writes_them():
    assert spelt(18_321 * DAY, dates("%Y-%m-%d")) == "2020-02-29"
    assert spelt(18_321 * DAY + 3_725, dates("%d.%m.%Y")) == "29.02.2020 01:02:05"
    assert spelt(1_582_934_400.0, dates("epoch-s")) == "1582934400"
    assert spelt(1_582_934_400.5, dates("epoch-ms")) == "1582934400500"


def test_what_is_missing_or_would_read_as_missing_is_an_empty_cell():
    assert spelt(math.nan, numeric()) == spelt(None, dates("%Y")) == ""
    assert spelt(-999.0, numeric(missing=["-999"])) == ""
    words = ColumnSpec("c", ColumnType.CATEGORICAL, "", {"missing": ["?"]})
    assert (spelt("?", words), spelt("a", words)) == ("", "a")
