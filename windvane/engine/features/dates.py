"""Dates: calendar parts for trees, a time axis and cycles for linear models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from windvane.engine.checked import flag_in, floats_in, number_in, text_in, whole_in
from windvane.engine.columns import FloatMatrix, Values
from windvane.engine.features.base import Feature, Value
from windvane.errors import RejectColumn

DAY = 86_400
FIRST, LAST = -62_135_596_800.0, 253_402_300_799.0
"""Years 1 to 9999, in seconds since 1970."""

_PARTS = ("year", "month", "day", "weekday", "day of year", "hour")

Integers = TypeVar("Integers", int, NDArray[np.int64])


def calendar(second: Integers) -> tuple[Integers, ...]:
    """Year, month, day, weekday (Monday is 0), day of year and hour of seconds since 1970 in UTC; numbers
    or arrays alike.

    source    Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days
    """
    days = second // DAY
    shifted = days + 719_468
    era = shifted // 146_097
    day_of_era = shifted - era * 146_097
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_from_march = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_from_march + 2) // 153
    day = day_from_march - (153 * month_from_march + 2) // 5 + 1
    month = (month_from_march + 2) % 12 + 1
    year = year_of_era + era * 400 + (month <= 2)
    before = year - 1
    new_year = before * 365 + before // 4 - before // 100 + before // 400 - 719_162
    return year, month, day, (days + 3) % 7, days - new_year + 1, second % DAY // 3_600


class DateParts:
    """Year, month, day, weekday, day of year, hour (if training has times of day) and days since the first
    training date; missing as NaN."""

    kind = "date-parts"

    def __init__(self, source: str) -> None:
        self.source = source
        self.start_ = 0.0
        self.kept_: list[int] = []
        self.fill_: list[float] = []

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:  # noqa: ARG002 - contract
        seconds = _known(values)
        self.start_ = float(seconds.min())
        parts = calendar(np.floor(seconds).astype(np.int64))
        self.kept_ = [i for i, part in enumerate(parts) if len(np.unique(part)) > 1]
        self.fill_ = [math.nan] * (len(self.kept_) + 1)

    def features(self) -> Sequence[Feature]:
        names = [_PARTS[i] for i in self.kept_] + ["days since start"]
        return tuple(Feature(f"{self.source} ({name})", self.source) for name in names)

    def transform(self, values: Values) -> FloatMatrix:
        missing = np.isnan(values)
        seconds = np.clip(np.where(missing, 0.0, values), FIRST, LAST)
        parts = calendar(np.floor(seconds).astype(np.int64))
        made = np.empty((len(values), len(self.fill_)), np.float32)
        for j, i in enumerate(self.kept_):
            made[:, j] = parts[i]
        made[:, -1] = (seconds - self.start_) / DAY
        made[missing] = self.fill_
        return made

    def transform_one(self, value: Value) -> Sequence[float]:
        second = _second(value)
        if second is None:
            return self.fill_
        parts = calendar(math.floor(second))
        return [*(float(parts[i]) for i in self.kept_), (second - self.start_) / DAY]

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        learnt = {"source": self.source, "start": self.start_, "kept": self.kept_}
        return learnt, {"fill": np.array(self.fill_)}

    @classmethod
    def from_state(cls, json_state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        made = cls(text_in(json_state, "source"))
        made.start_ = number_in(json_state, "start", FIRST, LAST)
        kept = list(json_state["kept"])
        made.kept_ = [whole_in({"kept": one}, "kept", 0, len(_PARTS) - 1) for one in kept]
        made.fill_ = floats_in(arrays, "fill", 1, may_be_nan=True).tolist()
        if len(made.fill_) != len(made.kept_) + 1:
            raise ValueError(f"column {made.source!r} has a wrong number of fill values")
        return made


class FilledDateParts(DateParts):
    """Parts of dates as DateParts, missing ones as the medians of training."""

    kind = "filled-date-parts"

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:
        super().fit(values, y)
        medians = np.median(self.transform(_known(values)).astype(np.float64), axis=0)
        self.fill_ = medians.tolist()


CYCLES = ((1, 12, 1), (3, 7, 0), (5, 24, 0))
"""Which part, its period, its first value."""


class DateCycles:
    """Time since the first training date (mean 0, standard deviation 1, clipped to twice the training range),
    sine and cosine of month, weekday and hour, and whether the date is missing (then all else is 0)."""

    kind = "date-cycles"

    def __init__(self, source: str) -> None:
        self.source = source
        self.mean_ = self.low_ = self.high_ = 0.0
        self.scale_ = 1.0
        self.flagged_ = False
        self.waves = [_wave(period) for _, period, _ in CYCLES]

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:  # noqa: ARG002 - contract
        seconds = _known(values)
        self.mean_ = float(seconds.mean())
        self.scale_ = float(seconds.std()) or 1.0
        reach = float(seconds.max() - seconds.min()) / 2
        self.low_, self.high_ = float(seconds.min()) - reach, float(seconds.max()) + reach
        self.flagged_ = len(seconds) < len(values)

    def features(self) -> Sequence[Feature]:
        names = ["time"]
        for part, _, _ in CYCLES:
            names += [f"{_PARTS[part]}, sine", f"{_PARTS[part]}, cosine"]
        names += ["missing"] * self.flagged_
        return tuple(Feature(f"{self.source} ({name})", self.source) for name in names)

    def transform(self, values: Values) -> FloatMatrix:
        missing = np.isnan(values)
        seconds = np.clip(np.where(missing, self.mean_, values), FIRST, LAST)
        parts = calendar(np.floor(seconds).astype(np.int64))
        made = np.zeros((len(values), 7 + self.flagged_), np.float32)
        made[:, 0] = (np.clip(seconds, self.low_, self.high_) - self.mean_) / self.scale_
        for j, (part, _, first) in enumerate(CYCLES):
            made[:, 1 + 2 * j : 3 + 2 * j] = np.array(self.waves[j])[parts[part] - first]
        made[missing] = 0.0
        if self.flagged_:
            made[:, 7] = missing
        return made

    def transform_one(self, value: Value) -> Sequence[float]:
        second = _second(value)
        if second is None:
            return [0.0] * 7 + [1.0] * self.flagged_
        parts = calendar(math.floor(second))
        made = [(min(max(second, self.low_), self.high_) - self.mean_) / self.scale_]
        for wave, (part, _, first) in zip(self.waves, CYCLES, strict=True):
            made += wave[parts[part] - first]
        return made + [0.0] * self.flagged_

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {
            "source": self.source,
            "mean": self.mean_,
            "scale": self.scale_,
            "low": self.low_,
            "high": self.high_,
            "flagged": self.flagged_,
        }, {}

    @classmethod
    def from_state(cls, json_state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:  # noqa: ARG003 - contract
        made = cls(text_in(json_state, "source"))
        made.mean_, made.scale_, made.low_, made.high_ = (
            number_in(json_state, name) for name in ("mean", "scale", "low", "high")
        )
        if made.low_ > made.high_ or made.scale_ <= 0:
            raise ValueError(f"column {made.source!r} has a range or a scale that there cannot be")
        made.flagged_ = flag_in(json_state, "flagged")
        return made


def _wave(period: int) -> list[list[float]]:
    angles = [2 * math.pi * i / period for i in range(period)]
    return [[math.sin(angle), math.cos(angle)] for angle in angles]


def _known(values: Values) -> NDArray[np.float64]:
    known = np.clip(values[~np.isnan(values)], FIRST, LAST)
    if not len(known):
        raise RejectColumn("every value is missing")
    if known.min() == known.max():
        raise RejectColumn("every date is the same")
    return known


def _second(value: Value) -> float | None:
    if value is None or math.isnan(second := float(value)):
        return None
    return min(max(second, FIRST), LAST)
