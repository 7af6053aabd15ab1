"""Times as the whole microseconds that the tables hold, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(time: datetime) -> int:
    """Microseconds since 1970.

    raises    ValueError if the time has no time zone
    """
    if time.tzinfo is None:
        raise ValueError(f"{time!r} has no time zone; times in the store are aware, in UTC.")
    return (time - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def optional_time(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
