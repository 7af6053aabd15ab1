import pytest

from windvane.domain.frequency import Frequency, Unit
from windvane.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "count", "unit"),
    [
        ("Y", 1, Unit.YEAR),
        ("3M", 3, Unit.MONTH),
        ("4W", 4, Unit.WEEK),
        ("6D", 6, Unit.DAY),
        ("1H", 1, Unit.HOUR),
        ("59min", 59, Unit.MINUTE),
    ],
)
def test_a_number_and_a_unit_are_read(text, count, unit):
    assert Frequency.parse(text) == Frequency(count, unit)


@pytest.mark.parametrize(
    "text", ["2Y", "12M", "5W", "7D", "24H", "60min", "0D", "Q", "d", "", "1.5H"]
)
def test_what_the_next_larger_unit_says_and_what_is_none_is_refused(text):
    with pytest.raises(InvalidRequest, match=r"frequency"):
        Frequency.parse(text)


@pytest.mark.parametrize(
    ("text", "season"),
    [("Y", 1), ("3M", 4), ("M", 12), ("W", 1), ("D", 7), ("H", 24), ("30min", 48), ("7H", 1)],
)
def test_the_season_of_metrics_is_that_of_the_unit(text, season):
    assert Frequency.parse(text).season == season


def test_values_of_hours_repeat_by_days_and_weeks_and_years_of_whole_weeks():
    hourly = Frequency.parse("H")
    assert hourly.seasons == (24, 168)
    assert hourly.year == 364 * 24
