"""What stands at the ticks of an axis."""

import re

import pytest

from windvane.console.charts.base import Scale, bottom_axis


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (1905, 2021, ["1925", "1950", "1975", "2000"]),
        (1000, 4000, ["1,000", "2,000", "3,000", "4,000"]),
        (0, 4000, ["0", "1,000", "2,000", "3,000", "4,000"]),
    ],
)
def test_what_may_be_years_has_no_comma(low, high, wanted):
    drawn = str(bottom_axis(Scale(low, high, 0, 300), 100))
    told = re.findall(r">([^<]+)</text>", drawn)
    assert [one.replace(",", "") for one in told] == [one.replace(",", "") for one in wanted]
    assert ("," in drawn) == ("," in "".join(wanted))
