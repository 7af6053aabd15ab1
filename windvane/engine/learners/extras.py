"""Libraries that are extras of an installation, by the name of their module: only training needs them."""

from __future__ import annotations

from importlib.util import find_spec

CATBOOST = "catboost"
TORCH = "torch"

EXTRAS = (CATBOOST, TORCH)


def is_installed(extra: str) -> bool:
    return find_spec(extra) is not None
