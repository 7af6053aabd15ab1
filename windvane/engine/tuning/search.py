"""Which candidate comes next.

Proposals are a pure function of what is known, and the plan of index i depends on outcomes of indices up to
i - LOOKBACK alone: with up to LOOKBACK candidates under way at once, the same data, seed and number of
candidates give the same plans whatever the timing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from windvane.engine.candidates import Plan, Tried
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Setting
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.space import Space
from windvane.engine.scoring.metrics import METRICS
from windvane.engine.tuning import bayes
from windvane.engine.tuning.bounds import bounded
from windvane.engine.tuning.portfolio import Opening, openings_for
from windvane.engine.tuning.sampling import draw, draw_near
from windvane.engine.tuning.strategy import ANYTHING, Strategy

LOOKBACK = 8

_AT_LARGE_SHARE = 0.3
"""Of proposals after the openings: points drawn anywhere instead of near a good one."""

_LEAST_MODELLED = 4
"""Finished candidates of an algorithm from which a model of them says more than their order."""

_N_PARENTS = 3
_RANK_DECAY = 0.5
"""The algorithm that did best is tried with weight 1, the next with 0.5, then 0.25 ..."""

_LEAST_WEIGHT = 0.04
_MAX_SEED = 2**31


def recipes_for(
    analysis: Analysis, strategy: Strategy = ANYTHING, n_plans: int | None = None
) -> tuple[str, ...]:
    """Return the feature recipes that plans for this table will name, the first needed first.

    n_plans    that there will be at most; None for any number
    """
    openings = openings_for(analysis, strategy)[:n_plans]
    return tuple(dict.fromkeys(_recipe(one) for one in openings))


def propose(
    analysis: Analysis, index: int, tried: Sequence[Tried], strategy: Strategy = ANYTHING
) -> Plan:
    """Return the plan of this index (1, 2, ...): sound defaults of every algorithm first, then variations of what
    went well. `tried` must hold every plan with an index up to index - LOOKBACK; later ones are ignored."""
    openings = openings_for(analysis, strategy)
    if index <= len(openings):
        return opened(analysis, index, openings[index - 1])
    known = [one for one in tried if one.plan.index <= index - LOOKBACK]
    random = np.random.default_rng([analysis.seed % _MAX_SEED, index])
    ranked = _ranked(analysis, known)
    algorithm = _choose_algorithm([opening.algorithm for opening in openings], ranked, random)
    own = [one.plan for one in ranked if one.plan.algorithm == algorithm]
    space = learner(algorithm).space(_setting(analysis, index), analysis.n_rows)
    if not own:
        hyperparameters = {**defaults_of(analysis, algorithm), **draw(space, random)}
        recipe = learner(algorithm).recipes[0]
        why = "a random draw from the whole search space"
        return _plan(analysis, index, algorithm, recipe, hyperparameters, why)
    if strategy.is_bayesian and len(own) >= _LEAST_MODELLED:
        failed = [
            one.plan for one in known if one.objective is None and one.plan.algorithm == algorithm
        ]
        return _modelled(analysis, index, space, own, failed, random)
    return _varied(analysis, index, space, own[:_N_PARENTS], random)


def opened(analysis: Analysis, index: int, opening: Opening) -> Plan:
    """Return the plan of an opening."""
    hyperparameters = {**defaults_of(analysis, opening.algorithm), **opening.changes}
    return _plan(analysis, index, opening.algorithm, _recipe(opening), hyperparameters, opening.why)


def rival(analysis: Analysis, index: int, tried: Sequence[Tried]) -> int | None:
    """Return the candidate that the one of this index is compared with while it is trained, if it is to be given up early: the
    best of the first one and of those up to index - LOOKBACK, so the same whatever the timing. None for the first one."""
    known = [one for one in tried if one.plan.index <= index - LOOKBACK or one.plan.index == 1]
    ranked = _ranked(analysis, [one for one in known if one.plan.index < index])
    return ranked[0].plan.index if ranked else None


def _varied(
    analysis: Analysis,
    index: int,
    space: Space,
    parents: Sequence[Plan],
    random: np.random.Generator,
) -> Plan:
    """Near one of the best candidates of an algorithm."""
    parent = parents[int(random.integers(len(parents)))]
    if random.random() < _AT_LARGE_SHARE:
        hyperparameters = {**parent.hyperparameters, **draw(space, random)}
        why = f"based on the well-performing candidate {parent.index}, with other hyperparameters"
    else:
        hyperparameters = draw_near(space, parent.hyperparameters, random)
        why = f"a variation of the well-performing candidate {parent.index}"
    return _plan(analysis, index, parent.algorithm, parent.recipe, hyperparameters, why)


def _modelled(
    analysis: Analysis,
    index: int,
    space: Space,
    ranked: Sequence[Plan],
    failed: Sequence[Plan],
    random: np.random.Generator,
) -> Plan:
    """Return where the model of an algorithm's candidates expects most; recipe and what is not searched are those of the
    candidate it is near to, or of the best one.

    ranked    finished, best first;  failed  came to nothing, or were given up
    """
    n_good = bayes.n_good(len(ranked))
    good, others = ranked[:n_good], [*ranked[n_good:], *failed]
    found, near = bayes.suggest(
        space,
        [plan.hyperparameters for plan in good],
        [plan.hyperparameters for plan in others],
        random,
    )
    parent = good[near or 0]
    where = "far from those tried" if near is None else f"near candidate {parent.index}"
    why = f"suggested by Bayesian optimisation over {len(good) + len(others)} candidates, {where}"
    hyperparameters = {**parent.hyperparameters, **found}
    return _plan(analysis, index, parent.algorithm, parent.recipe, hyperparameters, why)


def _ranked(analysis: Analysis, known: Sequence[Tried]) -> list[Tried]:
    """Return what finished, best first; of equals the earlier."""
    gain = METRICS[analysis.objective].gain
    return sorted(
        (one for one in known if one.objective is not None),
        key=lambda one: (-gain(one.objective or 0.0), one.plan.index),
    )


def _choose_algorithm(
    opened: Sequence[str], ranked: Sequence[Tried], random: np.random.Generator
) -> str:
    """Return the better an algorithm's best candidate, the likelier it is chosen; one that has not finished any is
    among the least likely."""
    best_first = list(dict.fromkeys(one.plan.algorithm for one in ranked))
    others = [algorithm for algorithm in opened if algorithm not in best_first]
    algorithms = [*best_first, *dict.fromkeys(others)]
    weights = np.array(
        [
            max(_RANK_DECAY**rank, _LEAST_WEIGHT) if rank < len(best_first) else _LEAST_WEIGHT
            for rank in range(len(algorithms))
        ]
    )
    at = np.searchsorted(np.cumsum(weights / weights.sum()), random.random(), side="right")
    return algorithms[min(int(at), len(algorithms) - 1)]


def _plan(
    analysis: Analysis,
    index: int,
    algorithm: str,
    recipe: str,
    hyperparameters: dict[str, Any],
    why: str,
) -> Plan:
    seed = int(np.random.default_rng([analysis.seed % _MAX_SEED, index, 1]).integers(_MAX_SEED))
    within = bounded(analysis, algorithm, recipe, hyperparameters)
    return Plan(index, recipe, algorithm, within, seed, why)


def _recipe(opening: Opening) -> str:
    return opening.recipe or learner(opening.algorithm).recipes[0]


def defaults_of(analysis: Analysis, algorithm: str) -> dict[str, Any]:
    """Sound hyperparameters of an algorithm for this table."""
    return learner(algorithm).defaults(_setting(analysis, 0), analysis.n_rows)


def space_of(analysis: Analysis, algorithm: str) -> Space:
    """Return where the search looks for better ones."""
    return learner(algorithm).space(_setting(analysis, 0), analysis.n_rows)


def _setting(analysis: Analysis, seed: int) -> Setting:
    """Return what is known before any recipe is fitted: the raw columns stand for the features."""
    return Setting(
        problem_type=analysis.problem_type,
        objective=analysis.objective,
        n_classes=analysis.n_classes,
        features=tuple(_raw_feature(analysis, column) for column in analysis.features),
        seed=seed,
    )


def _raw_feature(analysis: Analysis, column: ColumnSpec) -> Feature:
    if column.type is not ColumnType.CATEGORICAL:
        return Feature(column.name, column.name)
    distinct = analysis.statistics.get(column.name, {}).get("distinct", 2)
    return Feature(column.name, column.name, int(distinct))
