"""Numbers: as they are for trees, filled for forests, filled and scaled for linear models and networks."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from windvane.engine.checked import MOST_FEATURES, flag_in, floats_in, number_in, text_in, whole_in
from windvane.engine.columns import FloatMatrix, Values
from windvane.engine.features.base import Feature, Value
from windvane.errors import RejectColumn

LARGEST = 1e38
"""Below float32's maximum, so that no finite or infinite number overflows on the way into a matrix."""

_EXACT = 2.0**24
"""float32 holds every integer up to here."""

_EXTREME_SHARE = 0.001
"""Share of training values at either end that a linear model sees as the value at that quantile."""


class Number:
    """The number itself, missing as NaN. Where float32 would blur large numbers that differ by little
    (identifiers, times), the smallest training value is subtracted first."""

    kind = "number"

    def __init__(self, source: str) -> None:
        self.source = source
        self.offset_ = 0.0

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:  # noqa: ARG002 - contract
        known = _known(values)
        low, high = float(known.min()), float(known.max())
        if low == high and len(known) == len(values):
            raise RejectColumn(f"every value is {low:g}")
        if max(-low, high) > _EXACT and high - low < LARGEST:
            self.offset_ = low

    def features(self) -> Sequence[Feature]:
        return (Feature(self.source, self.source),)

    def transform(self, values: Values) -> FloatMatrix:
        return self.shifted(values, self.offset_).astype(np.float32)[:, None]

    @staticmethod
    def shifted(
        values: NDArray[np.float64], offset: float | NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Subtract offsets, within the range of float64.

        values    with offsets of the same shape, or one for all
        """
        return within(within(values, -LARGEST, LARGEST) - offset, -LARGEST, LARGEST)

    def transform_one(self, value: Value) -> Sequence[float]:
        shifted = _clip(_number(value), -LARGEST, LARGEST) - self.offset_
        return (_clip(shifted, -LARGEST, LARGEST),)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {"source": self.source, "offset": self.offset_}, {}

    @classmethod
    def from_state(cls, json_state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:  # noqa: ARG003 - contract
        made = cls(text_in(json_state, "source"))
        made.offset_ = number_in(json_state, "offset", -LARGEST, LARGEST)
        return made


class FilledNumber:
    """The number clipped to the range of the training values, missing as their median; and, if some were
    missing in training and `width` allows a second feature, whether it is missing."""

    kind = "filled-number"

    def __init__(self, source: str, width: int = 2) -> None:
        self.source = source
        self.width = width
        self.low_ = self.high_ = self.fill_ = self.mean_ = 0.0
        self.scale_ = 1.0
        self.flagged_ = False

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:  # noqa: ARG002 - contract
        known = np.clip(_known(values), -LARGEST, LARGEST)
        self.flagged_ = self.width > 1 and len(known) < len(values)
        self._learn(known)
        if self.low_ == self.high_ and not self.flagged_:
            raise RejectColumn(f"(almost) every value is {self.low_:g}")

    def _learn(self, known: NDArray[np.float64]) -> None:
        self.low_, self.high_ = float(known.min()), float(known.max())
        self.fill_ = float(np.median(known))

    def features(self) -> Sequence[Feature]:
        names = [self.source, f"{self.source} is missing"][: 1 + self.flagged_]
        return tuple(Feature(name, self.source) for name in names)

    def transform(self, values: Values) -> FloatMatrix:
        missing = np.isnan(values)
        filled = np.where(missing, self.fill_, within(values, self.low_, self.high_))
        made = np.empty((len(values), 1 + self.flagged_), np.float32)
        made[:, 0] = self.scaled(filled, self.mean_, self.scale_)
        if self.flagged_:
            made[:, 1] = missing
        return made

    @staticmethod
    def scaled(
        filled: NDArray[np.float64],
        mean: float | NDArray[np.float64],
        scale: float | NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Standardise values.

        filled    without missing values; mean and scale of the same shape, or one for all
        """
        return np.asarray((filled - mean) / scale)

    def transform_one(self, value: Value) -> Sequence[float]:
        number = _number(value)
        missing = math.isnan(number)
        filled = self.fill_ if missing else _clip(number, self.low_, self.high_)
        scaled = (filled - self.mean_) / self.scale_
        return (scaled, float(missing)) if self.flagged_ else (scaled,)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        learnt = {name: getattr(self, f"{name}_") for name in (*_NUMBERS, "flagged")}
        return {"source": self.source, "width": self.width, **learnt}, {}

    @classmethod
    def from_state(cls, json_state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:  # noqa: ARG003 - contract
        made = cls(text_in(json_state, "source"), whole_in(json_state, "width", 1, MOST_FEATURES))
        for name in _NUMBERS:
            setattr(made, f"{name}_", number_in(json_state, name))
        if made.low_ > made.high_ or made.scale_ <= 0:
            raise ValueError(f"column {made.source!r} has a range or a scale that there cannot be")
        made.flagged_ = flag_in(json_state, "flagged")
        return made


_NUMBERS = ("low", "high", "fill", "mean", "scale")


class ScaledNumber(FilledNumber):
    """The number as FilledNumber, but clipped to inner quantiles and brought to mean 0 and standard deviation 1, so
    that one extreme value neither sets the scale nor the prediction."""

    kind = "scaled-number"

    def _learn(self, known: NDArray[np.float64]) -> None:
        low, high = np.quantile(known, (_EXTREME_SHARE, 1 - _EXTREME_SHARE))
        if low == high:
            low, high = known.min(), known.max()
        self.low_, self.high_ = float(low), float(high)
        clipped = np.clip(known, low, high)
        self.fill_ = float(np.median(clipped))
        self.mean_ = float(clipped.mean())
        self.scale_ = float(clipped.std()) or 1.0


class RobustNumber(FilledNumber):
    """The number as FilledNumber, but the median is 0 and the distance between the quartiles 1, and what is far out is
    bent smoothly into -3 .. 3. Where the quartiles are equal, the unit is the median distance of the values that differ
    from the median.

    source    Holzmueller et al. 2024 (RealMLP), "robust scale, smooth clip"; the second unit is ours: theirs
              is half the range, which one extreme value sets
    """

    kind = "robust-number"

    def _learn(self, known: NDArray[np.float64]) -> None:
        super()._learn(known)
        self.mean_ = self.fill_
        low, high = np.quantile(known, (0.25, 0.75))
        if low == high:
            distances = np.abs(known - self.mean_)
            high = low + np.median(distances[distances > 0]) if distances.any() else low + 1
        self.scale_ = max(float(high - low), _LEAST_SCALE)

    @staticmethod
    def scaled(
        filled: NDArray[np.float64],
        mean: float | NDArray[np.float64],
        scale: float | NDArray[np.float64],
    ) -> NDArray[np.float64]:
        far = within((filled - mean) / scale, -FAR, FAR)
        third = far / BEND
        return np.asarray(far / np.sqrt(1 + third * third))

    def transform_one(self, value: Value) -> Sequence[float]:
        number = _number(value)
        missing = math.isnan(number)
        filled = self.fill_ if missing else _clip(number, self.low_, self.high_)
        scaled = _clip((filled - self.mean_) / self.scale_, -FAR, FAR)
        third = scaled / BEND
        bent = scaled / math.sqrt(1 + third * third)
        return (bent, float(missing)) if self.flagged_ else (bent,)


class NumberRank:
    """The rank of the number among the training values, from -1.7 (the smallest) to 1.7: of unit spread, 0 for
    the middle and for missing, a straight line between _RANKS quantiles. Only for numbers of many values."""

    kind = "number-rank"

    def __init__(self, source: str) -> None:
        self.source = source
        self._learn(np.array([0.0, 1.0]), np.zeros(2))

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:  # noqa: ARG002 - contract
        known = np.sort(np.clip(_known(values), -LARGEST, LARGEST))
        at = np.unique(known[np.linspace(0, len(known) - 1, _RANKS).round().astype(np.int64)])
        if len(at) < _LEAST_RANKS:
            raise RejectColumn(f"its values have fewer than {_LEAST_RANKS} ranks")
        ranks = np.searchsorted(known, at, "left") + np.searchsorted(known, at, "right")
        self._learn(at, (ranks / (2 * len(known)) - 0.5) * math.sqrt(12))

    def _learn(self, at: NDArray[np.float64], ranks: NDArray[np.float64]) -> None:
        self.at_, self.ranks_ = at, ranks
        self.gaps_, self.rises_ = np.diff(at), np.diff(ranks)
        self._line = at.tolist(), ranks.tolist(), self.gaps_.tolist(), self.rises_.tolist()

    def features(self) -> Sequence[Feature]:
        return (Feature(f"{self.source} (rank)", self.source),)

    def transform(self, values: Values) -> FloatMatrix:
        known = np.clip(np.where(np.isnan(values), self.at_[0], values), self.at_[0], self.at_[-1])
        i = np.minimum(np.searchsorted(self.at_, known, "right"), len(self.gaps_)) - 1
        ranks = self.ranks_[i] + self.rises_[i] * ((known - self.at_[i]) / self.gaps_[i])
        made: FloatMatrix = np.where(np.isnan(values), 0.0, ranks).astype(np.float32)[:, None]
        return made

    def transform_one(self, value: Value) -> Sequence[float]:
        number = _number(value)
        if math.isnan(number):
            return (0.0,)
        at, ranks, gaps, rises = self._line
        known = _clip(number, at[0], at[-1])
        i = min(bisect_right(at, known), len(gaps)) - 1
        return (ranks[i] + rises[i] * ((known - at[i]) / gaps[i]),)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {"source": self.source}, {"at": self.at_, "ranks": self.ranks_}

    @classmethod
    def from_state(cls, json_state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        made = cls(text_in(json_state, "source"))
        at, ranks = (floats_in(arrays, name, 1).astype(np.float64) for name in ("at", "ranks"))
        if at.shape != ranks.shape or len(at) < 2 or not (np.diff(at) > 0).all():
            raise ValueError(f"column {made.source!r} has no increasing quantiles")
        made._learn(at, ranks)
        return made


_RANKS = 257
_LEAST_RANKS = 8
BEND = 3.0
FAR = 1e6
_LEAST_SCALE = 1e-200
"""The largest number over it is finite."""


def _known(values: Values) -> NDArray[np.float64]:
    known: NDArray[np.float64] = values[~np.isnan(values)]
    if not len(known):
        raise RejectColumn("every value is missing")
    return known


def _number(value: Value) -> float:
    return math.nan if value is None else float(value)


def within(
    values: NDArray[np.float64], low: float | NDArray[np.float64], high: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Clip as np.clip does, which takes longer than all else for the numbers of a row."""
    return np.asarray(np.minimum(np.maximum(values, low), high))


def _clip(number: float, low: float, high: float) -> float:
    """NaN stays NaN, as with np.clip."""
    if number < low:
        return low
    return min(number, high)
