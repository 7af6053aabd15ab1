"""What covariates tell of the target, measured by a linear forecast of steps that it did not learn from: those that tell too
much, and those that tell nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from windvane.domain.forecasting import ForecastSpec
from windvane.engine.data.analysis import Finding
from windvane.engine.forecasting.forecast import ForecastTask
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.holidays import NO_HOLIDAYS
from windvane.engine.forecasting.models.boosted_features import (
    Layout,
    Samples,
    describe,
    of_covariates,
    of_past,
)
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.forecasting.reading import CovariateEncoding

_MOST_VALUES = 300_000
"""Of the series that gains are measured on: a sample of more."""

_MOST_SAMPLES, _LEAST_SAMPLES = 4_000, 200
_LEARNED = 0.7
"""Share of the samples, the earliest, that the linear forecast learns from."""

_RIDGE = 0.01
_BLOCKS = 20
"""Of time, over which the standard error of a gain is measured."""

_TOO_MUCH = 0.8
"""Share of the error that no covariate takes away unless it is measured with the target."""

_MANY_VALUES = 20
"""A covariate of fewer different values is a flag or a kind, which may well be planned."""

_LITTLE, _HARM = 0.01, 0.03
"""What a covariate without effect takes away of the error, and what it adds to it by chance, at most: one that adds more is
seen otherwise by what is learned from, and tells something."""

_CARRIED, _RARELY = 0.9, 0.1
"""Shares of series whose future values repeat the last one; and of moments of the past where that was so, at most."""


@dataclass(frozen=True)
class Gain:
    """The share by which a covariate reduces the error of a linear forecast.

    share   of the mean absolute error
    error   its standard error
    """

    share: float
    error: float


def find_of_covariates(
    panel: Panel,
    spec: ForecastSpec,
    known: Sequence[CovariateEncoding],
    past: Sequence[CovariateEncoding],
) -> list[Finding]:
    """Return findings on covariates, one after the other."""
    found = []
    for one, columns in _columns_of(known):
        found += _carried_forward(panel, one.name, columns)
    measured = _gains(panel, spec, known, past)
    for one, columns in _columns_of(known):
        gain = measured.get(one.name)
        if gain is None or gain.share - 2 * gain.error <= _TOO_MUCH:
            continue
        if len(np.unique(panel.known[:, columns], axis=0)) > _MANY_VALUES:
            found.append(_too_good(one.name, gain, spec))
    idle = [
        one.name
        for one in (*known, *past)
        if (gain := measured.get(one.name)) is not None
        and -_HARM < gain.share < _LITTLE
        and gain.share < 2 * gain.error
    ]
    return [*found, *_idle(idle, measured)]


def _too_good(name: str, gain: Gain, spec: ForecastSpec) -> Finding:
    return Finding(
        "covariate-known-too-late",
        "high",
        (name,),
        f"With '{name}' of the same step, a linear forecast of '{spec.target}' errs {gain.share:.0%} less (standard error "
        f"{gain.error:.1%}) than from the past alone. Columns that say that much are mostly recorded together with the target.",
        f"If the true values of '{name}' are not known {spec.horizon} steps ahead, name it as a past covariate: else backtests "
        "promise what no forecast can keep.",
    )


def _carried_forward(panel: Panel, name: str, columns: slice) -> list[Finding]:
    """Find a covariate whose future values only repeat the last one, which they seldom did in the past."""
    ahead = panel.future[:, :, columns]
    horizon = ahead.shape[1]
    if horizon < 2:
        return []
    values = panel.known[:, columns]
    last = values[panel.bounds[1:] - 1][:, None]
    repeated = float(np.mean((ahead == last).all(axis=(1, 2))))
    is_same = np.concatenate([[False], (np.diff(values, axis=0) == 0).all(axis=1)])
    sums = np.concatenate([[0], np.cumsum(is_same)])
    at = np.flatnonzero(np.arange(len(values)) + horizon < panel.bounds[panel.series + 1])
    if repeated < _CARRIED or not len(at):
        return []
    usually = float(np.mean(sums[at + 1 + horizon] - sums[at + 1] == horizon))
    if usually > _RARELY:
        return []
    return [
        Finding(
            "covariate-carried-forward",
            "high",
            (name,),
            f"In the rows ahead '{name}' repeats its last value for all {horizon} steps in {repeated:.0%} of the series; in the past "
            f"it did so after {usually:.1%} of the steps. It looks filled in, and not known.",
            "Give the true values of the steps ahead, or name it as a past covariate.",
        )
    ]


def _idle(names: Sequence[str], measured: dict[str, Gain]) -> list[Finding]:
    if not names:
        return []
    told = ", ".join(
        f"'{name}' {measured[name].share:+.1%} (standard error {measured[name].error:.1%})"
        for name in names
    )
    return [
        Finding(
            "covariates-without-effect",
            "low",
            tuple(names),
            f"Of the error of a linear forecast from the past, these covariates and their squares take away no more than chance does: {told}.",
            "Leave them out if forecasts are no worse without them: fewer columns are faster, and need not be supplied. Effects of "
            "rare events are not seen by this.",
        )
    ]


def _gains(
    panel: Panel,
    spec: ForecastSpec,
    known: Sequence[CovariateEncoding],
    past: Sequence[CovariateEncoding],
) -> dict[str, Gain]:
    """Return what each covariate takes away of the error; nothing where there is too little to measure it."""
    if not known and not past:
        return {}
    panel = panel.sampled(_MOST_VALUES, spec.seed)
    none = np.empty((len(panel.values), 0))
    bare = replace(
        panel,
        known=none,
        past=none,
        static=np.empty((panel.n_series, 0)),
        future=np.empty((panel.n_series, 0, 0)),
        holidays=NO_HOLIDAYS,
    )
    season = panel.grid.frequency.season
    task = ForecastTask(spec.horizon, (0.5,), season, spec.seed)
    samples = _drawn(panel, task)
    if len(samples.series) < _LEAST_SAMPLES:
        return {}
    layout = Layout.of(bare, bare.filled, 0)
    base = describe(layout, samples, task, by_level=True, is_log=False)
    unit = base.scale
    y = panel.values[samples.target] / unit
    when = panel.first[samples.series] + samples.target - panel.bounds[samples.series]
    fit = _Linear.of(base.X.astype(np.float64), y, when)
    made = {}
    for one, columns in _columns_of(known):
        part = Layout.of(replace(bare, known=panel.known[:, columns]), bare.filled, 0)
        made[one.name] = fit.gain(of_covariates(part, samples, season, task.horizon))
    for one, columns in _columns_of(past):
        part = Layout.of(replace(bare, past=panel.past[:, columns]), bare.filled, 0)
        made[one.name] = fit.gain(of_past(part, samples, season))
    return made


@dataclass(frozen=True)
class _Linear:
    """A linear forecast from the past, and what it errs.

    X        (n, n_features) of mean 0 and deviation 1
    y        (n,)
    learned  (n,) whether it learns from a sample
    block    (n,) of time
    errors   (n,) absolute
    """

    X: Floats
    y: Floats
    learned: NDArray[np.bool_]
    block: Steps
    errors: Floats

    @classmethod
    def of(cls, X: Floats, y: Floats, when: Steps) -> _Linear:
        cut = np.quantile(when, _LEARNED)
        learned = when <= cut
        block = np.minimum((when - cut) * _BLOCKS // max(when.max() - cut + 1, 1), _BLOCKS - 1)
        standard = _standard(X, learned)
        return cls(standard, y, learned, block.astype(int), _errors(standard, y, learned))

    def gain(self, columns: Sequence[Floats]) -> Gain:
        """Return what further columns, and their squares, take away of the errors of samples that were not learned from."""
        straight = _standard(np.stack(columns, axis=1), self.learned)
        more = np.concatenate([straight, _standard(straight**2, self.learned)], axis=1)
        errors = _errors(np.concatenate([self.X, more], axis=1), self.y, self.learned)
        held = ~self.learned
        before = float(self.errors[held].mean())
        less = (self.errors - errors)[held]
        block = self.block[held]
        counts = np.bincount(block, minlength=_BLOCKS)
        means = np.bincount(block, less, _BLOCKS)[counts > 0] / counts[counts > 0]
        error = float(means.std(ddof=1) / np.sqrt(len(means))) if len(means) > 1 else np.inf
        return Gain(float(less.mean()) / max(before, 1e-300), error / max(before, 1e-300))


def _errors(X: Floats, y: Floats, learned: NDArray[np.bool_]) -> Floats:
    A = np.concatenate([X, np.ones((len(X), 1))], axis=1)
    gram = A[learned].T @ A[learned]
    penalty = _RIDGE * learned.sum() * np.eye(len(gram))
    penalty[-1, -1] = 1e-9
    weights = np.linalg.solve(gram + penalty, A[learned].T @ y[learned])
    return np.asarray(np.abs(y - A @ weights))


def _standard(X: Floats, learned: NDArray[np.bool_]) -> Floats:
    """Return features of mean 0 and deviation 1; what is missing is the mean."""
    known = np.where(np.isfinite(X), X, np.nan)
    part = known[learned]
    counts = np.maximum(np.isfinite(part).sum(axis=0), 1)
    mean = np.nansum(part, axis=0) / counts
    deviation = np.sqrt(np.nansum((part - mean) ** 2, axis=0) / counts)
    made = np.nan_to_num((known - mean) / np.where(deviation > 0, deviation, 1.0))
    return np.asarray(np.clip(made, -10.0, 10.0))


def _drawn(panel: Panel, task: ForecastTask) -> Samples:
    """Return steps to be forecast from moments with two seasons before them."""
    least = max(2 * task.season, 4)
    rooms = np.maximum(panel.lengths - least, 0)
    if not rooms.sum():
        empty = np.empty(0, np.int64)
        return Samples(empty, empty, empty)
    ends = np.cumsum(rooms)
    rng = np.random.default_rng(task.seed)
    number = rng.integers(0, ends[-1], _MOST_SAMPLES)
    series = np.searchsorted(ends, number, side="right")
    within = least + number - (ends[series] - rooms[series])
    ahead = rng.integers(0, np.minimum(task.horizon, within - least + 1))
    target = panel.bounds[series] + within
    is_known = np.isfinite(panel.values[target])
    return Samples(series[is_known], (target - ahead)[is_known], ahead[is_known])


def _columns_of(
    encodings: Sequence[CovariateEncoding],
) -> list[tuple[CovariateEncoding, slice]]:
    """Return each covariate with the columns that it became."""
    made, at = [], 0
    for one in encodings:
        made.append((one, slice(at, at + one.width)))
        at += one.width
    return made
