"""What the workflow asks for, and how it went: plain values, which a driver keeps in memory or in a store.

A driver runs actions in any process and on any machine, and reports back; inputs and outputs have names, which the driver
turns into places.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from windvane.automl.steps import ActionStep
from windvane.engine.candidates import Outcome, Plan


@dataclass(frozen=True)
class Analyse:
    """Read, check and split the table."""

    @property
    def key(self) -> str:
        return "analysis"


@dataclass(frozen=True)
class FitFeatures:
    """Fit a feature recipe on the training rows of the first `n_fits` folds.

    n_before    of these, how many it has been fitted on already
    """

    recipe: str
    n_fits: int
    n_before: int = 0

    @property
    def key(self) -> str:
        return f"features/{self.recipe}/{self.n_fits}"


@dataclass(frozen=True)
class FirstLook:
    """Train a rough model at once, so that there is one (engine/tuning/first_look.py)."""

    plan: Plan

    @property
    def key(self) -> str:
        return "first-look"


@dataclass(frozen=True)
class TrainCandidate:
    """Train a pipeline on folds.

    rival    index of the candidate that it is compared with while it is trained, and given up against if it is clearly
             worse; None: it is trained to its end
    is_long  whether it is the search's long run (engine/tuning/long_run.py), which has all cores for itself
    """

    plan: Plan
    rival: int | None = None
    is_long: bool = False

    @property
    def key(self) -> str:
        return f"candidate/{self.plan.index}"


@dataclass(frozen=True)
class TrainOnFewerRows:
    """Train the first candidate once more, on fewer rows, to see how much more rows help.

    n_folds    it is scored on: one tells enough, but predictions of several divisions are compared with such alone
    """

    plan: Plan
    n_folds: int

    @property
    def key(self) -> str:
        return "fewer-rows"


@dataclass(frozen=True)
class BuildEnsemble:
    """Weigh candidates together.

    members    indices of those to choose from
    is_quick   whether it is to answer within QUICK_S, and is made beside the last refits
    """

    index: int
    members: tuple[int, ...]
    is_quick: bool = False

    @property
    def key(self) -> str:
        return "quick-ensemble" if self.is_quick else "ensemble"


@dataclass(frozen=True)
class TrainBaseline:
    """Make the model that always predicts the same, so that a job of which nothing else finished has one."""

    plan: Plan

    @property
    def key(self) -> str:
        return "baseline"


@dataclass(frozen=True)
class FitOnAllRows:
    """Fit a feature recipe on all rows."""

    recipe: str

    @property
    def key(self) -> str:
        return f"all-rows/{self.recipe}"


@dataclass(frozen=True)
class Refit:
    """Train a candidate once more, on all rows."""

    index: int
    recipe: str

    @property
    def key(self) -> str:
        return f"refit/{self.index}"


@dataclass(frozen=True)
class Pack:
    """Make the packages that answer as a candidate does, and judge what can be judged of it now alone: its latency, and by
    how much its score is expected to differ on new rows.

    refits      indices of its members whose models are of all rows
    among       indices of the candidates that it was picked from by its score; () if it was not, or its score says so
    has_fewer   whether the first candidate was trained on fewer rows too
    """

    index: int
    refits: tuple[int, ...]
    among: tuple[int, ...] = ()
    has_fewer: bool = False

    @property
    def key(self) -> str:
        return "packages"


Action = (
    Analyse
    | FitFeatures
    | FirstLook
    | TrainCandidate
    | TrainOnFewerRows
    | BuildEnsemble
    | TrainBaseline
    | FitOnAllRows
    | Refit
    | Pack
)


@dataclass(frozen=True)
class ModelFigures:
    """Figures of the packed model; None where there was no time, or nothing to find.

    latency_s    of a row through the packages
    optimism, pessimism    as of an Outcome
    """

    latency_s: float | None = None
    optimism: float | None = None
    pessimism: float | None = None


@dataclass(frozen=True)
class Result:
    """The result of an action that is done.

    outcome    of a candidate; None of an ensemble that is no better than its best member
    refit_s    what training that candidate on all rows takes; 0 if it has learnt from all
    likely_members
               indices of the candidates that the model would be made of, were this the last to finish; () if unknown
    round_s    what a boosting round of a fold has taken that candidate; 0 if it has none
    """

    outcome: Outcome | None = None
    refit_s: float = 0.0
    likely_members: tuple[int, ...] = ()
    judged: ModelFigures = field(default_factory=ModelFigures)
    round_s: float = 0.0


A = TypeVar("A", bound=Action, covariant=True)


@dataclass(frozen=True)
class Step(ActionStep[A]):
    """An action on a table and how far it is.

    n_folds         on how many the candidate is scored, once it has said so while it is trained
    result          of one that is DONE
    """

    n_folds: int | None = None
    result: Result = field(default_factory=Result)
