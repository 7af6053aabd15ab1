from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.store.times import from_micros, optional_time, to_micros


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_times_are_exact(time: datetime) -> None:
    assert from_micros(to_micros(time)) == time


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_later_times_are_greater(time: datetime) -> None:
    assert to_micros(time - timedelta(microseconds=1)) < to_micros(time)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        to_micros(datetime(2026, 1, 1))  # noqa: DTZ001


def test_no_time_stays_none() -> None:
    assert optional_time(None) is None
