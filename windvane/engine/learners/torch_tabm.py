"""TabM: the network, and how it is trained. Imported by those who train alone: it needs the extra `torch`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from windvane.engine.learners.base import Clock, Rows, Setting
from windvane.engine.learners.nn_torch import NAME
from windvane.engine.learners.scaling import Scaling, input_scaling, target_scaling
from windvane.engine.learners.stack_model import InputPlan, Layers, Stack, StackModel, stack_of
from windvane.engine.learners.torch_training import (
    TorchCourse,
    TorchNetwork,
    TorchRows,
    array_of,
    torch_ready,
    train_network,
)


class TabM(TorchNetwork):
    """One multilayer perceptron seen through many pairs of glasses: each member scales the inputs its own way, all
    share the hidden layers, each has a head of its own.

    source    Gorishniy, Kotelnikov, Babenko 2024, "TabM: Advancing tabular deep learning with parameter-efficient
              ensembling" (arXiv 2410.24210): TabM-mini
    """

    def __init__(
        self,
        n_inputs: int,
        n_hidden: int,
        n_layers: int,
        n_outputs: int,
        n_members: int,
        dropout: float,
    ) -> None:
        super().__init__()
        signs = torch.randint(0, 2, (n_members, n_inputs)) * 2 - 1
        self.scales = nn.Parameter(signs.float())
        widths = [n_inputs, *[n_hidden] * n_layers]
        self._hidden = [nn.Linear(n_in, n_out) for n_in, n_out in pairwise(widths)]
        self.hidden = nn.ModuleList(self._hidden)
        self.dropout = nn.Dropout(dropout)
        bound = n_hidden**-0.5
        self.heads = nn.Parameter(
            torch.empty(n_members, n_hidden, n_outputs).uniform_(-bound, bound)
        )
        self.head_bias = nn.Parameter(torch.zeros(n_members * n_outputs))

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:  # noqa: ARG002 - contract
        values = numbers[:, None, :] * self.scales
        for layer in self._hidden:
            values = self.dropout(torch.relu(layer(values)))
        outputs = torch.einsum("nkh,kho->nko", values, self.heads)
        return outputs + self.head_bias.view(self.heads.shape[0], -1)

    def layers(self) -> Layers:
        first, *others = self._hidden
        weights = array_of(first.weight).T
        scaled = array_of(self.scales)[:, :, None] * weights
        n_members, n_inputs, n_hidden = scaled.shape
        return Layers(
            np.ascontiguousarray(scaled.transpose(1, 0, 2).reshape(n_inputs, n_members * n_hidden)),
            np.tile(array_of(first.bias), n_members),
            tuple(
                (np.ascontiguousarray(array_of(one.weight).T), array_of(one.bias)) for one in others
            ),
            array_of(self.heads),
            array_of(self.head_bias).reshape(n_members, -1),
        )


def fit(
    train: Rows, valid: Rows | None, h: dict[str, Any], setting: Setting, clock: Clock
) -> StackModel:
    """Train as Learner.fit says.

    raises    ValueError if a value is missing
    """
    if not np.isfinite(train.y).all() or not np.isfinite(train.X).all():
        raise ValueError("some of their values are missing or infinite")
    target = Scaling() if setting.n_classes else target_scaling(train)
    centre, inverse = input_scaling(train.X)
    n_features = train.X.shape[1]
    plan = InputPlan(
        numbers=np.arange(n_features),
        fill=np.zeros(n_features, np.float32),
        centre=centre,
        inverse=inverse,
        indicated=np.zeros(0, np.int64),
        codes=np.zeros(0, np.int64),
        sizes=np.zeros(0, np.int64),
    )

    def rows(of: Rows) -> TorchRows:
        scaled = (of.y - target.centre) / target.scale
        codes = np.zeros((len(of.y), 0), np.int64)
        return TorchRows.of(plan.numbers_of(of.X), codes, scaled, of.weight)

    course = TorchCourse(
        epochs=max(1, int(h["epochs"])),
        batch=int(h["batch"]),
        learning_rate=float(h["learning_rate"]),
        weight_decay=float(h["weight_decay"]),
        patience=int(h["patience"]),
    )
    with torch_ready(setting):
        network = TabM(
            n_inputs=n_features,
            n_hidden=int(h["n_hidden"]),
            n_layers=int(h["n_layers"]),
            n_outputs=setting.n_classes if setting.n_classes > 2 else 1,
            n_members=int(h["n_members"]),
            dropout=float(h["dropout"]),
        )
        rounds = train_network(
            network, rows(train), None if valid is None else rows(valid), setting, course, clock
        )
    stack = Stack(plan, network.layers(), n_features, setting.n_classes, rounds, target)
    return stack_of(NAME, stack)
