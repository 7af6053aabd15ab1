import pytest

from windvane.console.charts.dates import date_ticks, told

DAY = 86_400


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 6 * 3_600, ["Jan 1", "01:00", "02:00", "03:00", "04:00", "05:00", "06:00"]),
        (0, 14 * DAY, ["Jan 1", "Jan 3", "Jan 5", "Jan 7", "Jan 9", "Jan 11", "Jan 13", "Jan 15"]),
        (0, 365 * DAY, ["1970", "Apr", "Jul", "Oct", "1971"]),
        (0, 3_653 * DAY, ["1970", "1972", "1974", "1976", "1978", "1980"]),
        (5, 5, []),
    ],
)
def test_ticks_are_few_and_at_round_times(low, high, labels):
    assert [label for _, label in date_ticks(low, high)] == labels


def test_times_beyond_the_calendar_are_told_as_its_ends():
    assert told(1e18).startswith("9999")
    assert told(-1e18).startswith("0001") or told(-1e18).startswith("1-")
    assert date_ticks(-1e15, 1e15)
