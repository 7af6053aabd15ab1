"""Regression on a transformed target: any learner's model with the way back to the target's own scale.

A plan asks for it by the hyperparameter `target_transform`; what was learnt of the target is saved beside the
learner's own files, which lie in a folder of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName
from windvane.engine import weighted
from windvane.engine.checked import number_in
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.base import Clock, FittedModel, Learner, Rows, Setting
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.engine.weighted import Weight
from windvane.errors import CandidateFault, CorruptArtifact

TARGET_TRANSFORM = "target_transform"
"""The hyperparameter: "log", or what residual.py names."""

SMEARING = "target_smearing"
"""A hyperparameter for a refit on all rows: `Smearing` as (factor, shift), found on rows held out."""

LOG = "log"

_KIND = "target-transform"
_INNER = "inner"
_MARGIN = 0.02
"""Of the training range: how far beyond it an answer may lie."""

_LEAST_SCALE = 1e-9
"""Of the largest distance from the centre: below it the logarithm of nearly nothing would rule the fit."""

_LARGEST = 1e300
"""Distances between targets up to it do not overflow."""

_TAIL = 0.01
"""Of the residuals at either end count as the one at that quantile: one odd row must not move every answer."""


@dataclass(frozen=True)
class LogScale:
    """z = asinh((y - centre) / scale): the logarithm of either sign, a straight line near the centre.

    source    Burbidge, Magee and Robb 1988, "Alternative transformations to handle extreme values"
    """

    centre: float
    scale: float

    def forward(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        made: NDArray[np.float64] = np.arcsinh((y - self.centre) / self.scale)
        return made

    def inverse(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        made: NDArray[np.float64] = self.centre + self.scale * np.sinh(z)
        return made

    @classmethod
    def of(cls, y: NDArray[np.float64], weight: Weight = None) -> Self:
        """Return the one of a few under which the middle nine tenths of these targets lie most evenly about their
        median: around zero (if all have one sign), around the median, above the least.

        y    (n_rows,) finite, at least one
        """
        low, middle, high = weighted.quantiles(y, (0.05, 0.5, 0.95), weight).tolist()
        tried = [cls._around(y, float(y.min()), 0.5, weight), cls._around(y, middle, 0.5, weight)]
        if y.min() >= 0 or y.max() <= 0:
            tried.insert(0, cls._around(y, 0.0, 0.05, weight))
        ends = np.array([low, middle, high])
        return min(tried, key=lambda one: _unevenness(*one.forward(ends).tolist()))

    @classmethod
    def _around(cls, y: NDArray[np.float64], centre: float, share: float, weight: Weight) -> Self:
        """The scale is the quantile `share` of the distances from the centre."""
        distances = np.abs(y - centre)
        apart = distances > 0
        distances, weight = distances[apart], weighted.taken(weight, apart)
        if not len(distances):
            return cls(centre, 1.0)
        least = max(_LEAST_SCALE * float(distances.max()), float(np.finfo(np.float64).tiny))
        return cls(centre, max(float(weighted.quantiles(distances, (share,), weight)[0]), least))


def _unevenness(low: float, middle: float, high: float) -> float:
    return abs(high + low - 2 * middle) / (high - low) if high > low else math.inf


@dataclass(frozen=True)
class Smearing:
    """Expected target = centre + factor * scale * sinh(z + shift), for an expected z and the spread about it.

    With residuals e it is the mean of centre + scale * sinh(z + e), which has this form for every z.

    source    Duan 1983, "Smearing estimate: a nonparametric retransformation method"
    """

    factor: float = 1.0
    shift: float = 0.0

    @classmethod
    def of(cls, residuals: NDArray[np.float64], weight: Weight = None) -> Self:
        """Estimate the correction for the bias of predictions that are transformed back.

        residuals    (n_rows,) of z
        """
        cut = np.clip(residuals, *weighted.quantiles(residuals, (_TAIL, 1 - _TAIL), weight))
        even = weighted.mean(np.cosh(cut), weight)
        odd = weighted.mean(np.sinh(cut), weight)
        return cls(math.sqrt((even - odd) * (even + odd)), math.atanh(odd / even))


class TransformedModel:
    """The inner model's answers on the target's own scale.

    low, high   of the training targets; answers go slightly beyond at most
    """

    def __init__(
        self, inner: FittedModel, scale: LogScale, smearing: Smearing, low: float, high: float
    ) -> None:
        self.inner = inner
        self.scale = scale
        self.smearing = smearing
        self.low, self.high = low, high
        self.rounds = inner.rounds
        self.n_features = inner.n_features
        self.stretched = LogScale(scale.centre, scale.scale * smearing.factor)
        bounds = np.array(_widened(scale, low, high))
        self.floor, self.ceiling = self.stretched.forward(bounds).tolist()

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        z = self.inner.predict(X) + self.smearing.shift
        return self.stretched.inverse(np.minimum(np.maximum(z, self.floor), self.ceiling))

    def save(self, folder: Path) -> None:
        (folder / _INNER).mkdir()
        self.inner.save(folder / _INNER)
        about = {
            "scale": asdict(self.scale),
            "smearing": asdict(self.smearing),
            "low": self.low,
            "high": self.high,
        }
        write_manifest(folder, _KIND, about)


def _widened(scale: LogScale, low: float, high: float) -> tuple[float, float]:
    """Return a little beyond the range, on either scale; not beyond zero if the targets are not."""
    z = scale.forward(np.array([low, high]))
    margin = _MARGIN * float(z[1] - z[0])
    ends = scale.inverse(np.array([z[0] - margin, z[1] + margin])).tolist()
    room = _MARGIN * (high - low)
    floor, ceiling = max(ends[0], low - room), min(ends[1], high + room)
    return max(floor, 0.0) if low >= 0 else floor, min(ceiling, 0.0) if high <= 0 else ceiling


def fit_transformed(
    learner: Learner,
    train: Rows,
    valid: Rows | None,
    hyperparameters: Mapping[str, Any],
    setting: Setting,
    clock: Clock,
) -> TransformedModel:
    """Return the learner's model of the transformed target.

    Where squared errors count, its answers are drawn up to the expected target: by what the hyperparameter
    SMEARING names, or else by the residuals of the validation rows (of the training rows if there are none), if
    that lowers the squared error on them. Where absolute errors count, the median is what is wanted.

    raises    CandidateFault if the transform is unknown, the problem no regression, or as the learner does
    """
    own = dict(hyperparameters)
    name, known = own.pop(TARGET_TRANSFORM), own.pop(SMEARING, None)
    _check(name, train, setting)
    told = None if known is None else _smearing(known)
    scale = LogScale.of(train.y, train.weight)
    inner = learner.fit(
        replace(train, y=scale.forward(train.y)),
        None if valid is None else replace(valid, y=scale.forward(valid.y)),
        own,
        setting,
        clock,
    )
    low, high = float(train.y.min()), float(train.y.max())
    plain = TransformedModel(inner, scale, Smearing(), low, high)
    if setting.objective is MetricName.MAE:
        return plain
    if told is not None:
        return TransformedModel(inner, scale, told, low, high)
    seen = train if valid is None or not len(valid.y) else valid
    smearing = Smearing.of(scale.forward(seen.y) - inner.predict(seen.X), seen.weight)
    drawn_up = TransformedModel(inner, scale, smearing, low, high)
    return drawn_up if _squared_error(drawn_up, seen) < _squared_error(plain, seen) else plain


def _check(name: object, train: Rows, setting: Setting) -> None:
    if name != LOG:
        raise CandidateFault(f"There is no target transform {name!r}; there is {LOG!r}.")
    if setting.n_classes:
        raise CandidateFault("A target transform is for regression; this target is a class.")
    if not len(train.y) or not (np.abs(train.y) <= _LARGEST).all():
        raise CandidateFault(
            "The algorithm could not be trained on these rows: a target is not a number or too "
            "large."
        )


def _smearing(told: Any) -> Smearing:
    try:
        factor, shift = map(float, told)
    except (TypeError, ValueError) as error:
        raise CandidateFault(f"{SMEARING} is a factor and a shift, not {told!r}.") from error
    if not (0 < factor < math.inf and math.isfinite(shift)):
        raise CandidateFault(f"{SMEARING} has a factor above 0, not {told!r}.")
    return Smearing(factor, shift)


def _squared_error(model: TransformedModel, rows: Rows) -> float:
    return weighted.mean((model.predict(rows.X) - rows.y) ** 2, rows.weight)


def load_transformed(folder: Path, learner: Learner) -> TransformedModel:
    """Load a model of a transformed target.

    raises    CorruptArtifact
    """
    about = check_manifest(folder, _KIND)
    try:
        scale = LogScale(*(number_in(about["scale"], name) for name in ("centre", "scale")))
        smearing = Smearing(*(number_in(about["smearing"], name) for name in ("factor", "shift")))
        low, high = number_in(about, "low"), number_in(about, "high")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorruptArtifact(
            f"{folder} does not say how its target was transformed: {error}."
        ) from error
    if min(scale.scale, smearing.factor) <= 0 or low > high:
        raise CorruptArtifact(f"{folder} names a transform of the target that there cannot be.")
    return TransformedModel(learner.load(folder / _INNER), scale, smearing, low, high)


def is_transformed(folder: Path) -> bool:
    """Return whether a folder was written by `TransformedModel.save`."""
    return (folder / _INNER).is_dir()


def with_smearing(
    hyperparameters: Mapping[str, Any], models: Sequence[FittedModel]
) -> dict[str, Any]:
    """Return the hyperparameters for a refit on all rows, which has no rows to see its own errors on: with the middle
    one of what the models of the folds found. Without a target transform they stay as they are."""
    found = sorted(
        (model.smearing.factor, model.smearing.shift)
        for model in models
        if isinstance(model, TransformedModel)
    )
    if not found:
        return dict(hyperparameters)
    return {**hyperparameters, SMEARING: list(found[len(found) // 2])}


def suggests_transform(statistics: Mapping[str, Any]) -> bool:
    """Return whether a regression target is worth trying the transform on: amounts (none below zero) with a long tail,
    and not just a single odd value. Targets of both signs mostly add up what their columns say, and lose.

    statistics    of the target, as `analysis.statistics` holds them
    """
    cuts = statistics.get("quantiles")
    if not cuts or float(statistics["min"]) < 0:
        return False
    low, middle, high = (float(cuts[share]) for share in ("0.05", "0.5", "0.95"))
    return high > low and (high + low - 2 * middle) / (high - low) >= _LEAN


_LEAN = 0.2
"""Of Bowley's measure on the 5 % and 95 % quantiles: the upper side is 1.5 times as long as the lower."""
