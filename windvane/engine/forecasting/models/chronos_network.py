"""The network of Chronos-Bolt, in NumPy: patches of a series go through T5's encoder, and one step of its decoder gives quantiles
of all steps ahead.

source    Ansari et al. 2024, "Chronos: Learning the language of time series", and the architecture published as
          ChronosBoltModelForForecasting in chronos-forecasting; Raffel et al. 2020, "Exploring the limits of transfer learning
          with a unified text-to-text transformer" (T5)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.checked import flag_in, number_in, whole_in
from windvane.engine.forecasting.known import mean_of_known
from windvane.engine.forecasting.models.base import CHUNK_CELLS
from windvane.engine.forecasting.panel import Floats
from windvane.engine.safetensors import Shape

Floats32 = NDArray[np.float32]
Weights = Mapping[str, Floats32]

_SCALE_OF_CONSTANTS = 1e-5
_MASKED = np.finfo(np.float32).min
_REG_TOKEN = 1
_DEFAULTS = {
    "relative_attention_num_buckets": 32,
    "relative_attention_max_distance": 128,
    "layer_norm_epsilon": 1e-6,
    "feed_forward_proj": "relu",
}
"""source    T5Config in transformers"""

_MOST_WIDTH, _MOST_HIDDEN, _MOST_LAYERS, _MOST_HEADS = 2_048, 8_192, 48, 32
_MOST_TOKENS, _MOST_QUANTILES, _MOST_WEIGHTS = 512, 21, 300_000_000
"""The largest published network has 205 million weights, in 12 layers of width 768, and looks at 128 patches."""


@dataclass(frozen=True)
class BoltConfig:
    """The size of a network.

    context_length     values that it looks at
    prediction_length  steps that it forecasts at once
    patch_size         values of a patch
    quantiles          levels, ascending, 0.5 among them
    width              of what stands for a patch (d_model)
    n_hidden           units of feed-forward layers (d_ff)
    head_width         of each of n_heads of attention (d_kv)
    n_buckets          of distances, up to max_distance patches
    start_token        that the decoder begins with
    """

    context_length: int
    prediction_length: int
    patch_size: int
    quantiles: tuple[float, ...]
    has_reg_token: bool
    width: int
    n_hidden: int
    n_heads: int
    head_width: int
    n_encoder_layers: int
    n_decoder_layers: int
    n_buckets: int
    max_distance: int
    epsilon: float
    start_token: int

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> BoltConfig:
        """Read config.json.

        raises    ValueError if it is that of another network, or of one larger than any should be
        """
        own = document.get("chronos_config")
        if not isinstance(own, dict):
            raise ValueError("there is no 'chronos_config'")  # noqa: TRY004 - the content is wrong, no caller
        told = {**_DEFAULTS, **document}
        if told["feed_forward_proj"] != "relu":
            raise ValueError("'feed_forward_proj' must be 'relu'")
        size = whole_in(own, "input_patch_size", 1, 512)
        whole_in(own, "input_patch_stride", size, size)
        n_layers = whole_in(told, "num_layers", 1, _MOST_LAYERS)
        has_own = told.get("num_decoder_layers") is not None
        has_reg = flag_in({"use_reg_token": False, **own}, "use_reg_token")
        made = cls(
            context_length=whole_in(own, "context_length", size, size * _MOST_TOKENS),
            prediction_length=whole_in(own, "prediction_length", 8, 1_024),
            patch_size=size,
            quantiles=_levels(own.get("quantiles")),
            has_reg_token=has_reg,
            width=whole_in(told, "d_model", 1, _MOST_WIDTH),
            n_hidden=whole_in(told, "d_ff", 1, _MOST_HIDDEN),
            n_heads=whole_in(told, "num_heads", 1, _MOST_HEADS),
            head_width=whole_in(told, "d_kv", 1, 256),
            n_encoder_layers=n_layers,
            n_decoder_layers=whole_in(told, "num_decoder_layers", 1, _MOST_LAYERS)
            if has_own
            else n_layers,
            n_buckets=whole_in(told, "relative_attention_num_buckets", 4, 1_024),
            max_distance=whole_in(told, "relative_attention_max_distance", 2, 100_000),
            epsilon=number_in(told, "layer_norm_epsilon", 1e-12, 1.0),
            start_token=whole_in(told, "decoder_start_token_id", 0, int(has_reg)),
        )
        if made.n_buckets % 4 or made.max_distance <= made.n_buckets // 4:
            raise ValueError("the buckets of distances do not fit the largest distance")
        n_weights = sum(math.prod(shape) for shape in shapes_of(made).values())
        if n_weights > _MOST_WEIGHTS:
            raise ValueError(f"there are {n_weights:,} weights; {_MOST_WEIGHTS:,} are the most")
        return made

    @property
    def n_tokens(self) -> int:
        """Patches of the longest series that it looks at, with the token that stands for all of it."""
        return -(-self.context_length // self.patch_size) + self.has_reg_token

    def n_passes(self, horizon: int) -> int:
        """Return how many series it looks at to forecast so many steps of one: each block of steps after the first goes on
        from every quantile."""
        n_blocks = -(-horizon // self.prediction_length)
        return 1 + len(self.quantiles) * (n_blocks - 1)

    def n_products(self, horizon: int) -> float:
        """Return about how many products of numbers a forecast of one series is made of."""
        n_weights = sum(math.prod(shape) for shape in shapes_of(self).values())
        return float(n_weights) * self.n_tokens * self.n_passes(horizon)

    @property
    def inner(self) -> int:
        """Width of all heads together."""
        return self.n_heads * self.head_width


def shapes_of(config: BoltConfig) -> dict[str, Shape]:
    """Return the weights of a network: name -> shape."""
    made: dict[str, Shape] = {"shared.weight": (1 + config.has_reg_token, config.width)}
    n_out = len(config.quantiles) * config.prediction_length
    made |= _residual("input_patch_embedding", 2 * config.patch_size, config.width, config)
    made |= _residual("output_patch_embedding", config.width, n_out, config)
    for stack, n_layers in (
        ("encoder", config.n_encoder_layers),
        ("decoder", config.n_decoder_layers),
    ):
        buckets = f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        made[buckets] = (config.n_buckets, config.n_heads)
        made[f"{stack}.final_layer_norm.weight"] = (config.width,)
        for i in range(n_layers):
            made |= dict(_block(f"{stack}.block.{i}.layer", stack == "decoder", config))
    return made


def _residual(name: str, n_in: int, n_out: int, config: BoltConfig) -> dict[str, Shape]:
    sizes = {
        "hidden_layer": (config.n_hidden, n_in),
        "output_layer": (n_out, config.n_hidden),
        "residual_layer": (n_out, n_in),
    }
    weights = {f"{name}.{layer}.weight": shape for layer, shape in sizes.items()}
    return weights | {f"{name}.{layer}.bias": shape[:1] for layer, shape in sizes.items()}


def _block(name: str, is_decoder: bool, config: BoltConfig) -> Iterator[tuple[str, Shape]]:
    attentions = ("SelfAttention", "EncDecAttention") if is_decoder else ("SelfAttention",)
    for i, attention in enumerate(attentions):
        for part in "qkv":
            yield f"{name}.{i}.{attention}.{part}.weight", (config.inner, config.width)
        yield f"{name}.{i}.{attention}.o.weight", (config.width, config.inner)
        yield f"{name}.{i}.layer_norm.weight", (config.width,)
    last = f"{name}.{len(attentions)}"
    yield f"{last}.DenseReluDense.wi.weight", (config.n_hidden, config.width)
    yield f"{last}.DenseReluDense.wo.weight", (config.width, config.n_hidden)
    yield f"{last}.layer_norm.weight", (config.width,)


def _levels(told: Any) -> tuple[float, ...]:
    """Return the levels of quantiles.

    raises    ValueError unless they ascend, some below 0.5, 0.5 itself and some above
    """
    if not isinstance(told, list) or not 3 <= len(told) <= _MOST_QUANTILES:
        raise ValueError(f"'quantiles' must be a list of 3 to {_MOST_QUANTILES} levels")
    levels = tuple(number_in({"quantiles": one}, "quantiles", 1e-4, 1 - 1e-4) for one in told)
    is_ascending = all(b > a for a, b in pairwise(levels))
    if not is_ascending or 0.5 not in levels[1:-1]:
        raise ValueError("'quantiles' must ascend, with 0.5 between the first and the last")
    return levels


@dataclass(frozen=True)
class BoltNetwork:
    """A network with its weights."""

    config: BoltConfig
    weights: Weights

    @property
    def batch(self) -> int:
        """The number of series that are forecast together."""
        config = self.config
        widest = max(config.n_hidden, config.inner, config.n_heads * config.n_tokens)
        return max(1, CHUNK_CELLS // (config.n_tokens * widest))

    def forecast(self, context: Floats) -> Floats:
        """Return (n_series, n_quantiles, prediction_length) the quantiles of the steps after each series.

        context    (n_series, n_steps), NaN where a value is missing, at most context_length steps
        """
        size = self.batch
        parts = [self._of_batch(context[at : at + size]) for at in range(0, len(context), size)]
        return np.concatenate(parts)

    def _of_batch(self, context: Floats) -> Floats:
        config = self.config
        loc = np.nan_to_num(mean_of_known(context, 1, keepdims=True))
        scale = np.sqrt(mean_of_known((context - loc) ** 2, 1, keepdims=True))
        scale = np.where(np.isfinite(scale), scale, 1.0)
        scale = np.where(scale == 0, _SCALE_OF_CONSTANTS, scale)
        states, is_known = self._encoded((context - loc) / scale)
        made = self._residual("output_patch_embedding", self._decoded(states, is_known))
        shape = (len(context), len(config.quantiles), config.prediction_length)
        quantiles = made.reshape(shape).astype(np.float64)
        return quantiles * scale[:, :, None] + loc[:, :, None]

    def _encoded(self, scaled: Floats) -> tuple[Floats32, NDArray[np.bool_]]:
        """Return (n, n_tokens, width) what stands for each patch, and (n, n_tokens) whether there is any value in it.

        scaled    (n, n_steps)
        """
        config, n = self.config, len(scaled)
        before = np.full((n, -scaled.shape[1] % config.patch_size), np.nan)
        cells = np.concatenate([before, scaled], axis=1).reshape(n, -1, config.patch_size)
        is_there = np.isfinite(cells)
        patches = np.concatenate([np.where(is_there, cells, 0.0), is_there], axis=2)
        x, is_known = (
            self._residual("input_patch_embedding", patches.astype(np.float32)),
            is_there.any(axis=2),
        )
        if config.has_reg_token:
            token = np.broadcast_to(self.weights["shared.weight"][_REG_TOKEN], (n, 1, config.width))
            x = np.concatenate([x, token], axis=1)
            is_known = np.concatenate([is_known, np.ones((n, 1), bool)], axis=1)
        bias = self._distances(x.shape[1])
        for i in range(config.n_encoder_layers):
            name = f"encoder.block.{i}.layer"
            x = x + self._self_attention(f"{name}.0", x, is_known, bias)
            x = x + self._feed_forward(f"{name}.1", x)
        return self._normed("encoder.final_layer_norm", x), is_known

    def _decoded(self, states: Floats32, is_known: NDArray[np.bool_]) -> Floats32:
        """Return (n, width) the one step of the decoder. It sees itself alone, so that its attention to itself is a linear
        map."""
        start = self.weights["shared.weight"][self.config.start_token]
        x = np.repeat(start[None, :], len(states), axis=0)
        for i in range(self.config.n_decoder_layers):
            name = f"decoder.block.{i}.layer"
            own = self._linear(f"{name}.0.SelfAttention.v", self._normed(f"{name}.0.layer_norm", x))
            x = x + self._linear(f"{name}.0.SelfAttention.o", own)
            x = x + self._cross_attention(f"{name}.1", x, states, is_known)
            x = x + self._feed_forward(f"{name}.2", x)
        return self._normed("decoder.final_layer_norm", x)

    def _self_attention(
        self, name: str, x: Floats32, is_known: NDArray[np.bool_], bias: Floats32
    ) -> Floats32:
        n, n_tokens, _ = x.shape
        config, x = self.config, self._normed(f"{name}.layer_norm", x)
        shape = (n, n_tokens, config.n_heads, config.head_width)
        q, k, v = (
            self._linear(f"{name}.SelfAttention.{part}", x).reshape(shape).transpose(0, 2, 1, 3)
            for part in "qkv"
        )
        scores = q @ k.transpose(0, 1, 3, 2) + bias
        mixed = _softmax(scores, is_known[:, None, None, :]) @ v
        joined = mixed.transpose(0, 2, 1, 3).reshape(n, n_tokens, config.inner)
        return self._linear(f"{name}.SelfAttention.o", joined)

    def _cross_attention(
        self, name: str, x: Floats32, states: Floats32, is_known: NDArray[np.bool_]
    ) -> Floats32:
        """Return what one step takes from all patches: keys and values of patches are never made, as maps of the step are
        smaller."""
        n, config = len(x), self.config
        of_heads = (config.n_heads, config.head_width, config.width)
        keys, values = (
            self.weights[f"{name}.EncDecAttention.{part}.weight"].reshape(of_heads) for part in "kv"
        )
        q = self._linear(f"{name}.EncDecAttention.q", self._normed(f"{name}.layer_norm", x))
        asked: Floats32 = q.reshape(n, config.n_heads, config.head_width).transpose(1, 0, 2) @ keys
        scores: Floats32 = asked.transpose(1, 0, 2) @ states.transpose(0, 2, 1)
        mixed: Floats32 = _softmax(scores, is_known[:, None, :]) @ states
        of_each: Floats32 = mixed.transpose(1, 0, 2) @ values.transpose(0, 2, 1)
        taken = of_each.transpose(1, 0, 2).reshape(n, config.inner)
        return self._linear(f"{name}.EncDecAttention.o", taken)

    def _feed_forward(self, name: str, x: Floats32) -> Floats32:
        inner = self._linear(f"{name}.DenseReluDense.wi", self._normed(f"{name}.layer_norm", x))
        return self._linear(f"{name}.DenseReluDense.wo", np.maximum(inner, 0))

    def _residual(self, name: str, x: Floats32) -> Floats32:
        hidden = self._linear(f"{name}.hidden_layer", x) + self.weights[f"{name}.hidden_layer.bias"]
        made = self._linear(f"{name}.output_layer", np.maximum(hidden, 0))
        beside = self._linear(f"{name}.residual_layer", x)
        biases = (self.weights[f"{name}.{layer}_layer.bias"] for layer in ("output", "residual"))
        return np.asarray(made + beside + sum(biases))

    def _linear(self, name: str, x: Floats32) -> Floats32:
        weight = self.weights[f"{name}.weight"]
        made = x.reshape(-1, x.shape[-1]) @ weight.T
        return made.reshape(*x.shape[:-1], len(weight))

    def _normed(self, name: str, x: Floats32) -> Floats32:
        square = np.mean(x * x, axis=-1, keepdims=True)
        normed: Floats32 = x / np.sqrt(square + np.float32(self.config.epsilon))
        return normed * self.weights[f"{name}.weight"]

    def _distances(self, n_tokens: int) -> Floats32:
        """Return (n_heads, n_tokens, n_tokens) what the distance of two patches adds to their attention."""
        at = np.arange(n_tokens)
        buckets = distance_buckets(
            at[None, :] - at[:, None], self.config.n_buckets, self.config.max_distance
        )
        name = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        return np.ascontiguousarray(self.weights[name][buckets].transpose(2, 0, 1))


def distance_buckets(
    ahead: NDArray[np.int64], n_buckets: int, max_distance: int
) -> NDArray[np.int64]:
    """Return the bucket of distances: half of them are for what is ahead. Half of each half are for single steps, the others
    grow by a factor up to `max_distance`.

    source    Raffel et al. 2020, section 2.1
    """
    half = n_buckets // 2
    exact = half // 2
    distance = np.abs(ahead)
    ratio = np.log(np.maximum(distance, 1) / exact) / math.log(max_distance / exact)
    grown = exact + (ratio * (half - exact) + 1e-9).astype(np.int64)
    bucket = np.where(distance < exact, distance, np.minimum(grown, half - 1))
    return np.asarray(bucket + half * (ahead > 0))


def _softmax(scores: Floats32, is_known: NDArray[np.bool_]) -> Floats32:
    """Return weights of the last axis that add up to one; patches without any value get none."""
    scores = np.where(is_known, scores, _MASKED)
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores
