"""What the workflow of a forecasting job asks for, and how it went: plain values, as those of tables (automl/actions.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from windvane.automl.actions import Status
from windvane.notes.note import Note


@dataclass(frozen=True)
class Prepare:
    """Read the rows and make them regular series."""

    @property
    def key(self) -> str:
        return "series"


@dataclass(frozen=True)
class Backtest:
    """Let a model forecast moments of the past."""

    model: str

    @property
    def key(self) -> str:
        return f"backtest/{self.model}"


@dataclass(frozen=True)
class Combine:
    """Weigh the models that have been backtested."""

    models: tuple[str, ...]

    @property
    def key(self) -> str:
        return "ensemble"


@dataclass(frozen=True)
class RefitModel:
    """Fit a model that learns from all series to all values."""

    model: str

    @property
    def key(self) -> str:
        return f"refit/{self.model}"


@dataclass(frozen=True)
class PackForecaster:
    """Write what answers.

    models        that were backtested
    refits        of these, those that learned from all values
    has_ensemble  whether they were weighed; else the best one answers
    """

    models: tuple[str, ...]
    refits: tuple[str, ...]
    has_ensemble: bool

    @property
    def key(self) -> str:
        return "package"


ForecastAction = Prepare | Backtest | Combine | RefitModel | PackForecaster

A = TypeVar("A", bound=ForecastAction)


@dataclass(frozen=True)
class ForecastStep:
    """An action and how far it is.

    began, ended    time.time(); 0 before that
    suited          of Prepare: models that there are enough values for
    weights         of Combine: model -> weight
    loss            of Backtest and Combine: the objective; None if it is not defined
    failure         why it FAILED
    """

    action: ForecastAction
    status: Status
    began: float = 0.0
    ended: float = 0.0
    suited: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    loss: float | None = None
    failure: Note | None = None


@dataclass(frozen=True)
class ForecastHistory:
    """The steps of a job, oldest first; one for an action's key."""

    steps: tuple[ForecastStep, ...] = ()

    def step(self, key: str) -> ForecastStep | None:
        return next((step for step in self.steps if step.action.key == key), None)

    def with_step(self, step: ForecastStep) -> ForecastHistory:
        """Return a history with this step, added or in place of the one of its key."""
        if self.step(step.action.key) is None:
            return ForecastHistory((*self.steps, step))
        key = step.action.key
        return ForecastHistory(tuple(step if s.action.key == key else s for s in self.steps))

    def is_busy(self, *kinds: type[ForecastAction]) -> bool:
        return any(step.status.is_open and isinstance(step.action, kinds) for step in self.steps)

    def done(self, kind: type[A]) -> tuple[A, ...]:
        """Return the actions of a type that are done."""
        done = (step.action for step in self.steps if step.status is Status.DONE)
        return tuple(cast("A", action) for action in done if isinstance(action, kind))
