"""How numbers are shown on pictures and in tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LINE = 70
"""Characters that there is room for along an axis."""


def number_text(value: float) -> str:
    return f"{value:.4g}"


def signed_text(value: float) -> str:
    return f"{value:+.4g}"


def error_text(value: float) -> str:
    """Of a standard error; "exact" if there is none."""
    return f"± {value:.2g}" if value else "exact"


def spread_text(values: NDArray[np.float64]) -> list[str]:
    """A tenth of the values is below the first, half below the second, nine tenths below the third."""
    return [signed_text(cut) for cut in np.quantile(values, (0.1, 0.5, 0.9)).tolist()]
