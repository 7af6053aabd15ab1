"""The way to PyTorch, which is an extra: only training needs it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from windvane.engine.learners.base import Clock, Rows, Setting
from windvane.engine.learners.faults import candidate_fault
from windvane.engine.learners.stack_model import StackModel, read_stack


class _Fit(Protocol):
    def __call__(
        self,
        train: Rows,
        valid: Rows | None,
        h: dict[str, Any],
        setting: Setting,
        clock: Clock,
    ) -> StackModel: ...


class TorchLearner:
    """The base of learners that train with PyTorch and answer without it.

    module    of this package, whose `fit` imports PyTorch
    """

    name: str
    module: str

    def fit(
        self,
        train: Rows,
        valid: Rows | None,
        hyperparameters: dict[str, Any],
        setting: Setting,
        clock: Clock,
    ) -> StackModel:
        """Train the networks.

        raises    CandidateFault if it cannot learn from these rows
        """
        fit = cast("_Fit", import_module(f"windvane.engine.learners.{self.module}").fit)
        try:
            return fit(train, valid, hyperparameters, setting, clock)
        except (MemoryError, ValueError, RuntimeError) as error:
            raise candidate_fault("The network", error) from error

    def with_rounds(self, hyperparameters: dict[str, Any], rounds: int) -> dict[str, Any]:
        return {**hyperparameters, "epochs": rounds}

    def load(self, folder: Path) -> StackModel:
        """Load a saved model.

        raises    CorruptArtifact
        """
        return read_stack(folder, self.name)
