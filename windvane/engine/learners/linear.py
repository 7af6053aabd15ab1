"""Linear and logistic regression: weights as arrays, fitted by L-BFGS on a smooth loss with L2 and L1 penalties. Many rows
are read block by block (linear_sums.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine import weighted
from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.checked import MOST_CLASSES, MOST_ROUNDS, floats_in, whole_in
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.answers import answers_of
from windvane.engine.learners.base import Clock, Rows, Setting
from windvane.engine.learners.faults import candidate_fault
from windvane.engine.learners.linear_loss import LOSSES, Loss, Weights
from windvane.engine.learners.linear_sums import LossSums, loss_sums
from windvane.engine.learners.monotone import directions
from windvane.engine.learners.names import (
    ABSOLUTE,
    BINARY,
    MULTICLASS,
    SQUARED,
    Alias,
    Counted,
    Counts,
    Fixed,
    Meaning,
    Refused,
    Rules,
    Says,
)
from windvane.engine.learners.patience import Patience
from windvane.engine.learners.read_out import read_out
from windvane.engine.learners.space import Categorical, Real, Space
from windvane.engine.learners.traits import Cost, InBlocks, Traits
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CandidateFault, CorruptArtifact
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_NAME = "linear-learner"
_FILE = "weights.npz"
_PATIENCE = 20
_LABEL_METRICS = frozenset(
    {
        MetricName.F1,
        MetricName.F1_MACRO,
        MetricName.BALANCED_ACCURACY,
        MetricName.RECALL,
        MetricName.RECALL_MACRO,
    }
)


_Bound = tuple[float | None, float | None]
_BY_SIGN: dict[int, _Bound] = {0: (None, None), 1: (0.0, None), -1: (None, 0.0)}
"""What a weight may be, by the sign that it may have."""


class LinearModel:
    """A fitted linear or logistic model.

    coefficients  (n_features, n_outputs): n_outputs is 1 for regression and for two classes
    intercepts     (n_outputs,)
    """

    def __init__(
        self,
        coefficients: NDArray[np.float64],
        intercepts: NDArray[np.float64],
        n_classes: int,
        rounds: int,
    ) -> None:
        self.coefficients = np.ascontiguousarray(coefficients, np.float64)
        self.intercepts = intercepts
        self.n_classes = n_classes
        self.rounds = rounds
        self.n_features = len(coefficients)

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        # Row by row inside NumPy: a row's answer does not depend on its neighbours in the last digit.
        rows = np.asarray(X, np.float64)[:, None, :]
        scores: NDArray[np.float64] = np.matmul(rows, self.coefficients)[:, 0, :]
        scores += self.intercepts
        return answers_of(scores, self.n_classes)

    def save(self, folder: Path) -> None:
        arrays = {"coefficients": self.coefficients, "intercepts": self.intercepts}
        write_arrays(folder / _FILE, arrays)
        write_manifest(folder, _NAME, {"n_classes": self.n_classes, "rounds": self.rounds})


_NAMES: Rules = {
    "epochs": Alias("max_iterations"),
    "wd": Alias("wd"),
    "l1": Alias("l1"),
    "positive_example_weight_mult": Alias(
        "positive_example_weight_mult", {"1": "none", "1.0": "none"}
    ),
    "predictor_type": Says(
        {
            "binary_classifier": BINARY,
            "multiclass_classifier": MULTICLASS,
            "regressor": Meaning(ProblemType.REGRESSION),
        }
    ),
    "loss": Says(
        {
            "logistic": BINARY,
            "softmax_loss": MULTICLASS,
            "squared_loss": SQUARED,
            "absolute_loss": ABSOLUTE,
        }
    ),
    "binary_classifier_model_selection_criteria": Says(
        {
            "accuracy": Meaning(ProblemType.BINARY, MetricName.ACCURACY),
            "f1": Meaning(ProblemType.BINARY, MetricName.F1),
            "loss_function": Meaning(ProblemType.BINARY, MetricName.LOG_LOSS),
        }
    ),
    "num_classes": Counts(Counted.CLASSES),
    "feature_dim": Counts(Counted.COLUMNS),
    "use_bias": Fixed(("true",), "an intercept is always fitted"),
    "normalize_data": Fixed(("true",), "columns are always standardised"),
    "normalize_label": Fixed(("true",), "the target is always standardised"),
    "num_models": Fixed(("1",), "one model is trained"),
    "learning_rate": Refused("the weights are fitted with L-BFGS, which has no learning rate"),
    "mini_batch_size": Refused("L-BFGS, which fits the weights, uses all rows at once"),
    "optimizer": Refused("the weights are fitted with L-BFGS"),
    "init_method": Refused("all weights start at 0"),
    "lr_scheduler_step": Refused("the weights are fitted with L-BFGS, which has no learning rate"),
    "early_stopping_patience": Refused("training stops after 20 iterations without improvement"),
    "early_stopping_tolerance": Refused("training stops after 20 iterations without improvement"),
}

_TRAITS = Traits(
    cost=Cost(0.4e-6, 90, 12, 60, model_mb=0.1, library_s=0.4, in_blocks=InBlocks(0, 40)),
    further_of_two_classes={"positive_example_weight_mult": Categorical(("none", "balanced"))},
    names=_NAMES,
)


class LinearLearner:
    """Least squares, a smooth absolute error, or logistic regression, by the problem and its objective."""

    name = _NAME
    recipes = ("dpp1",)
    traits = _TRAITS

    def space(self, setting: Setting, n_rows: int) -> Space:  # noqa: ARG002 - contract
        """Autopilot's ranges; its learning_rate means nothing to L-BFGS, and classes are weighted only
        where the objective is one of labels.

        source    candidate definition notebooks of Autopilot jobs
        """
        space: dict[str, Any] = {"wd": Real(1e-7, 1.0, log=True), "l1": Real(1e-7, 0.1, log=True)}
        if setting.n_classes == 2 and setting.objective in _LABEL_METRICS:
            space["positive_example_weight_mult"] = Categorical(("none", "balanced"))
        return space

    def defaults(self, setting: Setting, n_rows: int) -> dict[str, Any]:  # noqa: ARG002 - contract
        return {"max_iterations": 300, "wd": min(0.01, 1 / max(1, n_rows)), "l1": 0.0}

    def fit(
        self,
        train: Rows,
        valid: Rows | None,
        hyperparameters: dict[str, Any],
        setting: Setting,
        clock: Clock,
    ) -> LinearModel:
        name = _loss_name(setting)
        y, centre, scale = _scaled(train, setting)
        weights = _row_weights(train, hyperparameters.get("positive_example_weight_mult", "none"))
        n_outputs = setting.n_classes if setting.n_classes > 2 else 1
        search = _Search(
            loss=LOSSES[name],
            sums=loss_sums(name, train, y, weights),
            n_features=train.matrix.shape[1],
            start=LOSSES[name].start(y, n_outputs, train.weight),
            directions=directions(setting) if setting.monotone else None,
            l2=float(hyperparameters["wd"]),
            l1=float(hyperparameters["l1"]),
            centre=read_out(LOSSES[name], train, setting),
        )
        patience = Patience(
            clock, higher_is_better=False, n_rounds=None if valid is None else _PATIENCE
        )
        shown = None if valid is None else replace(valid, y=(valid.y - centre) / scale)
        try:
            best = search.run(int(hyperparameters["max_iterations"]), shown, patience)
        except (MemoryError, ValueError, FloatingPointError) as error:
            raise candidate_fault("The linear learner", error) from error
        coefficients, intercepts = best.coefficients * scale, best.intercepts * scale + centre
        if not np.isfinite(coefficients).all() or not np.isfinite(intercepts).all():
            raise CandidateFault(Note(NoteCode.NOT_CONVERGED, {"model": "linear"}))
        return LinearModel(coefficients, intercepts, setting.n_classes, patience.best_round)

    def with_rounds(self, hyperparameters: dict[str, Any], rounds: int) -> dict[str, Any]:
        return {**hyperparameters, "max_iterations": rounds}

    def load(self, folder: Path) -> LinearModel:
        """Load a saved model.

        raises    CorruptArtifact
        """
        about = check_manifest(folder, _NAME)
        arrays = read_arrays(folder / _FILE)
        try:
            n_classes = whole_in(about, "n_classes", 0, MOST_CLASSES)
            rounds = whole_in(about, "rounds", 0, MOST_ROUNDS)
            coefficients = floats_in(arrays, "coefficients", 2)
            intercepts = floats_in(arrays, "intercepts", 1)
        except ValueError as error:
            raise CorruptArtifact(f"{folder} holds no complete linear model: {error}.") from error
        n_outputs = n_classes if n_classes > 2 else 1
        if coefficients.shape[1] != n_outputs:
            raise CorruptArtifact(f"{folder} holds weights of a wrong shape.")
        if intercepts.shape != (n_outputs,):
            raise CorruptArtifact(f"{folder} holds intercepts of a wrong shape.")
        return LinearModel(coefficients, intercepts, n_classes, rounds)


class _Search:
    """The weights of least loss: mean loss + wd/2 |w - centre|^2 + l1 |w - centre|_1, intercepts not penalised.

    With L1, every weight is the difference of two that are not negative, so that the penalty is smooth.

    start         (n_outputs,) the intercepts to start from
    directions    (n_features,) the sign that weights may have, 0 for either; None for no bounds
    centre        coefficients (n_features, n_outputs) that the penalty draws to; None for 0
    """

    def __init__(
        self,
        *,
        loss: Loss,
        sums: LossSums,
        n_features: int,
        start: NDArray[np.float64],
        l2: float,
        l1: float,
        directions: Sequence[int] | None,
        centre: NDArray[np.float64] | None,
    ) -> None:
        self._loss, self._sums, self._intercepts = loss, sums, start
        self._directions = directions
        self._shape = (n_features, start.size)
        self._centre = np.zeros(self._shape) if centre is None else centre
        self._l2, self._l1 = l2, l1

    def run(self, n_iterations: int, valid: Rows | None, patience: Patience) -> Weights:
        from scipy.optimize import minimize  # fitting alone needs SciPy

        best = last = self._unpack(start := self._start())

        def watch(point: NDArray[np.float64]) -> None:
            nonlocal best, last
            last = self._unpack(point)
            score = (
                None
                if valid is None
                else self._loss.mean(last.scores(valid.X), valid.y, valid.weight)
            )
            is_over = patience.is_over(score)
            if patience.best_round == patience.n_seen:
                best = last
            if is_over:
                raise StopIteration

        minimize(
            self._value,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=self._bounds(),
            callback=watch,
            options={"maxiter": max(1, n_iterations), "ftol": 1e-9, "gtol": 1e-6},
        )
        return best

    def _bounds(self) -> list[_Bound] | None:
        """Return the bounds of each number that is searched for."""
        intercepts: list[_Bound] = [(None, None)] * self._shape[1]
        signs = np.repeat(self._directions or [0] * self._shape[0], self._shape[1]).tolist()
        if self._l1 > 0:
            of_parts: list[_Bound] = [
                (0.0, 0.0 if sign * part < 0 else None) for part in (1, -1) for sign in signs
            ]
            return of_parts + intercepts
        if self._directions is None:
            return None
        return [_BY_SIGN[sign] for sign in signs] + intercepts

    def _start(self) -> NDArray[np.float64]:
        parts = 2 if self._l1 > 0 else 1
        zeros = np.zeros(parts * self._shape[0] * self._shape[1])
        return np.concatenate([zeros, self._intercepts])

    def _unpack(self, point: NDArray[np.float64]) -> Weights:
        n = self._shape[0] * self._shape[1]
        free = point[:n] - point[n : 2 * n] if self._l1 > 0 else point[:n]
        return Weights(self._centre + free.reshape(self._shape), point[-self._shape[1] :].copy())

    def _value(self, point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        now = self._unpack(point)
        total, pulls, of_intercepts = self._sums.of(now)
        away = now.coefficients - self._centre
        pulls += self._l2 * away
        total += self._l2 / 2 * float((away**2).sum())
        flat = pulls.ravel()
        if self._l1 > 0:
            n = len(flat)
            total += self._l1 * float(point[: 2 * n].sum())
            flat = np.concatenate([flat + self._l1, self._l1 - flat])
        return total, np.concatenate([flat, of_intercepts])


def _loss_name(setting: Setting) -> str:
    if setting.problem_type is ProblemType.REGRESSION:
        return "absolute" if setting.objective is MetricName.MAE else "squared"
    return "logistic" if setting.n_classes == 2 else "softmax"


def _scaled(rows: Rows, setting: Setting) -> tuple[NDArray[np.float64], float, float]:
    """Return the target with mean 0 and standard deviation 1, and what brings it back; classes as they are."""
    if setting.n_classes:
        return rows.y, 0.0, 1.0
    centre = weighted.mean(rows.y, rows.weight)
    scale = weighted.deviation(rows.y, rows.weight) or 1.0
    return (rows.y - centre) / scale, centre, scale


def _row_weights(rows: Rows, positive: str) -> NDArray[np.float64]:
    """Return (n_rows,) with the sum 1."""
    y = rows.y
    weights = np.ones(len(y)) if rows.weight is None else rows.weight.copy()
    if positive == "balanced":
        of_positive = float(weights[y == 1].sum())
        of_others = float(weights.sum()) - of_positive
        if of_positive and of_others:
            weights[y == 1] *= of_others / of_positive
    scaled: NDArray[np.float64] = weights / weights.sum()
    return scaled


LEARNER = LinearLearner()
