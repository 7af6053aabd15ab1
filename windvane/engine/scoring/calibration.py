"""Calibration: one temperature that makes probabilities as sure as they have a right to be.

A temperature above 1 softens, one below 1 sharpens; the order of the classes of a row and, of two classes, that of
the rows stay as they are, and with them labels and AUC.

source    Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks", section 4.2
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName
from windvane.engine.scoring.metrics import METRICS, Floats
from windvane.engine.weighted import Weight, mean, taken

NO_CHANGE = 1.0

_BOUNDS = (0.25, 4.0)
_LEAST_PROBABILITY = 1e-7
_MOST_ROWS = 5_000
"""One number needs no more: its error is about one part in a hundred then."""

_NEWTON_STEPS = 30
_CONVERGED = 1e-5


_Float = TypeVar("_Float", bound=np.floating[Any])


@dataclass(frozen=True)
class Calibration:
    """Temperature scaling of a model's probabilities.

    temperature  NO_CHANGE if none helps on rows it was not fitted on
    out_of_fold  (n_rows, n_classes) each row's probabilities at a temperature fitted without its part
    """

    temperature: float
    out_of_fold: Floats


def at_temperature(probabilities: NDArray[_Float], temperature: float) -> NDArray[_Float]:
    """Return (n_rows, n_classes) probabilities, to the power of 1 / temperature and normalised."""
    if temperature == NO_CHANGE:
        return probabilities
    powers = probabilities ** (1 / temperature)
    powers /= np.add.reduce(powers, axis=1, keepdims=True)
    return cast("NDArray[_Float]", powers)


def fit_temperature(probabilities: Floats, y: Floats, weight: Weight = None) -> float:
    """Return the temperature of the least log loss, 0.25 to 4.

    probabilities  (n_rows, n_classes)
    y              (n_rows,) class index
    weight         (n_rows,) what each row counts for
    """
    stride = -(-y.size // _MOST_ROWS)
    counted = taken(weight, slice(None, None, stride))
    logs = np.log(np.maximum(probabilities[::stride], _LEAST_PROBABILITY))
    of_truth = np.take_along_axis(logs, y[::stride].astype(np.int64)[:, None], axis=1)[:, 0]
    lowest, highest = 1 / _BOUNDS[1], 1 / _BOUNDS[0]
    power = 1.0
    for _ in range(_NEWTON_STEPS):
        chances = np.exp(power * (logs - logs.max(axis=1, keepdims=True)))
        chances /= chances.sum(axis=1, keepdims=True)
        expected = (chances * logs).sum(axis=1)
        slope = mean(expected - of_truth, counted)
        curvature = mean((chances * logs**2).sum(axis=1) - expected**2, counted)
        if curvature <= 0:
            break
        # At most a doubling or a halving: far from the solution the curve is no parabola.
        moved = min(max(power - slope / curvature, power / 2), 2 * power)
        moved = min(max(moved, lowest), highest)
        if abs(moved - power) < _CONVERGED:
            power = moved
            break
        power = moved
    return 1 / power


def calibrate(
    probabilities: Floats, y: Floats, parts: NDArray[np.integer], weight: Weight = None
) -> Calibration:
    """Fit the temperature of probabilities.

    parts    (n_rows,) which part a row belongs to, e.g. its fold
    """
    fitted = np.empty_like(probabilities)
    for part in np.unique(parts):
        inside = parts == part
        without = taken(weight, ~inside)
        temperature = fit_temperature(probabilities[~inside], y[~inside], without)
        fitted[inside] = at_temperature(probabilities[inside], temperature)
    value = METRICS[MetricName.LOG_LOSS].value
    if value(y, fitted, weight) >= value(y, probabilities, weight):
        return Calibration(NO_CHANGE, probabilities)
    return Calibration(fit_temperature(probabilities, y, weight), fitted)
