import holidays
import pytest

from windvane.domain.countries import HOLIDAY_COUNTRIES, check_country
from windvane.errors import InvalidRequest


def test_every_country_has_a_calendar_in_the_package():
    assert set(holidays.list_supported_countries(include_aliases=False)) >= HOLIDAY_COUNTRIES
    assert {"DE", "JP", "US", "BR", "IN"} <= HOLIDAY_COUNTRIES
    check_country("DE")


@pytest.mark.parametrize("code", ["", "de", "XX", "DEU", "D" * 500])
def test_what_is_no_country_is_refused_and_told_what_is(code):
    with pytest.raises(InvalidRequest, match="two capital letters such as 'DE'"):
        check_country(code)
