"""Numbers as a report shows them."""

from __future__ import annotations

from windvane.engine.quality.measured import Measured

UNKNOWN = "–"


def number(value: float | None) -> str:
    """Four digits that count, from 0.0001 to 99,999 without an exponent."""
    if value is None:
        return UNKNOWN
    if 1e-4 <= abs(value) < 1e5:
        decimals = max(0, 3 - _exponent(value))
        return f"{value:,.{decimals}f}"
    return f"{value:.4g}"


def _exponent(value: float) -> int:
    """That of its first digit, after rounding to four of them."""
    return int(f"{abs(value):.3e}".partition("e")[2])


def share(value: float | None) -> str:
    """Percent, with one decimal."""
    return UNKNOWN if value is None else f"{100 * value:.1f} %"


def count(n: int) -> str:
    return f"{n:,}"


def with_deviation(figure: Measured) -> str:
    """The value and, if it is known, the standard deviation."""
    if figure.standard_deviation is None:
        return number(figure.value)
    return f"{number(figure.value)} ± {number(figure.standard_deviation)}"
