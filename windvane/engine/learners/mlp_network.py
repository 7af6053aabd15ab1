"""Small networks trained side by side: their parameters as one flat vector, and the gradient of a loss in it.

    inputs, some of them also as learnt periodic features
    -> learnt scale of each input -> dense, SiLU, dropout (repeated) -> dense -> outputs of each network

source    Holzmueller et al. 2024, "Better by default" (RealMLP): scaling layer, "PBLD" periodic features, step
          sizes of the neural tangent parametrisation; Gorishniy et al. 2024 (TabM): networks side by side
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

N_WAVES = 16
"""Cosines of a number, of which MADE features are learnt."""

MADE = 3

TURN = np.float32(2 * math.pi)

_FREQUENCY = 0.1
"""Standard deviation of their first frequencies, for numbers of unit scale."""

_SCALE_STEP, _BIAS_STEP, _WAVE_STEP = 6.0, 0.1, 0.1
"""Steps of scales, biases and frequencies, in units of those of weights."""

_LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class Shape:
    """of a set of networks.

    waved   inputs that are numbers of many values, which get periodic features
    """

    n_inputs: int
    waved: tuple[int, ...]
    hidden: tuple[int, ...]
    n_outputs: int
    n_members: int

    @property
    def n_wide(self) -> int:
        """Inputs of the first dense layer."""
        return self.n_inputs + MADE * len(self.waved)

    @property
    def n_weights(self) -> int:
        """The number of weights of the dense layers of one network."""
        sizes = (self.n_wide, *self.hidden, self.n_outputs)
        return sum(a * b for a, b in pairwise(sizes))

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """Return names and shapes of the parameters, those that are decayed first."""
        k, e = self.n_members, len(self.waved)
        sizes = (self.n_wide, *self.hidden, self.n_outputs)
        named: dict[str, tuple[int, ...]] = {
            f"weights{i}": (k, a, b) for i, (a, b) in enumerate(pairwise(sizes))
        }
        if e:
            named["mixing"] = (e, N_WAVES, MADE)
        named["scale"] = (k, self.n_wide, 1)
        named |= {f"bias{i}": (k, 1, b) for i, b in enumerate(sizes[1:])}
        if e:
            named |= {
                "frequency": (e, 1, N_WAVES),
                "phase": (e, 1, N_WAVES),
                "offset": (e, 1, MADE),
            }
        return named


class Parameters:
    """One flat vector and the arrays of which it consists, as views."""

    def __init__(self, shape: Shape, flat: Floats | None = None) -> None:
        sizes = shape.sizes()
        total = sum(math.prod(size) for size in sizes.values())
        self.shape = shape
        self.flat = np.zeros(total, np.float32) if flat is None else flat
        self.by_name: dict[str, Floats] = {}
        start = 0
        for name, size in sizes.items():
            end = start + math.prod(size)
            self.by_name[name] = self.flat[start:end].reshape(size)
            start = end

    def __getitem__(self, name: str) -> Floats:
        return self.by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    @property
    def n_decayed(self) -> int:
        """Length of the part of the vector that weight decay acts on."""
        return sum(
            array.size
            for name, array in self.by_name.items()
            if name.startswith("weights") or name == "mixing"
        )


def steps_of(shape: Shape) -> Floats:
    """Return the length of each parameter's step, in units of the learning rate: 1 / sqrt(inputs) for weights."""
    steps = Parameters(shape)
    for name, array in steps.by_name.items():
        if name.startswith("weights") or name == "mixing":
            array[...] = 1 / math.sqrt(array.shape[1])
        elif name == "scale":
            array[...] = _SCALE_STEP
        elif name in ("frequency", "phase"):
            array[...] = _WAVE_STEP
        else:
            array[...] = _BIAS_STEP
    return steps.flat


class Network:
    """The networks at work on batches of a fixed size or smaller.

    dropout   share of hidden values left out while training
    """

    def __init__(self, shape: Shape, n_rows: int, dropout: float, seed: int) -> None:
        self.shape = shape
        self.parameters = Parameters(shape)
        self.gradient = Parameters(shape)
        self._waved = np.array(shape.waved, np.int64)
        self._generator = np.random.default_rng(seed)
        self._pool = _mask_pool(dropout, n_rows, shape, self._generator)
        self._layers = [_Layer(shape, i, n_rows) for i in range(len(shape.hidden))]
        self._scaled = np.empty_like(self.parameters["weights0"])
        self._ones = np.ones((1, n_rows), np.float32)
        self._wide = np.empty((n_rows, shape.n_wide), np.float32)

    def start(self, X: Floats) -> None:
        """First values: weights that give the rows of X activations of unit spread, and biases that put the
        border of each hidden unit through one of these rows."""
        own, generator = self.parameters, self._generator
        own["scale"][...] = 1
        if len(self._waved):
            own["frequency"][...] = generator.normal(0, _FREQUENCY, own["frequency"].shape)
            own["phase"][...] = generator.uniform(-0.5, 0.5, own["phase"].shape)
            own["mixing"][...] = generator.normal(0, N_WAVES**-0.5, own["mixing"].shape)
        values = np.broadcast_to(
            self._widened(X, np.empty((len(X), self.shape.n_wide), np.float32)),
            (self.shape.n_members, len(X), self.shape.n_wide),
        )
        for i in range(len(self.shape.hidden)):
            weights, bias = own[f"weights{i}"], own[f"bias{i}"]
            weights[...] = generator.normal(0, weights.shape[1] ** -0.5, weights.shape)
            made = np.matmul(values, weights)
            spread = made.std(axis=(1, 2), keepdims=True)
            weights /= np.maximum(spread, _LEAST_SPREAD)
            made /= np.maximum(spread, _LEAST_SPREAD)
            picked = generator.integers(0, len(X), bias.shape)
            bias[...] = -np.take_along_axis(made, picked, axis=1)
            made += bias
            values = silu(made)

    def outputs(self, X: Floats) -> Floats:
        """Return (n_members, n_rows, n_outputs) without dropout, for any number of rows."""
        own = self.parameters
        wide = self._widened(X, np.empty((len(X), self.shape.n_wide), np.float32))
        values: Floats = np.matmul(wide, own["scale"] * own["weights0"])
        values += own["bias0"]
        for i in range(1, len(self.shape.hidden) + 1):
            values = np.matmul(silu(values), own[f"weights{i}"])
            values += own[f"bias{i}"]
        return values

    def forward(self, X: Floats) -> Floats:
        """Return (n_members, n_rows, n_outputs), with dropout; `backward` goes back from here."""
        own = self.parameters
        self._n = len(X)
        self._X = X
        wide = self._widened(X, self._wide[: self._n])
        np.multiply(own["scale"], own["weights0"], out=self._scaled)
        values: Floats = wide
        weights = self._scaled
        for i, layer in enumerate(self._layers):
            values = layer.forward(values, weights, own[f"bias{i}"], self._mask(layer))
            weights = own[f"weights{i + 1}"]
        outputs: Floats = np.matmul(values, weights)
        outputs += own[f"bias{len(self._layers)}"]
        return outputs

    def backward(self, slopes: Floats) -> None:
        """Add the gradient of a loss to `self.gradient`, from its slopes in the outputs of `forward`."""
        own, found = self.parameters, self.gradient
        depth = len(self._layers)
        ones = self._ones[:, : self._n]
        for i in range(depth, 0, -1):
            below = self._layers[i - 1]
            np.matmul(
                below.values[:, : self._n].transpose(0, 2, 1), slopes, out=found[f"weights{i}"]
            )
            np.matmul(ones, slopes, out=found[f"bias{i}"])
            slopes = below.backward(slopes, own[f"weights{i}"])
        np.matmul(ones, slopes, out=found["bias0"])
        pulls = found["weights0"]
        np.matmul(self._wide[: self._n].T, slopes, out=pulls)
        np.einsum("kih,kih->ki", pulls, own["weights0"], out=found["scale"][:, :, 0])
        if len(self._waved):
            self._backward_waves(slopes, ones)
        pulls *= own["scale"]

    def _widened(self, X: Floats, wide: Floats) -> Floats:
        wide[:, : self.shape.n_inputs] = X
        if len(self._waved):
            own = self.parameters
            numbers = np.ascontiguousarray(X[:, self._waved].T)[:, :, None]
            angles = numbers * own["frequency"]
            angles += own["phase"]
            angles *= TURN
            cosines = np.cos(angles)
            made = np.matmul(cosines, own["mixing"])
            made += own["offset"]
            wide[:, self.shape.n_inputs :] = made.transpose(1, 0, 2).reshape(len(X), -1)
            self._numbers, self._angles, self._cosines = numbers, angles, cosines
        return wide

    def _backward_waves(self, slopes: Floats, ones: Floats) -> None:
        own, found = self.parameters, self.gradient
        weights = self._scaled[:, self.shape.n_inputs :]
        pulls = np.matmul(slopes, weights.transpose(0, 2, 1)).sum(axis=0)
        pulls = np.ascontiguousarray(
            pulls.reshape(self._n, len(self._waved), MADE).transpose(1, 0, 2)
        )
        np.matmul(ones, pulls, out=found["offset"])
        np.matmul(self._cosines.transpose(0, 2, 1), pulls, out=found["mixing"])
        turns = np.matmul(pulls, own["mixing"].transpose(0, 2, 1))
        turns *= np.sin(self._angles, out=self._angles)
        np.matmul(ones, turns, out=found["phase"])
        np.matmul(self._numbers.transpose(0, 2, 1), turns, out=found["frequency"])
        for name in ("phase", "frequency"):
            pulls = found[name]
            pulls *= -TURN

    def _mask(self, layer: _Layer) -> Floats | None:
        if self._pool is None:
            return None
        k, _, width = layer.values.shape
        size = k * self._n * width
        start = int(self._generator.integers(0, len(self._pool) - size + 1))
        return self._pool[start : start + size].reshape(k, self._n, width)


class _Layer:
    """A hidden layer's room for one batch."""

    def __init__(self, shape: Shape, i: int, n_rows: int) -> None:
        size = (shape.n_members, n_rows, shape.hidden[i])
        self.values = np.empty(size, np.float32)
        self._slope = np.empty(size, np.float32)
        self._scratch = np.empty(size, np.float32)
        self._pulls = np.empty(size, np.float32)

    def forward(self, below: Floats, weights: Floats, bias: Floats, mask: Floats | None) -> Floats:
        """silu(below @ weights + bias), and its derivative for `backward`."""
        n = below.shape[-2]
        sums, values, slope = self._scratch[:, :n], self.values[:, :n], self._slope[:, :n]
        np.matmul(below, weights, out=sums)
        sums += bias
        sigmoid(sums, slope)
        np.multiply(sums, slope, out=values)
        # derivative: s + x s (1 - s) = s + v - v s
        np.multiply(values, slope, out=sums)
        slope += values
        slope -= sums
        if mask is not None:
            values *= mask
            slope *= mask
        return values

    def backward(self, slopes: Floats, weights: Floats) -> Floats:
        """Slopes in what came in, before the activation, from those in what the next layer made of it."""
        n = slopes.shape[1]
        pulls = self._pulls[:, :n]
        np.matmul(slopes, weights.transpose(0, 2, 1), out=pulls)
        pulls *= self._slope[:, :n]
        return pulls


def sigmoid(x: Floats, made: Floats) -> None:
    """1 / (1 + exp(-x)) into `made`, by way of the hyperbolic tangent, which cannot overflow."""
    np.multiply(x, _HALF, out=made)
    np.tanh(made, out=made)
    made *= _HALF
    made += _HALF


def silu(x: Floats) -> Floats:
    """x / (1 + exp(-x))."""
    made = np.empty_like(x)
    sigmoid(x, made)
    made *= x
    return made


_HALF = np.float32(0.5)


def _mask_pool(
    dropout: float, n_rows: int, shape: Shape, generator: np.random.Generator
) -> Floats | None:
    """Random multipliers, 0 or 1 / (1 - dropout), of which every mask is a piece taken at random: drawing new
    ones for each batch would cost as much as the layer."""
    if dropout <= 0:
        return None
    size = 2 * shape.n_members * n_rows * max(shape.hidden) + 100_003
    kept = generator.random(size, np.float32) >= dropout
    pool: Floats = kept.astype(np.float32)
    pool /= np.float32(1 - dropout)
    return pool
