"""How numbers, counts and shares are worded wherever people read them: findings, reports, notes.

What is exact is told shortly; what was rounded shows all its digits, zeros at the end included. Of percents alone the last
zero is left out: 90 % stands beside 10 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

UNKNOWN = "–"

_DIGITS = 4
_SMALLEST, _LARGEST = 1e-4, 1e12
"""Beyond these numbers have an exponent."""

_LEAST_PERCENT = 0.1


def number(value: float | None) -> str:
    """Format a number with four digits that count, and the whole part in full.

    >>> [number(value) for value in (3, 2.5, 2 / 3, 12345.678, 1e12)]
    ['3', '2.5', '0.6667', '12,346', '1e+12']
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value != 0 and not _SMALLEST <= abs(value) < _LARGEST:
        return f"{value:.{_DIGITS}g}"
    if value == int(value):
        return f"{value:,.0f}"
    return _shortened(f"{value:,.{_decimals(value, _DIGITS)}f}", value)


def signed(value: float) -> str:
    """Return a difference.

    >>> signed(0.25), signed(-1200), signed(0)
    ('+0.25', '-1,200', '+0')
    """
    return number(value) if value < 0 or not math.isfinite(value) else f"+{number(value + 0.0)}"


def with_error(value: float, error: float | None) -> str:
    """Format a value with its error, both to two digits of the error; the value alone if the error is not known.

    >>> with_error(0.912345, 0.00321), with_error(1234.5, 67.8), with_error(0.5, None)
    ('0.9123 ± 0.0032', '1,234 ± 68', '0.5')
    >>> with_error(2_418_144_679.1, 283_838_211.0)
    '2,420,000,000 ± 280,000,000'
    """
    told, of_error = to_error(value, error)
    return told if error is None else f"{told} ± {of_error}"


def to_error(value: float, error: float | None) -> tuple[str, str]:
    """Format a value and its error to two digits of the error.

    >>> to_error(0.912345, 0.00321), to_error(0.5, None) == ("0.5", UNKNOWN)
    (('0.9123', '0.0032'), True)
    """
    if error is None or not _SMALLEST <= error < _LARGEST or abs(value) >= _LARGEST:
        return number(value), number(error)
    place = _last_place(error, 2)
    decimals = max(0, place)
    return f"{round(value, place):,.{decimals}f}", f"{round(error, place):,.{decimals}f}"


def share(value: float | None) -> str:
    """Return a part of 1 as percent with one decimal, which is left out if it is 0.

    >>> share(1 / 3), share(0.5), share(0.90012), share(1e-6), share(0.99999), share(0)
    ('33.3 %', '50 %', '90 %', 'less than 0.1 %', 'more than 99.9 %', '0 %')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    percents = 100 * value
    if 0 < percents < _LEAST_PERCENT / 2:
        return f"less than {_LEAST_PERCENT:g} %"
    if 100 - _LEAST_PERCENT / 2 < percents < 100:
        return f"more than {100 - _LEAST_PERCENT:g} %"
    return f"{percents:,.1f}".removesuffix(".0") + " %"


def percent(part: float, whole: float) -> str:
    """
    >>> percent(1, 3), percent(1, 100_000), percent(0, 0) == UNKNOWN
    ('33.3 %', 'less than 0.1 %', True)
    """
    return share(part / whole) if whole else UNKNOWN


def count(n: int) -> str:
    """
    >>> count(1_234_567)
    '1,234,567'
    """
    return f"{n:,}"


def counted(n: int, thing: str, things: str = "") -> str:
    """
    >>> counted(1, "row"), counted(1200, "row"), counted(2, "class", "classes")
    ('1 row', '1,200 rows', '2 classes')
    """
    return f"{count(n)} {thing if n == 1 else things or thing + 's'}"


def milliseconds(seconds: float) -> str:
    """
    >>> milliseconds(0.00042)
    '0.42 ms'
    """
    return f"{1000 * seconds:,.3g} ms" if seconds < 1 else f"{1000 * seconds:,.0f} ms"


def listed(parts: Sequence[str], limit: int = 10) -> str:
    """
    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = f" and {count(len(parts) - limit)} more" if len(parts) > limit else ""
    return ", ".join(parts[:limit]) + more


def _decimals(value: float, digits: int) -> int:
    """Return so many decimals that `digits` count, after rounding to as many."""
    return max(0, _last_place(value, digits))


def _last_place(value: float, digits: int) -> int:
    """Return where the last of so many digits stands, after rounding to as many: 2 for hundredths, -2 for hundreds."""
    exponent = int(f"{abs(value):.{digits - 1}e}".partition("e")[2])
    return digits - 1 - exponent


def _shortened(text: str, value: float) -> str:
    """Return the digits without zeros at the end if they are the rest of the number."""
    is_exact = math.isclose(float(text.replace(",", "")), value, rel_tol=1e-12)
    return text.rstrip("0").rstrip(".") if is_exact and "." in text else text
