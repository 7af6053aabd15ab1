"""The long run of a search of a large table: one candidate that learns from all rows, on all cores, for most of the time.

Where there are so many rows that other candidates learn from samples, one model with enough rounds and leaves is worth more
than many small ones. A candidate or two go before it, so that there is a model whatever becomes of it.
"""

from __future__ import annotations

from dataclasses import replace

from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import Analysis
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.traits import LargeFit
from windvane.engine.tuning import cost, search
from windvane.engine.tuning.portfolio import Opening, openings_for
from windvane.engine.tuning.rows import is_large
from windvane.engine.tuning.strategy import ANYTHING, Strategy

LONG_RUN = 2
"""Its index, or that of the last candidate if there are to be fewer."""

SCOUT_SHARE = 0.07
"""Of the search, for each candidate before it."""

_LEAST_ROUNDS = 40
"""If there is no time for so many on all rows, it is of fewer rows."""

_WHY = "the long run: all cores for most of the time"


def has_long_run(analysis: Analysis, strategy: Strategy = ANYTHING) -> bool:
    """Return whether there is one in the search of a table. Not where only single pipelines are wanted, which are
    compared on equal terms."""
    is_wanted = is_large(analysis) and strategy.has_ensemble
    return is_wanted and _opening(analysis, strategy) is not None


def long_run(
    analysis: Analysis, index: int, left_s: float, cores: int, strategy: Strategy = ANYTHING
) -> Plan:
    """Return the plan of the long run of a table that has one.

    left_s   that it may take
    """
    opening = _opening(analysis, strategy)
    long_fit = None if opening is None else learner(opening.algorithm).traits.long_fit
    if opening is None or long_fit is None:
        raise ValueError("This search has no long run.")
    plan = search.opened(analysis, index, opening)
    fit = LargeFit(
        analysis.n_training_rows,
        cost.width(analysis, plan.recipe),
        analysis.n_classes,
        left_s * cores,
    )
    while fit.n_rows > 1 and long_fit.rounds(fit) < _LEAST_ROUNDS:
        fit = replace(fit, n_rows=fit.n_rows // 2)
    return replace(
        plan,
        hyperparameters=long_fit.hyperparameters(plan.hyperparameters, fit),
        n_rows=None if fit.n_rows == analysis.n_training_rows else fit.n_rows,
        why=_WHY,
    )


def _opening(analysis: Analysis, strategy: Strategy) -> Opening | None:
    """Return the first opening whose algorithm knows how to learn a large table in one long fit."""
    openings = openings_for(analysis, strategy)
    return next((one for one in openings if learner(one.algorithm).traits.long_fit), None)
