"""How names and numbers are shown on pictures and in tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NAME, LINE = 28, 70
"""Signs that there is room for, beside an axis and along one."""


def label_text(name: str, longest: int = NAME) -> str:
    """A name as matplotlib may be given it: short, on one line; `$` would begin a formula, and half a surrogate pair
    cannot be drawn."""
    plain = " ".join(name.encode("utf-8", "replace").decode().split())
    plain = "".join(sign if sign.isprintable() else "?" for sign in plain)
    short = plain if len(plain) <= longest else plain[: longest - 1] + "…"
    return short.replace("$", r"\$") or "(no name)"


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
