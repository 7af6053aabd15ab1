"""When days are over, and which rule comes first."""

from dataclasses import replace
from datetime import UTC, datetime

from windvane.objects.lifecycle import LifecycleRule, days_over, expiry_of
from windvane.objects.records import Attributes, Version

_WRITTEN = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
_VERSION = Version("b", "k", "null", True, False, 1, "", _WRITTEN, Attributes(), 1, 0, 1)


def test_days_end_at_the_midnight_after_them():
    assert days_over(_WRITTEN, 3) == datetime(2026, 1, 19, tzinfo=UTC)
    assert days_over(datetime(2026, 1, 15, 23, 59, tzinfo=UTC), 1) == datetime(
        2026, 1, 17, tzinfo=UTC
    )


def test_the_earliest_rule_counts_and_says_when():
    late = LifecycleRule("late", enabled=True, expire_days=30)
    early = LifecycleRule("early", enabled=True, expire_date=datetime(2026, 1, 20, tzinfo=UTC))
    off = LifecycleRule("off", enabled=False, expire_days=1)
    assert expiry_of(_VERSION, (late, early, off)) == (early.expire_date, early)
    assert expiry_of(_VERSION, (off,)) is None
    assert expiry_of(replace(_VERSION, key="x"), ()) is None
