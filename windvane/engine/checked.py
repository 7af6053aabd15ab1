"""Fields of documents and arrays that came from elsewhere: of their kind, within their bounds, or refused.

What is refused is a ValueError that names the field, what it holds, and what would be right; loaders add the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_CLASSES = 100_000
MOST_FEATURES = 1_000_000
MOST_ROUNDS = 10_000_000

_SHOWN = 60


def whole_in(document: Mapping[str, Any], name: str, least: int, most: int) -> int:
    """Return a whole number, least and most included."""
    value = document.get(name)
    if type(value) is not int or not least <= value <= most:
        raise ValueError(
            f"{name!r} is {shown(value)}; it must be a whole number from {least} to {most}"
        )
    return value


def number_in(
    document: Mapping[str, Any], name: str, least: float = -math.inf, most: float = math.inf
) -> float:
    """Return a finite number, least and most included."""
    value = document.get(name)
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not _is_within(value, least, most)
    ):
        raise ValueError(
            f"{name!r} is {shown(value)}; it must be a finite number{_range(least, most)}"
        )
    return float(value)


def text_in(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if type(value) is not str:
        raise ValueError(f"{name!r} is {shown(value)}; it must be text")
    return value


def texts_in(document: Mapping[str, Any], name: str) -> list[str]:
    value = document.get(name)
    if type(value) is not list or not all(type(one) is str for one in value):
        raise ValueError(f"{name!r} is {shown(value)}; it must be a list of texts")
    return value


def flag_in(document: Mapping[str, Any], name: str) -> bool:
    value = document.get(name)
    if type(value) is not bool:
        raise ValueError(f"{name!r} is {shown(value)}; it must be true or false")
    return value


def floats_in(
    arrays: Mapping[str, NDArray[Any]], name: str, n_axes: int, *, may_be_nan: bool = False
) -> NDArray[Any]:
    """Return an array of real numbers, finite unless it may hold NaN (but never infinities then)."""
    array = _array(arrays, name, "f", n_axes, "real numbers")
    bad = np.isinf(array) if may_be_nan else ~np.isfinite(array)
    if bad.any():
        raise ValueError(f"{name!r} holds {array[bad].flat[0]} at {_first(bad)}; it must be finite")
    return array


def indices_in(
    arrays: Mapping[str, NDArray[Any]], name: str, n_axes: int, below: int, least: int = 0
) -> NDArray[Any]:
    """Return an array of whole numbers from `least` to below `below`."""
    array = _array(arrays, name, "iu", n_axes, "whole numbers")
    bad = (array < least) | (array >= below)
    if bad.any():
        raise ValueError(
            f"{name!r} holds {array[bad].flat[0]} at {_first(bad)}; it must be from {least} to {below - 1}"
        )
    return array


def only_known(document: Mapping[str, Any], names: Sequence[str]) -> None:
    """Check that a document names nothing that there is not."""
    if further := sorted(document.keys() - set(names)):
        raise ValueError(f"there is {further[0]!r}, which is not known")


def shown(value: object) -> str:
    """Short enough for a message."""
    told = (
        repr(value) if type(value) in (int, float, str, bool, type(None)) else type(value).__name__
    )
    return told if len(told) <= _SHOWN else told[:_SHOWN] + "..."


def _is_within(value: float, least: float, most: float) -> bool:
    try:
        return math.isfinite(value) and least <= value <= most
    except OverflowError:
        return False


def _range(least: float, most: float) -> str:
    return "" if math.isinf(least) and math.isinf(most) else f" from {least:g} to {most:g}"


def _array(
    arrays: Mapping[str, NDArray[Any]], name: str, kinds: str, n_axes: int, called: str
) -> NDArray[Any]:
    array = arrays.get(name)
    if array is None:
        raise ValueError(f"the array {name!r} is missing")
    if array.dtype.kind not in kinds or array.ndim != n_axes:
        raise ValueError(
            f"the array {name!r} has {array.ndim} axes of {array.dtype}; it must have {n_axes} of {called}"
        )
    return array


def _first(bad: NDArray[np.bool_]) -> list[int]:
    return [int(place) for place in np.unravel_index(int(bad.argmax()), bad.shape)]
