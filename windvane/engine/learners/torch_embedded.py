"""Networks with embeddings, and how they are trained. Imported by those who train alone: it needs the extra
`torch`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Clock, Rows, Setting
from windvane.engine.learners.fastai_tabular import NAME
from windvane.engine.learners.scaling import Floats, Scaling, input_scaling, target_scaling
from windvane.engine.learners.stack_model import InputPlan, Layers, Stack, StackModel, stack_of
from windvane.engine.learners.torch_training import (
    TorchCourse,
    TorchNetwork,
    TorchRows,
    array_of,
    torch_ready,
    train_network,
)

_WARM_UP, _FIRST_SHARE, _LAST_SHARE = 0.25, 1 / 25, 1e-5


class EmbeddedTabular(TorchNetwork):
    """Embeddings of categories beside batch-normalised numbers, then dense layers, each with batch normalisation and
    dropout after it.

    source    fastai's TabularModel (Howard, Gugger 2020, "fastai: a layered API for deep learning")
    """

    def __init__(
        self,
        n_numbers: int,
        sizes: Sequence[int],
        hidden: Sequence[int],
        n_outputs: int,
        dropout: float,
        embedding_dropout: float,
    ) -> None:
        super().__init__()
        self._tables = [nn.Embedding(size, embedding_width(size)) for size in sizes]
        for table in self._tables:
            nn.init.trunc_normal_(table.weight, std=0.01, a=-0.02, b=0.02)
        self.embedding_dropout = nn.Dropout(embedding_dropout)
        self.norm = nn.BatchNorm1d(n_numbers)
        n_wide = n_numbers + sum(embedding_width(size) for size in sizes)
        widths = [n_wide, *hidden]
        self._hidden = [nn.Linear(n_in, n_out) for n_in, n_out in pairwise(widths)]
        self._norms = [nn.BatchNorm1d(size) for size in hidden]
        self.parts = nn.ModuleList([*self._tables, *self._hidden, *self._norms])
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(widths[-1], n_outputs)

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        embedded = [table(codes[:, i]) for i, table in enumerate(self._tables)]
        values = self.norm(numbers) if numbers.shape[1] else numbers
        if embedded:
            values = torch.cat([values, self.embedding_dropout(torch.cat(embedded, dim=1))], dim=1)
        for layer, norm in zip(self._hidden, self._norms, strict=True):
            values = self.dropout(norm(torch.relu(layer(values))))
        outputs: Tensor = self.head(values)
        return outputs[:, None, :]

    def layers(self) -> Layers:
        """Normalisations become part of the dense layer that follows them."""
        factor, offset = _as_line(self.norm)
        n_embedded = self._hidden[0].in_features - len(factor)
        factor = np.concatenate((factor, np.ones(n_embedded)))
        offset = np.concatenate((offset, np.zeros(n_embedded)))
        made: list[tuple[Floats, Floats]] = []
        for layer, norm in zip([*self._hidden, self.head], [*self._norms, None], strict=True):
            weights = array_of(layer.weight).T.astype(np.float64)
            bias = array_of(layer.bias) + offset @ weights
            weights = factor[:, None] * weights
            made.append((weights.astype(np.float32), bias.astype(np.float32)))
            if norm is not None:
                factor, offset = _as_line(norm)
        (weights0, bias0), *shared, (head, head_bias) = made
        tables = tuple(array_of(table.weight) for table in self._tables)
        return Layers(weights0, bias0, tuple(shared), head[None], head_bias[None], tables)


def embedding_width(size: int) -> int:
    """Return the width of an embedding for so many categories.

    source    fastai's rule of thumb
    """
    return min(600, round(1.6 * math.pow(size, 0.56)))


def _as_line(norm: nn.BatchNorm1d) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the normalisation as factor and offset of each value."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ValueError("the normalisation keeps no averages")
    factor = array_of(norm.weight).astype(np.float64) / np.sqrt(array_of(variance) + norm.eps)
    return factor, array_of(norm.bias) - array_of(mean) * factor


def fit(
    train: Rows, valid: Rows | None, h: dict[str, Any], setting: Setting, clock: Clock
) -> StackModel:
    """Train as Learner.fit says.

    raises    ValueError if a target is missing
    """
    if not np.isfinite(train.y).all():
        raise ValueError("some targets are missing or infinite")
    target = Scaling() if setting.n_classes else target_scaling(train)
    plan = _inputs(train, setting.features)
    course = TorchCourse(
        epochs=max(1, int(h["epochs"])),
        batch=int(h["batch"]),
        learning_rate=float(h["learning_rate"]),
        weight_decay=float(h["weight_decay"]),
        patience=int(h["epochs"]),
        step_share=one_cycle,
        smoothing=float(h["label_smoothing"]),
    )

    def rows(of: Rows) -> TorchRows:
        scaled = (of.y - target.centre) / target.scale
        return TorchRows.of(plan.numbers_of(of.X), plan.places_of(of.X), scaled, of.weight)

    with torch_ready(setting):
        network = EmbeddedTabular(
            n_numbers=len(plan.numbers) + len(plan.indicated),
            sizes=plan.sizes.tolist(),
            hidden=(int(h["n_hidden"]), int(h["n_hidden"]) // 2),
            n_outputs=setting.n_classes if setting.n_classes > 2 else 1,
            dropout=float(h["dropout"]),
            embedding_dropout=float(h["embedding_dropout"]),
        )
        rounds = train_network(
            network, rows(train), None if valid is None else rows(valid), setting, course, clock
        )
    n_features = train.X.shape[1]
    stack = Stack(plan, network.layers(), n_features, setting.n_classes, rounds, target)
    return stack_of(NAME, stack)


def one_cycle(at: float) -> float:
    """Share of the learning rate when `at` of the schedule is over: up for a quarter, then down to next to nothing.

    source    Smith, Topin 2017, "Super-convergence" (arXiv 1708.07120), with fastai's figures
    """
    if at < _WARM_UP:
        return _FIRST_SHARE + (1 - _FIRST_SHARE) * (1 - math.cos(math.pi * at / _WARM_UP)) / 2
    left = (1 - at) / (1 - _WARM_UP)
    return _LAST_SHARE + (1 - _LAST_SHARE) * (1 - math.cos(math.pi * left)) / 2


def _inputs(train: Rows, features: Sequence[Feature]) -> InputPlan:
    """Numbers are filled with their medians; those that may be missing get an indicator."""
    coded = [j for j, feature in enumerate(features) if feature.cardinality]
    numbers = np.array([j for j, one in enumerate(features) if not one.cardinality], np.int64)
    taken = train.X[:, numbers]
    missing = np.isnan(taken)
    fill = np.zeros(len(numbers), np.float32)
    for i in range(len(numbers)):
        known = taken[~missing[:, i], i]
        fill[i] = np.median(known) if known.size else 0.0
    centre, inverse = input_scaling(np.where(missing, fill, taken))
    return InputPlan(
        numbers=numbers,
        fill=fill,
        centre=centre,
        inverse=inverse,
        indicated=np.flatnonzero(missing.any(axis=0)),
        codes=np.array(coded, np.int64),
        sizes=np.array([features[j].cardinality + 1 for j in coded], np.int64),
    )
