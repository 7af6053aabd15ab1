"""Networks trained with PyTorch (the extra `torch`): TabM, many members that share one multilayer perceptron. Models
answer without PyTorch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from windvane.engine.learners.base import Setting
from windvane.engine.learners.space import Integer, Real, Space
from windvane.engine.learners.torch_extra import TorchLearner
from windvane.engine.learners.traits import Cost, Traits, within_reason

NAME = "nn-torch"

_BATCHES = 40
"""Steps of an epoch, about, where that makes batches of _BATCH rows."""

_BATCH = (64, 512)
_EPOCHS = 200
_PATIENCE = 12


def _effort(h: Mapping[str, Any]) -> float:
    units = h.get("n_members", 8) * h.get("n_layers", 2) * h.get("n_hidden", 128)
    return within_reason((units / 2048) ** 0.5)


_TRAITS = Traits(cost=Cost(5e-6, 350, 16, 300, planned_s=1.5), effort=_effort)


class NnTorch(TorchLearner):
    """One perceptron of a hundred units or two a layer, with 4 to 16 members: smaller than the paper's, for the time
    and for the latency of a row.

    source    TabM (arXiv 2410.24210): learning rate, decay, early stopping at a constant rate
    """

    name = NAME
    module = "torch_tabm"
    recipes = ("dpp3",)
    traits = _TRAITS

    def space(self, setting: Setting, n_rows: int) -> Space:  # noqa: ARG002 - contract
        return {
            "learning_rate": Real(5e-4, 5e-3, log=True),
            "n_hidden": Integer(64, 256, log=True),
            "n_layers": Integer(1, 3),
            "n_members": Integer(4, 16, log=True),
            "dropout": Real(0.0, 0.4),
            "weight_decay": Real(1e-4, 0.1, log=True),
        }

    def defaults(self, setting: Setting, n_rows: int) -> dict[str, Any]:  # noqa: ARG002 - contract
        batch = int(2 ** round(math.log2(max(1, n_rows / _BATCHES))))
        return {
            "learning_rate": 2e-3,
            "n_hidden": 128,
            "n_layers": 2,
            "n_members": 8,
            "dropout": 0.1,
            "weight_decay": 3e-4,
            "batch": min(max(batch, _BATCH[0]), _BATCH[1]),
            "epochs": _EPOCHS,
            "patience": _PATIENCE,
        }


LEARNER = NnTorch()
