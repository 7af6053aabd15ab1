"""Chronos-Bolt: a network that was trained on other series, with weights that the operator supplies. It sees the values of each
series and nothing else.

The forecast of more steps than the network makes at once goes on from each of its quantiles, as the published code does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.domain.forecasting import CHRONOS_BOLT_FILES
from windvane.engine.forecasting.forecast import (
    Forecast,
    ForecastTask,
    guarded,
    mean_of_quantiles,
    normal_quantile,
)
from windvane.engine.forecasting.models.base import (
    CHUNK_CELLS,
    FitLimits,
    FittedModel,
    Learning,
)
from windvane.engine.forecasting.models.chronos_network import BoltConfig, BoltNetwork, shapes_of
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.manifest import check_manifest, read_json, write_json, write_manifest
from windvane.engine.safetensors import check_safetensors, read_safetensors
from windvane.errors import CandidateFault, CorruptArtifact

_NAME = "chronos-bolt"
_CONFIG, _WEIGHTS = CHRONOS_BOLT_FILES

_ALSO_THERE = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")
"""Arrays that some files have and the network does not use."""

_MOST_SERIES = 4_000
"""More are not tried: a sample of them would be compared, which says nothing of how long all of them take."""

_TIMED = 4
"""Series that are forecast to know how long all of them take."""

_MOST_S = 5.0
"""That the forecast of a series may take."""

_MOST_PRODUCTS = 2e12
"""Of numbers, likewise: as many as the largest published network needs for the longest horizon."""

_SLOW_START = 4.0
"""The first forecast of a process takes at most so many times as long as others."""

_USABLE = 0.7
"""Share of the time that is left which forecasts may take."""


class ChronosBolt:
    """The pretrained network, from a folder with config.json and model.safetensors."""

    name = _NAME
    description = (
        "Chronos-Bolt, a network pretrained on other series: it sees the values of each series, but neither covariates nor "
        "static columns."
    )
    learning = Learning.BEFOREHAND

    def suits(self, history: Panel, task: ForecastTask) -> bool:  # noqa: ARG002
        return history.n_series <= _MOST_SERIES

    def fit(self, history: Panel, task: ForecastTask, limits: FitLimits) -> FittedModel:
        if limits.chronos_bolt is None:
            raise CandidateFault("There is no folder with weights of Chronos-Bolt.")
        try:
            one = _read(limits.chronos_bolt, task)
        except CorruptArtifact as error:
            raise CandidateFault(str(error)) from error
        n_forecasts = history.n_series * limits.n_forecasts
        left_s = max(0.0, limits.stop_at - time.time()) * _USABLE
        each_s = one.seconds_each(history, min(_MOST_S, left_s / n_forecasts))
        if each_s > _MOST_S:
            raise CandidateFault(
                f"Chronos-Bolt would take about {each_s:,.0f} s to forecast a single series; {_MOST_S:.0f} s are the most. Use a "
                f"smaller network, or forecast at most {one.network.config.prediction_length} steps, which takes the least time."
            )
        if each_s * n_forecasts > left_s:
            raise CandidateFault(
                f"Chronos-Bolt would take about {each_s * n_forecasts:,.0f} s to forecast {history.n_series:,} series in "
                f"{limits.n_forecasts} backtest windows, and has {left_s:,.0f} s. Give the job more time, or use a smaller network."
            )
        return one

    def load(self, folder: Path, task: ForecastTask) -> FittedModel:
        check_manifest(folder, self.name)
        return _read(folder, task)


def check_weights(folder: Path) -> None:
    """Check that a folder has a configuration and weights that go together, whose numbers are not read.

    raises    CorruptArtifact
    """
    config = _read_config(folder)
    check_safetensors(folder / _WEIGHTS, shapes_of(config), _ALSO_THERE)


def _read(folder: Path, task: ForecastTask) -> _FittedBolt:
    """Read a folder with configuration and weights.

    raises    CorruptArtifact
    """
    config = _read_config(folder)
    if config.n_products(task.horizon) > _MOST_PRODUCTS:
        raise CorruptArtifact(
            f"{folder} holds a network that is too large to forecast {task.horizon} steps."
        )
    tensors = read_safetensors(folder / _WEIGHTS, shapes_of(config), _ALSO_THERE)
    document = read_json(folder / _CONFIG)
    return _FittedBolt(BoltNetwork(config, tensors.arrays), tensors.content, document, task)


def _read_config(folder: Path) -> BoltConfig:
    """Read the configuration of a network.

    raises    CorruptArtifact
    """
    document = read_json(folder / _CONFIG)
    try:
        return BoltConfig.from_json(document)
    except ValueError as error:
        raise CorruptArtifact(
            f"{folder / _CONFIG} is not the configuration of a Chronos-Bolt network: {error}."
        ) from error


@dataclass(frozen=True)
class _FittedBolt:
    """The network for a task.

    content    bytes of the file of its weights, which are saved as they are
    document   its configuration, likewise
    """

    network: BoltNetwork
    content: NDArray[np.uint8]
    document: dict[str, object]
    task: ForecastTask

    def forecast(self, history: Panel) -> Forecast:
        config, task = self.network.config, self.task
        n_steps = min(config.context_length, history.longest)
        context = history.tail(n_steps, history.values)
        shape = (history.n_series, task.horizon, len(config.quantiles))
        quantiles = np.empty(shape)
        size = max(1, CHUNK_CELLS // (shape[1] * shape[2] + shape[2] * config.context_length))
        with np.errstate(all="ignore"):  # what comes of it is guarded
            for at in range(0, history.n_series, size):
                made = unrolled(self.network, context[at : at + size], task.horizon)
                quantiles[at : at + size] = np.sort(made, axis=1).transpose(0, 2, 1)
            mean = mean_of_quantiles(quantiles, config.quantiles)
            wanted = at_levels(quantiles, config.quantiles, task.levels)
        return guarded(Forecast(mean, wanted), history)

    def save(self, folder: Path) -> None:
        write_json(folder / _CONFIG, self.document)
        self.content.tofile(folder / _WEIGHTS)
        write_manifest(folder, _NAME, {})

    def seconds_each(self, history: Panel, most_s: float) -> float:
        """Return about how long the forecast of a series takes.

        most_s    that it may take: if the first one takes far longer, no others are timed
        """
        config = self.network.config
        few = history.only(np.arange(min(_TIMED, history.n_series)))
        n_steps = min(config.context_length, history.longest)
        context = few.tail(n_steps, few.values)
        n_passes = config.n_passes(self.task.horizon)
        first_s = self._seconds(context[:1]) * n_passes
        if first_s > _SLOW_START * most_s:
            return first_s
        return self._seconds(context) / len(context) * n_passes

    def _seconds(self, context: Floats) -> float:
        began = time.perf_counter()
        with np.errstate(all="ignore"):
            self.network.forecast(context)
        return time.perf_counter() - began


def unrolled(network: BoltNetwork, context: Floats, horizon: int) -> Floats:
    """Return (n_series, n_quantiles, horizon) quantiles of the steps after each series. Each block of steps after the first is
    forecast after each quantile of the block before; of all forecasts together the quantiles are taken.

    context    (n_series, n_steps), NaN where a value is missing
    source     the published pipeline of Chronos-Bolt in chronos-forecasting
    """
    config = network.config
    context = context[:, -config.context_length :]
    n, n_quantiles = len(context), len(config.quantiles)
    blocks = [network.forecast(context)]
    paths = np.repeat(context[:, None, :], n_quantiles, axis=1)
    while len(blocks) * config.prediction_length < horizon:
        paths = np.concatenate([paths, blocks[-1]], axis=2)[:, :, -config.context_length :]
        each = network.forecast(paths.reshape(n * n_quantiles, -1))
        each = each.reshape(n, n_quantiles**2, config.prediction_length)
        blocks.append(np.quantile(each, config.quantiles, axis=1).transpose(1, 0, 2))
    return np.concatenate(blocks, axis=2)[:, :, :horizon]


def at_levels(quantiles: Floats, own: tuple[float, ...], wanted: tuple[float, ...]) -> Floats:
    """Return (n_series, horizon, len(wanted)) quantiles of other levels: on lines between those that there are, over the
    quantiles of a normal distribution. Beyond the outermost ones, their distance from the median grows as a normal
    distribution's does.

    quantiles    (n_series, horizon, len(own)), ascending
    """
    return np.stack(list(_each_level(quantiles, own, wanted)), axis=2)


def _each_level(
    quantiles: Floats, own: tuple[float, ...], wanted: tuple[float, ...]
) -> Iterator[Floats]:
    z = np.array([normal_quantile(level) for level in own])
    median = quantiles[:, :, own.index(0.5)]
    for level in wanted:
        at = normal_quantile(level)
        above = int(np.searchsorted(z, at))
        if level in own:
            yield quantiles[:, :, own.index(level)]
        elif 0 < above < len(own):
            share = (at - z[above - 1]) / (z[above] - z[above - 1])
            low, high = quantiles[:, :, above - 1], quantiles[:, :, above]
            yield low + share * (high - low)
        else:
            edge = 0 if above == 0 else len(own) - 1
            yield median + (quantiles[:, :, edge] - median) * (at / z[edge])


CHRONOS_BOLT = ChronosBolt()
