"""From what the members of a model say of new rows to its answer.

Members are taken together, not one after the other: for a row alone, calls are all that it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.ensembles.pool import Pool, pooled, pooled_geometrically
from windvane.engine.ensembles.second_layer import Answers, SecondLayer
from windvane.engine.scoring.calibration import NO_CHANGE, at_temperature
from windvane.engine.scoring.metrics import Floats

_BLOCK_ROWS = 4_096


class Mixing:
    """The rule by which the predictions of an ensemble's members become its own.

    weights       (n_members,) that sum to 1
    temperatures  (n_members,) of their probabilities; NO_CHANGE for values
    pool          how the members' answers become one
    temperature   of that, or of what the second layer makes of it
    second_layer  what moves the pool's answer; None if nothing does
    """

    def __init__(
        self,
        weights: Sequence[float],
        temperatures: Sequence[float],
        pool: Pool,
        temperature: float,
        second_layer: SecondLayer | None,
    ) -> None:
        self._weights, self._temperatures, self._pool = weights, temperatures, pool
        self._temperature, self._second_layer = temperature, second_layer
        self._is_geometric = pool is Pool.GEOMETRIC and len(weights) > 1
        self._is_single = tuple(weights) == (1.0,)
        self._of_each = np.array([weights, temperatures])[:, :, None, None]
        self._is_any_tempered = any(one != NO_CHANGE for one in temperatures)

    def __call__(self, answers: Sequence[NDArray[np.float64]]) -> Floats:
        """Return (n_rows,) values or (n_rows, n_classes) probabilities.

        answers    of each member, shaped like that
        """
        n_rows = len(answers[0])
        if n_rows <= _BLOCK_ROWS:
            return self._mixed(answers)
        starts = range(0, n_rows, _BLOCK_ROWS)
        return np.concatenate(
            [self._mixed([one[i : i + _BLOCK_ROWS] for one in answers]) for i in starts]
        )

    def _mixed(self, answers: Sequence[NDArray[np.float64]]) -> Floats:
        told, together = self._of_many(answers) if self._is_geometric else self._one_by_one(answers)
        if self._second_layer is not None:
            together = self._second_layer.answer(told, together)
        return at_temperature(together, self._temperature)

    def _of_many(self, answers: Sequence[NDArray[np.float64]]) -> tuple[Answers, Floats]:
        weights, temperatures = self._of_each
        told = np.array(answers, np.float64)
        if self._is_any_tempered:
            told **= 1 / temperatures
            told /= np.add.reduce(told, axis=2, keepdims=True)
        return list(told), pooled_geometrically(weights, told)

    def _one_by_one(self, answers: Sequence[NDArray[Any]]) -> tuple[Answers, Floats]:
        told = [at_temperature(*one) for one in zip(answers, self._temperatures, strict=True)]
        if self._is_single:
            return told, told[0]
        return told, pooled(zip(self._weights, told, strict=True), self._pool)
