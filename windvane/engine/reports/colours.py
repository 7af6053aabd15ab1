"""Colours that are told apart with any colour vision.

source    Okabe and Ito 2008, "Color universal design"
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
VERMILION, PURPLE, SKY = "#D55E00", "#CC79A7", "#56B4E9"
GREY = "#777777"
INK = "#010203"
"""Stands for the colour of the text around, on light and on dark ground; no series has it."""

IN_TURN = (BLUE, VERMILION, GREEN, PURPLE)

_LOW, _HIGH = np.array([0, 114, 178]) / 255, np.array([230, 159, 0]) / 255


def low_to_high(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n,) from 0 to 1, or NaN, to (n, 3): from blue to orange; grey for NaN."""
    mixed = _LOW + shares[:, None] * (_HIGH - _LOW)
    return np.asarray(np.where(np.isnan(mixed), 0.5, mixed))
