"""When days are over."""

from datetime import UTC, datetime

from windvane.objects.lifecycle import days_over

_WRITTEN = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


def test_days_end_at_the_midnight_after_them():
    assert days_over(_WRITTEN, 3) == datetime(2026, 1, 19, tzinfo=UTC)
    assert days_over(datetime(2026, 1, 15, 23, 59, tzinfo=UTC), 1) == datetime(
        2026, 1, 17, tzinfo=UTC
    )
