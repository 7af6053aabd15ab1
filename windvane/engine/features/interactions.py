"""Features of two columns: their sum, difference, product or ratio, for trees, which cut one feature at a time."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from windvane.engine.checked import text_in
from windvane.engine.columns import Columns, FloatMatrix
from windvane.engine.features.base import Feature, Value

Floats = NDArray[np.float64]

_LARGEST = 1e38
"""Below float32's maximum, so that no number overflows on the way into a matrix."""

_PAIR = ("first", "second", "operation")

OPERATIONS = ("+", "-", "*", "/")


@dataclass(frozen=True)
class Pair:
    """`first operation second`, of two columns of numbers, or the seconds between two dates."""

    first: str
    second: str
    operation: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.operation} {self.second}"


class Interactions:
    """Pairs of columns to one feature each; missing if either is, or if the divisor is 0."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.pairs = tuple(pairs)
        self._row_steps = [(one.first, one.second, _OF_ONE[one.operation]) for one in self.pairs]

    def features(self) -> Sequence[Feature]:
        return tuple(Feature(one.name, one.first, 0, (one.second,)) for one in self.pairs)

    def transform(self, columns: Columns, n_rows: int) -> FloatMatrix:
        """Return (n_rows, n_pairs)"""
        made = np.empty((n_rows, len(self.pairs)), np.float32)
        for j, one in enumerate(self.pairs):
            made[:, j] = combined(one.operation, columns[one.first], columns[one.second])
        return made

    def transform_row(self, values: Mapping[str, Value]) -> list[float]:
        """Return one row's n_pairs numbers; as float32 they equal what `transform` makes of it."""
        return [
            _bounded(apply(_number(values[first]), _number(values[second])))
            for first, second, apply in self._row_steps
        ]

    def state(self) -> list[dict[str, Any]]:
        """Return the state as JSON."""
        return [asdict(one) for one in self.pairs]

    @classmethod
    def from_state(cls, state: Sequence[Mapping[str, Any]]) -> Self:
        """Read the transformation from its saved state.

        raises    KeyError if it names an operation that there is not, TypeError or ValueError if these are no pairs
        """
        return cls([Pair(*(text_in(one, name) for name in _PAIR)) for one in state])


def combined(operation: str, first: Floats, second: Floats) -> Floats:
    """Return (n_rows,) of two columns, within float32's range or NaN."""
    with np.errstate(all="ignore"):
        if operation == "/":
            made = np.where(second == 0, np.nan, first / second)
        else:
            made = _OF_MANY[operation](first, second)
    bounded: Floats = np.clip(made, -_LARGEST, _LARGEST)
    return bounded


_OF_MANY: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


def _divided(first: float, second: float) -> float:
    return first / second if second else math.nan


_OF_ONE: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
}


def _number(value: Value) -> float:
    return math.nan if value is None else float(value)


def _bounded(number: float) -> float:
    if number > _LARGEST:
        return _LARGEST
    return max(number, -_LARGEST)
