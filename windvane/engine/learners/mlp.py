"""A multilayer perceptron in NumPy: a few small networks trained side by side, whose answers are averaged.

source    after RealMLP: Holzmueller et al. 2024, "Better by default: strong pre-tuned MLPs and boosted trees on
          tabular data" (arXiv 2407.04491)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from windvane.domain.problem import MetricName
from windvane.engine.columns import FloatMatrix
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Clock, Rows, Setting
from windvane.engine.learners.faults import candidate_fault
from windvane.engine.learners.mlp_loss import Absolute, Logistic, Loss, Softmax, Squared
from windvane.engine.learners.mlp_model import NAME, MlpModel, model_of, read_model
from windvane.engine.learners.mlp_network import Shape
from windvane.engine.learners.mlp_training import CYCLE_ENDS, Course, Examples, train_networks
from windvane.engine.learners.names import SEED, Alias, Rules
from windvane.engine.learners.scaling import (
    Inputs,
    ScaledRows,
    Scaling,
    input_scaling,
    scaled_inputs,
    target_scaling,
)
from windvane.engine.learners.space import Categorical, Integer, Real, Space
from windvane.engine.learners.traits import MANY_ROWS, Cost, InBlocks, Traits, within_reason
from windvane.errors import CandidateFault
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_MOST_WAVED = 32
_DISTINCT = 8
"""A feature of no more values than this is no number that periodic features could resolve."""

_SAMPLE = 2_000
_BLOCK_CELLS, _SCALING_CELLS = 2_000_000, 8_000_000
_ONE_HOT = 24
"""Codes that the recipe makes of a column at most."""

_BATCHES = 40
"""Steps of an epoch, about, where that makes batches of _BATCH rows."""

_BATCH = (128, 512)
_EPOCHS = (8, 120)
_SECONDS = 2.0
_GROWTH = 0.6
"""Planned for training on 1,000 rows, and the power of the rows by which it grows: 10 s for 15,000, 27 s for
75,000. On a core of 2024 it is a third less; twice as much gained little on test tables of up to 12,000 rows."""

_WEIGHT_S = 6 / 45e9
"""Of a row and a weight: three products, at 45 thousand million operations a second."""

_UNIT_S = 4e-9
_WAVED_S = 60e-9
"""Of a row and a hidden unit, and a waved feature: what is not products."""


def _effort(h: Mapping[str, Any]) -> float:
    units = h.get("n_networks", 3) * h.get("n_layers", 3) / 9
    return within_reason(units * (h.get("n_hidden", 96) / 96) ** 1.5)


_NAMES: Rules = {
    "seed": Alias(SEED),
    "random_state": Alias(SEED),
    "mini_batch_size": Alias("batch"),
    "batch_size": Alias("batch"),
}

_TRAITS = Traits(
    cost=Cost(0.5e-6, 90, 12, 200, planned_s=1.4, in_blocks=InBlocks(0, 40)),
    lengths=("epochs", "schedule"),
    effort=_effort,
    names=_NAMES,
)


class Mlp:
    """Networks of a few hundred hidden units."""

    name = NAME
    recipes = ("dpp3",)
    traits = _TRAITS

    def space(self, setting: Setting, n_rows: int) -> Space:  # noqa: ARG002 - contract
        """Return the space around RealMLP's tuned defaults."""
        return {
            "learning_rate": Real(0.01, 0.1, log=True),
            "n_hidden": Integer(48, 192, log=True),
            "n_layers": Integer(2, 3),
            "n_networks": Integer(1, 4),
            "dropout": Real(0.0, 0.4),
            "weight_decay": Real(1e-3, 0.3, log=True),
            "waves": Categorical((False, True)),
        }

    def defaults(self, setting: Setting, n_rows: int) -> dict[str, Any]:
        """Return hyperparameters with as many epochs as take about _SECONDS on a core; the number depends on nothing
        but sizes. Periodic features for regression alone: of eight test tables they helped those, not classification."""
        batch = int(2 ** round(math.log2(max(1, n_rows / _BATCHES))))
        chosen: dict[str, Any] = {
            "learning_rate": 0.04,
            "n_hidden": 96,
            "n_layers": 3,
            "n_networks": 3,
            "dropout": 0.1,
            "weight_decay": 0.02,
            "waves": setting.n_classes == 0,
            "label_smoothing": 0.0,
            "batch": min(max(batch, _BATCH[0]), _BATCH[1]),
        }
        time_s = _SECONDS * math.pow(max(n_rows, 1) / 1_000, _GROWTH)
        epochs = round(time_s / max(1e-9, _epoch_s(chosen, setting, n_rows)))
        epochs = min(max(epochs, _EPOCHS[0]), _EPOCHS[1])
        return chosen | {"epochs": epochs, "schedule": epochs}

    def fit(
        self,
        train: Rows,
        valid: Rows | None,
        hyperparameters: dict[str, Any],
        setting: Setting,
        clock: Clock,
    ) -> MlpModel:
        try:
            return _fit(train, valid, hyperparameters, setting, clock)
        except (MemoryError, ValueError, FloatingPointError) as error:
            raise candidate_fault("The network", error) from error

    def with_rounds(self, hyperparameters: dict[str, Any], rounds: int) -> dict[str, Any]:
        """Return hyperparameters with the schedule stretched so that steps have fallen to 0 when the last epoch ends."""
        at = rounds / int(hyperparameters["schedule"])
        end = min(CYCLE_ENDS, key=lambda share: abs(math.log(at / share)))
        return {**hyperparameters, "epochs": rounds, "schedule": round(rounds / end)}

    def load(self, folder: Path) -> MlpModel:
        """Load a saved model.

        raises    CorruptArtifact
        """
        return read_model(folder)


def _fit(
    train: Rows, valid: Rows | None, h: dict[str, Any], setting: Setting, clock: Clock
) -> MlpModel:
    if not np.isfinite(train.y).all() or not all(_is_finite(train)):
        raise ValueError("some of their values are missing or infinite")
    loss = _loss(setting, float(h["label_smoothing"]))
    target = Scaling() if setting.n_classes else target_scaling(train)
    few = train.X if len(train.y) < MANY_ROWS else _spread(train)
    centre, inverse = input_scaling(few)
    shape = Shape(
        n_inputs=few.shape[1],
        waved=_waved(few) if h["waves"] else (),
        hidden=(int(h["n_hidden"]),) * int(h["n_layers"]),
        n_outputs=loss.n_outputs,
        n_members=int(h["n_networks"]),
    )
    course = Course(
        epochs=max(1, int(h["epochs"])),
        schedule=max(int(h["schedule"]), int(h["epochs"]), 1),
        batch=int(h["batch"]),
        learning_rate=float(h["learning_rate"]),
        weight_decay=float(h["weight_decay"]),
        dropout=float(h["dropout"]),
        seed=setting.seed,
    )

    def examples(rows: Rows) -> Examples:
        X: Inputs = ScaledRows(rows, centre, inverse)
        if len(rows.y) < MANY_ROWS:
            X = scaled_inputs(rows.X, centre, inverse)
        return Examples(X, (rows.y - target.centre) / target.scale, rows.weight)

    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        found, rounds = train_networks(
            shape, loss, examples(train), None if valid is None else examples(valid), course, clock
        )
    if not np.isfinite(found.flat).all():
        raise CandidateFault(Note(NoteCode.NOT_CONVERGED, {"model": "network"}))
    return model_of(found, centre, inverse, setting.n_classes, rounds, target)


def _is_finite(rows: Rows) -> Iterator[bool]:
    """Yield of each block of rows whether all of its values are finite."""
    size = max(1, _BLOCK_CELLS // rows.matrix.shape[1])
    for start in range(0, len(rows.y), size):
        yield bool(np.isfinite(rows.block(slice(start, start + size))).all())


def _spread(rows: Rows) -> FloatMatrix:
    """Return some of many rows, evenly spread: inputs are scaled by what they are like."""
    n_rows = min(len(rows.y), max(_SAMPLE, _SCALING_CELLS // rows.matrix.shape[1]))
    return rows.block(np.linspace(0, len(rows.y) - 1, n_rows).astype(np.int64))


def _loss(setting: Setting, smoothing: float) -> Loss:
    if setting.n_classes == 2:
        return Logistic(smoothing)
    if setting.n_classes:
        return Softmax(setting.n_classes, smoothing)
    return Absolute() if setting.objective is MetricName.MAE else Squared()


def _waved(X: FloatMatrix) -> tuple[int, ...]:
    """Features that are numbers of many values, the first _MOST_WAVED of them."""
    sample = np.asarray(X[:_SAMPLE])
    many = [j for j in range(X.shape[1]) if len(np.unique(sample[:, j])) > _DISTINCT]
    return tuple(many[:_MOST_WAVED])


def _epoch_s(h: dict[str, Any], setting: Setting, n_rows: int) -> float:
    """Expected of training, whether the features are those of the recipe or still the raw columns."""
    n_numbers = sum(f.name == f.source and not f.cardinality for f in setting.features)
    n_inputs = sum(_n_inputs(feature) for feature in setting.features)
    waved = (0,) * min(2 * n_numbers, _MOST_WAVED) if h["waves"] else ()
    hidden = (int(h["n_hidden"]),) * int(h["n_layers"])
    n_outputs = setting.n_classes if setting.n_classes > 2 else 1
    n_members = int(h["n_networks"])
    weights = n_members * Shape(n_inputs, waved, hidden, n_outputs, n_members).n_weights
    units = n_members * sum(hidden)
    return n_rows * (weights * _WEIGHT_S + units * _UNIT_S + len(waved) * _WAVED_S)


def _n_inputs(feature: Feature) -> int:
    """A raw column of categories becomes some one-hot codes, a number also its rank."""
    if feature.cardinality:
        return 1 + min(feature.cardinality, _ONE_HOT)
    if feature.name == feature.source:
        return 2
    return 0 if feature.name == f"{feature.source} (rank)" else 1


LEARNER = Mlp()
