"""The time limit of a job as it is typed: minutes, or numbers with units."""

from __future__ import annotations

import re

MOST_S = 30 * 24 * 3600
"""source    AWS's quota for one AutoML job"""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_UNITS = r"s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?"
_NUMBER = r"[0-9]{1,8}(?:\.[0-9]{1,6}|,[0-9]{1,2})?"
"""Three digits after a comma might be thousands."""

_PART = re.compile(rf"({_NUMBER})\s*({_UNITS})(?![a-z])", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern}\s*)+", re.ASCII)


def seconds_of(text: str) -> int | None:
    """Return a time limit in whole seconds; None for what is none, or not from 1 s to 30 days.

    text    a number of minutes, or numbers with units; decimals after a point or a comma

    >>> [seconds_of(text) for text in ("10", "1.5 min", "90 s", "1 h 30 min", "2d", "soon", "0")]
    [600, 90, 90, 5400, 172800, None, None]
    >>> [seconds_of(text) for text in ("2,5 min", "0,5", "1,500 s")]
    [150, 30, None]
    """
    told = text.strip().lower()
    if re.fullmatch(_NUMBER, told, re.ASCII):
        told += "m"
    if _WHOLE.fullmatch(told) is None:
        return None
    seconds = round(
        sum(
            float(number.replace(",", ".")) * _SECONDS[unit[0]]
            for number, unit in _PART.findall(told)
        )
    )
    return seconds if 1 <= seconds <= MOST_S else None


def limit_text(seconds: int) -> str:
    """Return a time limit in the largest unit that it is a whole number of.

    >>> [limit_text(one) for one in (90, 600, 7200, 86400)]
    ['90 s', '10 min', '2 h', '24 h']
    """
    if seconds % _SECONDS["h"] == 0:
        return f"{seconds // _SECONDS['h']} h"
    if seconds % _SECONDS["m"] == 0:
        return f"{seconds // _SECONDS['m']} min"
    return f"{seconds} s"
