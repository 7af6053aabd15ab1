"""Fitted networks: arrays that answer, the same for a row alone and among others, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.engine.arrays import Arrays, read_arrays, write_arrays
from windvane.engine.checked import (
    MOST_CLASSES,
    MOST_ROUNDS,
    floats_in,
    indices_in,
    only_known,
    whole_in,
)
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.answers import logistic
from windvane.engine.learners.mlp_network import TURN, Floats, Parameters
from windvane.engine.learners.scaling import Scaling, scaled_inputs
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CorruptArtifact

NAME = "mlp"
_FILE = "weights.npz"
_BLOCK = 512

_HALF, _ONE = np.float32(0.5), np.float32(1)

_TOGETHER = 4
"""Rows that go through the networks side by side, always so many: what BLAS makes of a row differs in the last bit with
how many there are, but not with which of them it is. More are hardly sooner done, and a row alone takes longer."""


class MlpModel:
    """Fitted multilayer perceptrons, whose predictions are averaged.

    centre, inverse  (n_features,): the networks see (X - centre) * inverse
    weights0          (n_wide, n_members * n_hidden), bias0 to it: the first layer of all networks at once
    weights1 ...      (n_members, n_in, n_out), bias1 ... (n_members, 1, n_out)
    waved             (n_waved,) features that get periodic features; frequency, phase (n_waved, n_waves), mixing
                      (n_waved, n_waves, n_made), offset (n_waved, 1, n_made)
    """

    def __init__(self, arrays: Arrays, n_classes: int, rounds: int, target: Scaling) -> None:
        self.arrays = arrays
        self.target = target
        self._n_classes = n_classes
        self.rounds = rounds
        self.n_features = len(arrays["centre"])
        self._centre, self._inverse = arrays["centre"], arrays["inverse"]
        self._waved = arrays["waved"]
        self._waves = [arrays[name] for name in ("frequency", "phase", "mixing", "offset")]
        depth = sum(name.startswith("weights") for name in arrays)
        layers = [(arrays[f"weights{i}"], arrays[f"bias{i}"]) for i in range(depth)]
        self._check(layers)
        self._layers = [(_HALF * weights, _HALF * bias) for weights, bias in layers[:-1]]
        self._last = layers[-1]
        members, width, _ = layers[1][0].shape
        self._hidden = (members, width)

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        if len(X) <= _BLOCK:
            return self._predict(X)
        blocks = [self._predict(X[i : i + _BLOCK]) for i in range(0, len(X), _BLOCK)]
        return np.concatenate(blocks)

    def save(self, folder: Path) -> None:
        write_arrays(folder / _FILE, self.arrays)
        about = {"n_classes": self._n_classes, "rounds": self.rounds} | asdict(self.target)
        write_manifest(folder, NAME, about)

    def _predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        (weights, bias), *others = self._layers
        halves = np.matmul(self._inputs(_in_tiles(X)), weights)
        halves += bias
        members, width = self._hidden
        values = _silu_of_twice(halves).reshape(len(halves), _TOGETHER, members, width)
        values = values.swapaxes(1, 2)
        for weights, bias in others:
            halves = np.matmul(values, weights)
            halves += bias
            values = _silu_of_twice(halves)
        weights, bias = self._last
        outputs = np.matmul(values, weights)
        outputs += bias
        by_row = outputs.swapaxes(1, 2).reshape(-1, members, outputs.shape[3])
        return self._answers(by_row[: len(X)].astype(np.float64))

    def _inputs(self, tiles: Floats) -> Floats:
        """Return (n_tiles, _TOGETHER, n_features) to (n_tiles, _TOGETHER, n_wide)"""
        scaled = scaled_inputs(tiles, self._centre, self._inverse)
        if not len(self._waved):
            return scaled
        frequency, phase, mixing, offset = self._waves
        angles = scaled.take(self._waved, axis=2).swapaxes(1, 2)[..., None] * frequency[:, None]
        angles += phase[:, None]
        np.cos(angles, out=angles)
        made = np.matmul(angles, mixing)
        made += offset
        features = made.swapaxes(1, 2).reshape(len(tiles), _TOGETHER, offset.size)
        return np.concatenate((scaled, features), axis=2)

    def _answers(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the averaged predictions of the networks.

        outputs    (n_rows, n_members, n_outputs)
        """
        n_members = outputs.shape[1]
        if self._n_classes > 2:
            outputs -= np.maximum.reduce(outputs, axis=2, keepdims=True)
            np.exp(outputs, out=outputs)
            outputs /= np.add.reduce(outputs, axis=2, keepdims=True)
        elif self._n_classes == 2:
            outputs = logistic(outputs)
        total: NDArray[np.float64] = outputs[:, 0]
        for i in range(1, n_members):
            total = total + outputs[:, i]
        total = total / n_members
        if self._n_classes > 2:
            return total
        if self._n_classes == 2:
            return np.concatenate((1 - total, total), axis=1)
        target = self.target
        values = total[:, 0] * target.scale + target.centre
        return np.asarray(np.maximum(np.minimum(values, target.high), target.low))

    def _check(self, layers: Sequence[tuple[Floats, Floats]]) -> None:
        """Check that the arrays fit together.

        raises    ValueError
        """
        n_wide = self.n_features + self._waves[3].size
        n_outputs = self._n_classes if self._n_classes > 2 else 1
        (first, first_bias), *others = layers
        members = others[0][0].shape[0]
        sizes = [weights.shape[1:] for weights, _ in others]
        chained = all(before[1] == after[0] for before, after in pairwise(sizes))
        if (
            not chained
            or first.shape != (n_wide, members * sizes[0][0])
            or first_bias.shape != (members * sizes[0][0],)
            or sizes[-1][1] != n_outputs
            or any(bias.shape != (members, 1, w.shape[2]) for w, bias in others)
            or any(len(w) != members for w, _ in others)
            or self._inverse.shape != self._centre.shape
            or not self.n_features
            or not members
            or not all(one for size in sizes for one in size)
            or self._waves[0].shape != self._waves[1].shape
            or self._waves[2].shape != (*self._waves[0].shape, self._waves[3].shape[2])
            or self._waves[3].shape[:2] != (len(self._waved), 1)
            or any(len(array) != len(self._waved) for array in self._waves)
        ):
            raise ValueError("its arrays do not fit together")


def _silu_of_twice(halves: Floats) -> Floats:
    """silu(2 x), 2 x / (1 + exp(-2 x)), as x (tanh(x) + 1): weights and biases were halved once, not each row's sums."""
    made: Floats = np.tanh(halves)
    made += _ONE
    made *= halves
    return made


def _in_tiles(X: FloatMatrix) -> Floats:
    """Return (n_tiles, _TOGETHER, n_features), rows of zeros after the last."""
    n_tiles = -(-len(X) // _TOGETHER)
    if n_tiles * _TOGETHER > len(X):
        padded = np.zeros((n_tiles * _TOGETHER, X.shape[1]), np.float32)
        padded[: len(X)] = X
        X = padded
    return X.reshape(n_tiles, _TOGETHER, X.shape[1])


def model_of(
    found: Parameters,
    centre: Floats,
    inverse: Floats,
    n_classes: int,
    rounds: int,
    target: Scaling,
) -> MlpModel:
    """Return the trained networks as a model, scales and first layers brought together."""
    shape = found.shape
    first = (found["scale"] * found["weights0"]).transpose(1, 0, 2).reshape(shape.n_wide, -1)
    arrays: Arrays = {
        "centre": centre,
        "inverse": inverse,
        "waved": np.array(shape.waved, np.int64),
        "weights0": np.ascontiguousarray(first),
        "bias0": found["bias0"].ravel().copy(),
        "frequency": np.zeros((0, 0), np.float32),
        "phase": np.zeros((0, 0), np.float32),
        "mixing": np.zeros((0, 0, 0), np.float32),
        "offset": np.zeros((0, 1, 0), np.float32),
    }
    if shape.waved:
        arrays["frequency"] = found["frequency"][:, 0] * TURN
        arrays["phase"] = found["phase"][:, 0] * TURN
        arrays["mixing"] = found["mixing"].copy()
        arrays["offset"] = found["offset"].copy()
    for i in range(1, len(shape.hidden) + 1):
        arrays[f"weights{i}"] = found[f"weights{i}"].copy()
        arrays[f"bias{i}"] = found[f"bias{i}"].copy()
    return MlpModel(arrays, n_classes, rounds, target)


def read_model(folder: Path) -> MlpModel:
    """Read a saved model.

    raises    CorruptArtifact
    """
    about = check_manifest(folder, NAME)
    arrays = read_arrays(folder / _FILE)
    try:
        target = Scaling.from_json(about)
        n_classes = whole_in(about, "n_classes", 0, MOST_CLASSES)
        rounds = whole_in(about, "rounds", 0, MOST_ROUNDS)
        return MlpModel(_checked(arrays), n_classes, rounds, target)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise CorruptArtifact(f"{folder} holds no complete set of networks: {error}.") from error


_AXES = {"centre": 1, "inverse": 1, "frequency": 2, "phase": 2, "mixing": 3, "offset": 3}


def _checked(arrays: Arrays) -> Arrays:
    """Return the same, in their types and their order.

    raises    ValueError if one is missing, unknown, of another kind, or not finite
    """
    depth = sum(name.startswith("weights") for name in arrays)
    axes = {**_AXES, "weights0": 2, "bias0": 1}
    axes |= {f"{name}{i}": 3 for i in range(1, depth) for name in ("weights", "bias")}
    only_known(arrays, [*axes, "waved"])
    made: Arrays = {name: floats_in(arrays, name, n).astype(np.float32) for name, n in axes.items()}
    made["waved"] = indices_in(arrays, "waved", 1, len(made["centre"])).astype(np.int64)
    return {name: made[name] for name in arrays}
