"""Boosted trees across all series: one LightGBM model for each quantile, of any step ahead of any moment.

Direct: how far ahead a step is, is a feature; values before the origin are all that a forecast sees. What the trees learn is
a value in relation to its series: to its size, to the same phase of earlier seasons, or as the logarithm of a ratio, so that
series of all sizes, and trends, look alike.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from windvane.domain.forecasting import ForecastMetric
from windvane.engine.checked import number_in, texts_in, whole_in
from windvane.engine.forecasting.forecast import (
    Forecast,
    ForecastTask,
    guarded,
    mean_of_quantiles,
)
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.metrics import seasonal_scale
from windvane.engine.forecasting.models.base import FitLimits, FittedModel, Learning
from windvane.engine.forecasting.models.boosted_features import (
    FEW_SERIES,
    Described,
    Layout,
    Samples,
    describe,
    numbers_of,
)
from windvane.engine.forecasting.models.boosted_training import TrainingRows, boost
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.learners.lightgbm_native import NativeBooster
from windvane.engine.learners.lightgbm_text import LightGbmText, read_lightgbm
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CandidateFault, CorruptArtifact

_LEAST_ROWS, _MOST_ROWS = 5_000, 25_000
_ROWS_A_SECOND = 4_000
"""So many rows are learned from for each second there is."""

_MOST_BAGS, _BAG_S = 4, 3.5
"""Models of different rows are averaged: one for so many seconds. Two of 20,000 rows did better than one of 40,000."""

_MOST_ANSWERS = 100_000
"""Steps to be forecast, times bags: of many series fewer models are averaged, for each answers every step."""

_BLOCK_ROWS = 100_000
"""Described at once, of a forecast."""

_TARGET_REPEATS = 6
"""How often a value is a target, of different origins, at most: more tell little new."""

_SEEDS_APART = 1009
_TINY = float(np.finfo(float).tiny)
_HEAVIEST = 20.0
"""The most that a row counts, in those of average weight."""


class Target(StrEnum):
    """The part of a value that is learned.

    LEVEL    its ratio to the size of its series
    CHANGE   its distance from the same phase of earlier seasons
    LOG      the logarithm of its ratio to the level of its series
    """

    LEVEL = "level"
    CHANGE = "change"
    LOG = "log"


@dataclass(frozen=True)
class Reference:
    """The facts of the training series that forecasts of any series need.

    items    of those that are told apart, () if they are too many
    least    stands for values that have no logarithm
    """

    items: tuple[str, ...]
    least: float

    @classmethod
    def of(cls, history: Panel) -> Reference:
        is_few = 1 < history.n_series <= FEW_SERIES
        return cls(history.items if is_few else (), _least(history))


@dataclass(frozen=True)
class Boosted:
    """LightGBM on one kind of target."""

    name: str
    description: str
    target: Target
    learning: Learning = Learning.ACROSS

    def suits(self, history: Panel, task: ForecastTask) -> bool:
        known = history.values[np.isfinite(history.values)]
        if int(_rooms(history, task).sum()) < 40:
            return False
        return self.target is not Target.LOG or float(np.mean(known > 0)) > 0.97

    def fit(self, history: Panel, task: ForecastTask, limits: FitLimits) -> FittedModel:
        seconds = max(limits.stop_at - time.time(), 0.5)
        most = int(np.clip(_ROWS_A_SECOND * seconds, _LEAST_ROWS, _MOST_ROWS))
        affordable = _MOST_ANSWERS // (history.n_series * task.horizon)
        n_bags = int(np.clip(min(seconds // _BAG_S, affordable), 1, _MOST_BAGS))
        reference = Reference.of(history)
        texts: list[bytes] = []
        for bag in range(n_bags):
            now = time.time()
            until = now + (limits.stop_at - now) / (n_bags - bag)
            own = replace(task, seed=task.seed + _SEEDS_APART * bag)
            rows = self._rows(history, own, reference, most, limits.objective)
            texts += boost(rows, own.levels, own.seed, replace(limits, stop_at=until))
        return _FittedBoosted(self, task, reference, _checked(texts))

    def _rows(
        self,
        history: Panel,
        task: ForecastTask,
        reference: Reference,
        most: int,
        objective: ForecastMetric,
    ) -> TrainingRows:
        """raises    CandidateFault if there are too few"""
        seen = self._seen(history, reference)
        layout = Layout.of(history, seen, 0, numbers_of(history, reference.items))
        samples = _drawn(history, task, most)
        described = self._described(layout, samples, task)
        wanted = self._learned(seen[samples.target], described)
        unit = np.exp(described.centre) if self._is_log else described.scale
        weight = _weights(history, samples, unit, task, objective)
        is_usable = np.isfinite(wanted) & np.isfinite(weight)
        if np.count_nonzero(is_usable) < 20:
            raise CandidateFault("Too few values with enough history to learn from.")
        repeats = len(samples.series) / len(np.unique(samples.target))
        return TrainingRows(described.X[is_usable], wanted[is_usable], weight[is_usable], repeats)

    def load(self, folder: Path, task: ForecastTask) -> FittedModel:
        about = check_manifest(folder, self.name)
        try:
            n_texts = whole_in(about, "n_texts", 1, 100)
            reference = _reference_in(about)
            texts = [(folder / f"{i}.txt").read_bytes() for i in range(n_texts)]
        except (OSError, ValueError) as error:
            raise CorruptArtifact(f"{folder} holds no boosted forecasts: {error}.") from error
        if n_texts % len(task.levels):
            raise CorruptArtifact(
                f"{folder} has {n_texts} models; of {len(task.levels)} quantiles each has one in every bag."
            )
        return _FittedBoosted(self, task, reference, _checked(texts))

    def _seen(self, history: Panel, reference: Reference) -> Floats:
        values = history.filled
        return np.log(np.maximum(values, reference.least)) if self._is_log else values

    @property
    def _is_log(self) -> bool:
        return self.target is Target.LOG

    def _described(self, layout: Layout, samples: Samples, task: ForecastTask) -> Described:
        return describe(
            layout, samples, task, by_level=self.target is Target.LEVEL, is_log=self._is_log
        )

    def _learned(self, values: Floats, described: Described) -> Floats:
        base = described.phase if self.target is Target.CHANGE else described.centre
        return (values - base) / described.scale

    def restored(self, answers: Floats, described: Described) -> Floats:
        """Return the values that answers stand for.

        answers    (n, n_levels)
        """
        base = described.phase if self.target is Target.CHANGE else described.centre
        made = base[:, None] + answers * described.scale[:, None]
        return np.exp(np.minimum(made, 700.0)) if self._is_log else made

    def blocks(
        self, history: Panel, task: ForecastTask, reference: Reference
    ) -> Iterator[tuple[Panel, Described]]:
        """Yield (series, features) of the steps after a history, some series at a time."""
        size = max(1, _BLOCK_ROWS // task.horizon)
        for at in range(0, history.n_series, size):
            part = history.only(np.arange(at, min(at + size, history.n_series)))
            numbers = numbers_of(part, reference.items)
            layout = Layout.of(part, self._seen(part, reference), task.horizon, numbers)
            series = np.repeat(np.arange(part.n_series), task.horizon)
            ahead = np.tile(np.arange(task.horizon), part.n_series)
            yield part, self._described(layout, Samples(series, layout.ends[series], ahead), task)


@dataclass(frozen=True)
class _FittedBoosted:
    """Fitted boosted trees, one model for each level of each bag.

    texts    one a level, bag after bag
    """

    model: Boosted
    task: ForecastTask
    reference: Reference
    texts: tuple[LightGbmText, ...]

    @cached_property
    def _boosters(self) -> list[NativeBooster]:
        return [NativeBooster(text) for text in self.texts]

    def forecast(self, history: Panel) -> Forecast:
        boosters = self._boosters
        quantiles = []
        for part, described in self.model.blocks(history, self.task, self.reference):
            if described.X.shape[1] != boosters[0].n_features:
                raise CorruptArtifact(
                    f"The boosted trees take {boosters[0].n_features} features; the series have {described.X.shape[1]}."
                )
            answers = np.stack([one.predict(described.X)[:, 0] for one in boosters], axis=1)
            by_bag = answers.reshape(len(answers), -1, len(self.task.levels))
            made = self.model.restored(by_bag.mean(axis=1), described)
            quantiles.append(made.reshape(part.n_series, self.task.horizon, -1))
        ordered = np.sort(np.concatenate(quantiles), axis=2)
        return guarded(Forecast(mean_of_quantiles(ordered, self.task.levels), ordered), history)

    def save(self, folder: Path) -> None:
        for i, text in enumerate(self.texts):
            (folder / f"{i}.txt").write_bytes(text.text)
        about = {
            "n_texts": len(self.texts),
            "items": list(self.reference.items),
            "least": self.reference.least,
        }
        write_manifest(folder, self.model.name, about)


def _reference_in(about: Mapping[str, Any]) -> Reference:
    """Read what was learned of the series.

    raises    ValueError if it is not what `save` wrote
    """
    items = texts_in(about, "items")
    if len(set(items)) < len(items) or len(items) > FEW_SERIES:
        raise ValueError(f"{len(items)} series are told apart; {FEW_SERIES} different ones may be")
    return Reference(tuple(items), number_in(about, "least", _TINY))


def _checked(texts: Sequence[bytes]) -> tuple[LightGbmText, ...]:
    """Read texts of one output each, of the same features.

    raises    CorruptArtifact naming the text that is another
    """
    read = []
    for i, text in enumerate(texts):
        read.append(one := read_lightgbm(text))
        if (one.n_outputs, one.n_features) != (1, read[0].n_features):
            raise CorruptArtifact(
                f"The boosted trees of {i}.txt have {one.n_outputs} outputs and {one.n_features} features; they must have one "
                f"output, and the {read[0].n_features} features of 0.txt."
            )
    return tuple(read)


def _least_history(history: Panel, task: ForecastTask) -> int:
    """Return the number of values before the origin of a row: two seasons, or fewer where series are short."""
    usual = float(np.median(history.lengths))
    wanted = 2 * max(task.season, 4)
    return int(max(2, min(wanted, (usual - task.horizon) * 0.5)))


def _rooms(history: Panel, task: ForecastTask) -> Steps:
    """Return (n_series,) the number of values that can be targets."""
    return np.maximum(history.lengths - _least_history(history, task), 0)


def _drawn(history: Panel, task: ForecastTask, most: int) -> Samples:
    """Return steps to learn from: all of them, or as many as are wanted, drawn evenly."""
    least, rooms = _least_history(history, task), _rooms(history, task)
    ends = np.cumsum(rooms)
    total = int(ends[-1])
    most = min(most, _TARGET_REPEATS * total)
    rng = np.random.default_rng(task.seed)
    if total * task.horizon <= most:
        number = np.repeat(np.arange(total), task.horizon)
        ahead = np.tile(np.arange(task.horizon), total)
    else:
        number = rng.integers(0, total, most)
        ahead = rng.integers(0, task.horizon, most)
    series = np.searchsorted(ends, number, side="right")
    within = least + number - (ends[series] - rooms[series])
    is_possible = within - ahead >= least
    series, within, ahead = series[is_possible], within[is_possible], ahead[is_possible]
    target = history.bounds[series] + within
    is_known = np.isfinite(history.values[target])
    return Samples(series[is_known], (target - ahead)[is_known], ahead[is_known])


def _weights(
    history: Panel,
    samples: Samples,
    unit: Floats,
    task: ForecastTask,
    objective: ForecastMetric,
) -> Floats:
    """Return what each row counts: the square root of what its loss weighs in the objective's unit. Between that weight, by which
    a few large series decide, and the same for all, by which the objective does not count: in backtests of series of
    the M1, M3 and tourism competitions the roots did better (2 % in WQL, 2.5 % in MASE).

    unit    (n,) of values for each unit of what is learned
    """
    per = np.ones(history.n_series)
    if objective is ForecastMetric.MASE:
        per = seasonal_scale(history, task.season)
    elif objective is ForecastMetric.MAPE:
        total = np.bincount(history.series, np.abs(history.filled), history.n_series)
        per = np.maximum(total / history.lengths, 1e-12)
    own = np.where(np.isfinite(per), per, np.nanmean(per))[samples.series]
    weight: Floats = np.sqrt(unit / own)
    return np.minimum(weight / np.nanmean(weight), _HEAVIEST)


def _least(history: Panel) -> float:
    """Return what stands for values that have no logarithm."""
    positive = history.values[np.isfinite(history.values) & (history.values > 0)]
    return max(float(positive.min()) / 2, _TINY) if len(positive) else 1.0


BOOSTED_LEVELS = Boosted(
    "boosted-levels",
    "LightGBM across all series, on values in relation to the size of their series.",
    Target.LEVEL,
)
BOOSTED_CHANGES = Boosted(
    "boosted-changes",
    "LightGBM across all series, on distances from the same phase of earlier seasons.",
    Target.CHANGE,
)
BOOSTED_LOGS = Boosted(
    "boosted-logs",
    "LightGBM across all series, on logarithms of ratios to the level of their series.",
    Target.LOG,
)
