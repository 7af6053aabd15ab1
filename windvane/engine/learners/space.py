"""Search spaces as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Real:
    """low <= x <= high; drawn on a logarithmic scale if `log`."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Integer:
    """low <= n <= high, both included."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True)
class Categorical:
    """One of these."""

    options: tuple[str | int | float | bool, ...]


Dimension = Real | Integer | Categorical
Space = Mapping[str, Dimension]

LARGEST = 2**31 - 1
SHARE, AT_LEAST_0, COUNT = Real(0.0, 1.0), Real(0.0, math.inf), Integer(1, LARGEST)
"""Of hyperparameters that are not searched."""
