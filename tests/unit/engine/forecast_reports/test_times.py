import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel

from windvane.domain.frequency import Frequency
from windvane.engine.forecast_reports.times import moment, periods_of, season_name, times_of


def test_a_time_is_told_as_short_as_it_is():
    assert moment(0) == "1970-01-01"
    assert moment(3_660) == "1970-01-01 01:01"


@pytest.mark.parametrize(
    ("frequency", "named"),
    [
        ("D", ["week", "year"]),
        ("H", ["day", "week", "year"]),
        ("30min", ["day", "week", "year"]),
        ("W", ["year"]),
        ("M", ["year"]),
        ("3M", ["year"]),
        ("Y", []),
        ("2D", []),
    ],
)
def test_seasons_have_the_names_of_what_repeats(frequency, named):
    one = Frequency.parse(frequency)
    assert [season_name(one, period) for period in periods_of(one)] == named


def test_steps_of_a_series_are_times_of_its_own_grid():
    panel = make_panel([[1.0, 2], [3.0]], "M")
    told = [moment(int(one)) for one in times_of(panel, 0, np.array([0, 1, 12]))]
    assert told == ["1970-01-01", "1970-02-01", "1971-01-01"]
