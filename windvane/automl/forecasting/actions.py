"""What the workflow of a forecasting job asks for, and how it went: plain values, as those of tables (automl/actions.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast, get_args

from windvane.automl.steps import ActionHistory, ActionStep, Status
from windvane.engine.forecasting.outcomes import ForecastOutcome


@dataclass(frozen=True)
class Prepare:
    """Read the rows and make them regular series."""

    @property
    def key(self) -> str:
        return "series"


@dataclass(frozen=True)
class Backtest:
    """Let a model forecast moments of the past.

    is_last_resort    whether nothing else has finished, and it is made although its time is over
    """

    model: str
    is_last_resort: bool = False

    @property
    def key(self) -> str:
        return "baseline" if self.is_last_resort else f"backtest/{self.model}"


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

FORECAST_TYPES: Mapping[str, type[ForecastAction]] = {
    kind.__name__: kind for kind in get_args(ForecastAction)
}

A = TypeVar("A", bound=ForecastAction)


@dataclass(frozen=True)
class SeriesFacts:
    """Figures of the series that were read.

    n_values    steps of all series
    frequency   the time from one step to the next
    """

    n_series: int
    n_values: int
    frequency: str
    n_findings: int


@dataclass(frozen=True)
class ForecastResult:
    """The result of an action that is done.

    suited     of Prepare: models that there are enough values for
    series     of Prepare
    outcome    of Backtest and Combine
    weights    of Combine: model -> weight
    """

    suited: tuple[str, ...] = ()
    series: SeriesFacts | None = None
    outcome: ForecastOutcome | None = None
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ForecastStep(ActionStep[ForecastAction]):
    """An action of a forecasting job and how far it is.

    result    of one that is DONE
    """

    result: ForecastResult = field(default_factory=ForecastResult)


@dataclass(frozen=True)
class ForecastHistory(ActionHistory[ForecastStep]):
    """The steps of a forecasting job, oldest first."""

    def done(self, kind: type[A]) -> tuple[A, ...]:
        """Return the actions of a type that are done."""
        done = (step.action for step in self.steps if step.status is Status.DONE)
        return tuple(cast("A", action) for action in done if isinstance(action, kind))

    @property
    def suited(self) -> tuple[str, ...]:
        """The models that there are enough values for."""
        prepared = self.step(Prepare().key)
        return () if prepared is None else prepared.result.suited

    @property
    def outcomes(self) -> dict[str, ForecastOutcome]:
        """The outcome of each model that was backtested, by its name."""
        return {
            step.action.model: step.result.outcome
            for step in self.steps
            if isinstance(step.action, Backtest) and step.result.outcome is not None
        }

    @property
    def weights(self) -> Mapping[str, float]:
        """The weights of the models in their average; none if there is no average."""
        combined = self.step(Combine(()).key)
        return {} if combined is None else combined.result.weights
