import math

import pytest

from windvane.engine.columns import ColumnType
from windvane.engine.exploration.wording import cell, measured, moment


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.0, "1970-01-01"),
        (-86_400.0, "1969-12-31"),
        (3600.0, "1970-01-01 01:00"),
        (1e300, "1e+300"),
    ],
)
def test_moments_are_dates_with_a_time_if_they_have_one(seconds, told):
    assert moment(seconds) == told


def test_missing_cells_are_called_so():
    assert measured(math.nan, ColumnType.NUMERIC) == measured(math.nan, ColumnType.DATETIME)
    assert cell(None) == "missing"


def test_long_cells_are_cut():
    assert len(cell("x" * 500)) == 60
