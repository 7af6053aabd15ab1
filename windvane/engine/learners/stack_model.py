"""Fitted stacks of dense layers with rectified linear units, answered by NumPy alone: what learners that train with
PyTorch make. A row alone and among others gets the same answer, to the last bit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.engine.arrays import Arrays, read_arrays, write_arrays
from windvane.engine.checked import (
    MOST_CLASSES,
    MOST_FEATURES,
    MOST_ROUNDS,
    floats_in,
    indices_in,
    only_known,
    whole_in,
)
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.answers import logistic
from windvane.engine.learners.scaling import Floats, Scaling, scaled_inputs
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CandidateFault, CorruptArtifact
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_FILE = "weights.npz"
_BLOCK = 512
_MOST = 2**31 - 1


@dataclass(frozen=True)
class InputPlan:
    """The input of the first layer of a stack, from a row of a recipe's matrix: numbers scaled, then a 1 for each number
    that is missing, then the embedding of each code.

    numbers    (n_numbers,) columns of the matrix; fill, centre, inverse belong to them: what stands for a missing one,
               and (x - centre) * inverse
    indicated  (n_indicated,) places in `numbers` that get an indicator
    codes      (n_codes,) columns of category codes; sizes (n_codes,) rows of their embeddings: the first is for
               missing and unseen codes, then one for each code
    """

    numbers: NDArray[np.int64]
    fill: Floats
    centre: Floats
    inverse: Floats
    indicated: NDArray[np.int64]
    codes: NDArray[np.int64]
    sizes: NDArray[np.int64]

    def numbers_of(self, X: FloatMatrix) -> Floats:
        """Return (n_rows, n_numbers + n_indicated)"""
        taken = X[:, self.numbers]
        missing = np.isnan(taken)
        filled = np.where(missing, self.fill, taken)
        scaled = scaled_inputs(filled, self.centre, self.inverse)
        return np.concatenate((scaled, missing[:, self.indicated].astype(np.float32)), axis=1)

    def places_of(self, X: FloatMatrix) -> NDArray[np.int64]:
        """Return (n_rows, n_codes): rows of the embeddings."""
        taken = X[:, self.codes]
        known = (taken >= 0) & (taken + 1 < self.sizes)
        return np.where(known, taken + 1, 0).astype(np.int64)

    def to_arrays(self) -> Arrays:
        return {name: getattr(self, name) for name in _PLAN_ARRAYS}


_PLAN_ARRAYS = ("numbers", "fill", "centre", "inverse", "indicated", "codes", "sizes")


@dataclass(frozen=True)
class Layers:
    """weights0 (n_wide, n_members * n_hidden) and bias0 to it: the first layer of all members; `shared`: layers
    (n_in, n_out), (n_out,) that all members have in common; heads (n_members, n_in, n_outputs), head_bias (n_members,
    n_outputs); `tables`: an embedding (sizes[i], n_dimensions) of each column of codes."""

    weights0: Floats
    bias0: Floats
    shared: tuple[tuple[Floats, Floats], ...]
    heads: Floats
    head_bias: Floats
    tables: tuple[Floats, ...] = ()

    def to_arrays(self) -> Arrays:
        arrays: Arrays = {
            "weights0": self.weights0,
            "bias0": self.bias0,
            "heads": self.heads,
            "head_bias": self.head_bias,
        }
        for i, (weights, bias) in enumerate(self.shared, start=1):
            arrays |= {f"weights{i}": weights, f"bias{i}": bias}
        return arrays | {f"table{i}": table for i, table in enumerate(self.tables)}


@dataclass(frozen=True)
class Stack:
    """A stack of layers, from a row of a recipe's matrix to a value or probabilities.

    n_features  of the matrix
    n_classes   0 for regression
    rounds      epochs that it was trained for
    target      how values are scaled; none for probabilities
    """

    inputs: InputPlan
    layers: Layers
    n_features: int
    n_classes: int
    rounds: int
    target: Scaling


class StackModel:
    """The members' probabilities, or values, are averaged."""

    def __init__(self, name: str, stack: Stack) -> None:
        """Predict with trained networks.

        raises    ValueError if its arrays do not fit together
        """
        self._name = name
        self.inputs, self.layers = stack.inputs, stack.layers
        self._n_classes = stack.n_classes
        self.target = stack.target
        self.n_features = stack.n_features
        self.rounds = stack.rounds
        self._members = stack.layers.heads.shape[0]
        self._check()

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        if len(X) <= _BLOCK:
            return self._predict(X)
        blocks = [self._predict(X[i : i + _BLOCK]) for i in range(0, len(X), _BLOCK)]
        return np.concatenate(blocks)

    def save(self, folder: Path) -> None:
        write_arrays(folder / _FILE, self.inputs.to_arrays() | self.layers.to_arrays())
        about = {
            "n_features": self.n_features,
            "n_classes": self._n_classes,
            "rounds": self.rounds,
            **asdict(self.target),
        }
        write_manifest(folder, self._name, about)

    def _predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        # Products are of one row at a time, inside NumPy: what BLAS makes of a row among others differs in
        # the last bit.
        layers = self.layers
        values = np.matmul(self._widened(X)[:, None, :], layers.weights0)[:, 0, :]
        values += layers.bias0
        np.maximum(values, 0, out=values)
        values = values.reshape(len(X), self._members, layers.weights0.shape[1] // self._members)
        for weights, bias in layers.shared:
            values = np.matmul(values, weights)
            values += bias
            np.maximum(values, 0, out=values)
        outputs = np.matmul(values[:, :, None, :], layers.heads)[:, :, 0, :]
        outputs += layers.head_bias
        return self._answers(outputs.astype(np.float64))

    def _widened(self, X: FloatMatrix) -> Floats:
        numbers = self.inputs.numbers_of(X)
        if not self.layers.tables:
            return numbers
        places = self.inputs.places_of(X)
        embedded = [table[places[:, i]] for i, table in enumerate(self.layers.tables)]
        return np.concatenate((numbers, *embedded), axis=1)

    def _answers(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the averaged predictions of the networks.

        outputs    (n_rows, n_members, n_outputs)
        """
        if self._n_classes > 2:
            outputs -= outputs.max(axis=2, keepdims=True)
            np.exp(outputs, out=outputs)
            outputs /= outputs.sum(axis=2, keepdims=True)
        elif self._n_classes == 2:
            outputs = logistic(outputs)
        total = outputs[:, 0].copy()
        for i in range(1, self._members):
            total += outputs[:, i]
        total /= self._members
        if self._n_classes > 2:
            return total
        if self._n_classes == 2:
            return np.concatenate((1 - total, total), axis=1)
        values = total[:, 0] * self.target.scale + self.target.centre
        return values.clip(self.target.low, self.target.high)

    def _check(self) -> None:
        """Check that the arrays fit together.

        raises    ValueError
        """
        plan, layers = self.inputs, self.layers
        if not self._members:
            raise ValueError("it has no members")
        n_hidden = layers.weights0.shape[1] // self._members
        sizes = [
            (n_hidden, n_hidden),
            *(weights.shape for weights, _ in layers.shared),
            layers.heads.shape[1:],
        ]
        chained = all(before[1] == after[0] for before, after in pairwise(sizes))
        n_numbers = len(plan.numbers)
        n_wide = n_numbers + len(plan.indicated) + sum(one.shape[1] for one in layers.tables)
        columns = np.concatenate((plan.numbers, plan.codes))
        if (
            not chained
            or not self._members
            or not n_hidden
            or not all(one for size in sizes for one in size)
            or layers.weights0.shape != (n_wide, self._members * n_hidden)
            or layers.bias0.shape != (self._members * n_hidden,)
            or any(bias.shape != (weights.shape[1],) for weights, bias in layers.shared)
            or layers.head_bias.shape != (self._members, layers.heads.shape[2])
            or layers.heads.shape[2] != (self._n_classes if self._n_classes > 2 else 1)
            or any(len(part) != n_numbers for part in (plan.fill, plan.centre, plan.inverse))
            or len(plan.codes) != len(plan.sizes)
            or [len(table) for table in layers.tables] != plan.sizes.tolist()
            or (columns.size and not 0 <= columns.min() <= columns.max() < self.n_features)
            or (plan.indicated.size and plan.indicated.max() >= n_numbers)
        ):
            raise ValueError("its arrays do not fit together")


def stack_of(name: str, stack: Stack) -> StackModel:
    """Return a model of trained networks.

    raises    CandidateFault if a weight is not finite
    """
    layers = stack.layers
    arrays = (layers.weights0, layers.bias0, layers.heads, layers.head_bias)
    if not all(np.isfinite(array).all() for array in arrays):
        raise CandidateFault(Note(NoteCode.NOT_CONVERGED, {"model": "network"}))
    return StackModel(name, stack)


def read_stack(folder: Path, name: str) -> StackModel:
    """Read a saved model.

    raises    CorruptArtifact
    """
    about = check_manifest(folder, name)
    try:
        arrays = _checked(read_arrays(folder / _FILE))
        n_tables = sum(key.startswith("table") for key in arrays)
        tables = tuple(arrays[f"table{i}"] for i in range(n_tables))
        n_shared = sum(key.startswith("weights") for key in arrays) - 1
        shared = tuple((arrays[f"weights{i}"], arrays[f"bias{i}"]) for i in range(1, n_shared + 1))
        stack = Stack(
            InputPlan(*(arrays[key] for key in _PLAN_ARRAYS)),
            Layers(
                arrays["weights0"],
                arrays["bias0"],
                shared,
                arrays["heads"],
                arrays["head_bias"],
                tables,
            ),
            whole_in(about, "n_features", 1, MOST_FEATURES),
            whole_in(about, "n_classes", 0, MOST_CLASSES),
            whole_in(about, "rounds", 0, MOST_ROUNDS),
            Scaling.from_json(about),
        )
        return StackModel(name, stack)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise CorruptArtifact(f"{folder} holds no complete network: {error}.") from error


def _checked(arrays: Arrays) -> Arrays:
    """Return the same, in their types.

    raises    ValueError if one is missing, unknown, of another kind, or not finite
    """
    n_tables = sum(name.startswith("table") for name in arrays)
    depth = sum(name.startswith("weights") for name in arrays)
    axes = {"fill": 1, "centre": 1, "inverse": 1, "heads": 3, "head_bias": 2}
    axes |= {f"weights{i}": 2 for i in range(depth)} | {f"bias{i}": 1 for i in range(depth)}
    axes |= {f"table{i}": 2 for i in range(n_tables)}
    whole_numbers = ("numbers", "indicated", "codes", "sizes")
    only_known(arrays, [*axes, *whole_numbers])
    made: Arrays = {name: floats_in(arrays, name, n).astype(np.float32) for name, n in axes.items()}
    return made | {
        name: indices_in(arrays, name, 1, _MOST).astype(np.int64) for name in whole_numbers
    }
