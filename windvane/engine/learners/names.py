"""Other names of hyperparameters: what a learner's file says of those that SageMaker's built-in algorithm or the library
has in place of ours. engine/tuning/aliases.py puts them into ours.

source    hyperparameter pages of XGBoost, Linear Learner, LightGBM, CatBoost and k-NN in SageMaker's developer guide;
          parameter pages of xgboost, lightgbm, catboost and scikit-learn
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from windvane.domain.problem import MetricName, ProblemType

SEED = "_seed"
"""Our name of the seed of everything random (engine/plan_text.py)."""


class Counted(StrEnum):
    """The facts of the table that a hyperparameter may repeat."""

    CLASSES = "classes"
    COLUMNS = "columns excluding the target"


@dataclass(frozen=True)
class Alias:
    """Another name of one of ours.

    values    texts that have another text here; all others are taken as they are
    """

    name: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Meaning:
    """The statement of a value about the problem; None for what it leaves open.

    absolute    whether errors themselves are made small, which they are where the objective is MAE
    """

    problem_type: ProblemType | None = None
    objective: MetricName | None = None
    absolute: bool | None = None


@dataclass(frozen=True)
class Says:
    """A hyperparameter whose values say something of the problem."""

    values: Mapping[str, Meaning]


@dataclass(frozen=True)
class Fixed:
    """One that may have the values that are the case anyway.

    fact    what is the case
    """

    values: tuple[str, ...]
    fact: str


@dataclass(frozen=True)
class Counts:
    """One that repeats a number of the table, which must be right."""

    what: Counted


@dataclass(frozen=True)
class Refused:
    """One that means nothing here."""

    why: str


Rule = Alias | Says | Fixed | Counts | Refused
Rules = Mapping[str, Rule]


BINARY = Meaning(ProblemType.BINARY)
MULTICLASS = Meaning(ProblemType.MULTICLASS)
SQUARED = Meaning(ProblemType.REGRESSION, absolute=False)
ABSOLUTE = Meaning(ProblemType.REGRESSION, MetricName.MAE, absolute=True)

ONE_THREAD = Fixed(("1", "0", "-1"), "a training job has one thread")
QUIET = Fixed(("0", "1", "-1"), "libraries print errors only")


def metrics(**names: MetricName) -> Says:
    """Return a hyperparameter that names the objective."""
    return Says({name: Meaning(objective=metric) for name, metric in names.items()})
