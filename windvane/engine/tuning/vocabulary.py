"""What a client may ask of an algorithm: the names of its hyperparameters, their types, and what is filled in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import Analysis
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.residual import RESIDUAL
from windvane.engine.learners.space import LARGEST, Categorical, Dimension, Integer, Real, Space
from windvane.engine.learners.target_transform import LOG, TARGET_TRANSFORM
from windvane.engine.tuning.bounds import bounded
from windvane.engine.tuning.search import defaults_of, space_of
from windvane.errors import CandidateFault

_STEPS = frozenset({"learning_rate", "eta"})
"""Nothing is learnt in steps of 0."""


def completed(analysis: Analysis, plan: Plan) -> Plan:
    """Return the plan with its recipe and every hyperparameter: what is given stays as it is, the rest are the algorithm's
    defaults for this table, within the bounds that its learner sets.

    plan      its recipe may be "": the one that the algorithm prefers
    raises    CandidateFault naming what is not known, or has a value that cannot be, and what is allowed
    """
    recipes = learner(plan.algorithm).recipes
    recipe = plan.recipe or recipes[0]
    if recipe not in recipes:
        raise CandidateFault(
            f"The recipe {recipe!r} is not available for {plan.algorithm}; choose one of: {', '.join(recipes)}."
        )
    defaults = defaults_of(analysis, plan.algorithm)
    known = _known(analysis, plan.algorithm, bounded(analysis, plan.algorithm, recipe, defaults))
    if faults := list(_faults(plan, known)):
        raise CandidateFault(" ".join(faults))
    given = {name: _as_learnt(value, known[name]) for name, value in plan.hyperparameters.items()}
    within = bounded(analysis, plan.algorithm, recipe, {**defaults, **given})
    return replace(plan, recipe=recipe, hyperparameters={**within, **given})


def _known(analysis: Analysis, algorithm: str, defaults: Mapping[str, Any]) -> Space:
    """Return every hyperparameter and what it may be; of those that are not searched the default is one end."""
    known = {name: _of_default(value) for name, value in defaults.items()}
    traits = learner(algorithm).traits
    known |= traits.further
    if analysis.n_classes == 2:
        known |= traits.further_of_two_classes
    known |= space_of(analysis, algorithm)
    if known and not analysis.n_classes:
        known[TARGET_TRANSFORM] = Categorical((LOG, RESIDUAL))
    return known


def _of_default(value: Any) -> Dimension:
    if isinstance(value, bool):
        return Categorical((False, True))
    if isinstance(value, int):
        return Integer(1, value)
    return Real(0.0, value) if isinstance(value, float) else Categorical((value,))


def _faults(plan: Plan, known: Space) -> Iterator[str]:
    for name, value in plan.hyperparameters.items():
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            yield f"The hyperparameter '{name}' is not known to {plan.algorithm}. Those known: {names}."
        elif not _fits(value, known[name]) or (name in _STEPS and not value):
            told = "a number above 0" if name in _STEPS else _told(known[name])
            yield f"The hyperparameter '{name}' is {value!r}; it must be {told}."


def _fits(value: Any, dimension: Dimension) -> bool:
    if isinstance(dimension, Categorical):
        return any(value == one and type(value) is type(one) for one in dimension.options)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    if isinstance(dimension, Integer):
        return isinstance(value, int) and 1 <= value <= LARGEST
    return 0 <= value <= (1 if _is_share(dimension) else math.inf)


def _is_share(dimension: Real) -> bool:
    return dimension.high <= 1 and not dimension.log


def _told(dimension: Dimension) -> str:
    if isinstance(dimension, Categorical):
        return f"one of: {', '.join(map(_shown, dimension.options))}"
    if isinstance(dimension, Integer):
        return f"a whole number from 1 to {LARGEST}"
    return "a number from 0 to 1" if _is_share(dimension) else "a number of at least 0"


def _shown(option: Any) -> str:
    return str(option).lower() if isinstance(option, bool) else repr(option)


def _as_learnt(value: Any, dimension: Dimension) -> Any:
    return float(value) if isinstance(dimension, Real) else value
