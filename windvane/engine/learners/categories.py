"""Which columns of codes boosted trees split by sets of codes."""

from __future__ import annotations

from windvane.engine.features.base import Feature

MOST_CODES = 64
"""Of thousands of codes a set that fits the training rows is always found, a tree is a list of codes above all, and
looking for it takes most of the time. Such codes are given as numbers, in the order of their frequency.

source    LightGBM's documentation, "Categorical feature support": high cardinality often works best as numeric
"""


def has_categories(feature: Feature) -> bool:
    """Return whether its codes are given as categories."""
    return 0 < feature.cardinality <= MOST_CODES
