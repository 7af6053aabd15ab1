"""Networks with embeddings of categories, trained with PyTorch (the extra `torch`) after fastai's tabular learner.
Models answer without PyTorch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from windvane.engine.learners.base import Setting
from windvane.engine.learners.space import Integer, Real, Space
from windvane.engine.learners.torch_extra import TorchLearner
from windvane.engine.learners.traits import Cost, Traits, within_reason

NAME = "fastai"

_MANY_CODES = 100
"""Rows of an embedding from which on layers are larger."""

_BATCHES, _BATCH = 20, (32, 256)
"""Steps of an epoch, about, where that makes batches of so many rows."""

_EPOCHS = 30
"""One cycle of learning rates. source    AutoGluon's defaults for fastai, as the learning rate"""


def _effort(h: Mapping[str, Any]) -> float:
    return within_reason(h.get("epochs", _EPOCHS) / _EPOCHS)


_TRAITS = Traits(
    cost=Cost(0.5e-6, 350, 16, 300, planned_s=0.6), lengths=("epochs",), effort=_effort
)


class FastaiTabular(TorchLearner):
    """Two layers over numbers and embeddings."""

    name = NAME
    module = "torch_embedded"
    recipes = ("dpp0",)
    traits = _TRAITS

    def space(self, setting: Setting, n_rows: int) -> Space:  # noqa: ARG002 - contract
        return {
            "learning_rate": Real(1e-3, 3e-2, log=True),
            "n_hidden": Integer(64, 512, log=True),
            "dropout": Real(0.0, 0.5),
            "embedding_dropout": Real(0.0, 0.5),
            "weight_decay": Real(1e-4, 0.1, log=True),
            "epochs": Integer(10, 50, log=True),
        }

    def defaults(self, setting: Setting, n_rows: int) -> dict[str, Any]:
        batch = int(2 ** round(math.log2(max(1, n_rows / _BATCHES))))
        has_many = any(feature.cardinality > _MANY_CODES for feature in setting.features)
        return {
            "learning_rate": 3e-3,
            "n_hidden": 400 if has_many else 200,
            "dropout": 0.1,
            "embedding_dropout": 0.1,
            "weight_decay": 1e-2,
            "epochs": _EPOCHS,
            "batch": min(max(batch, _BATCH[0]), _BATCH[1]),
            "label_smoothing": 0.0,
        }


LEARNER = FastaiTabular()
