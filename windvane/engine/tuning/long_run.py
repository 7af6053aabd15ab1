"""The long run of a search of a large table: one candidate that learns from all rows, on all cores, for most of the time.

Where there are so many rows that other candidates learn from samples, one model with enough rounds and leaves is worth more
than many small ones. A candidate or two go before it, so that there is a model whatever becomes of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from windvane.engine.candidates import SAMPLE_ROWS, Outcome, Plan
from windvane.engine.data.analysis import Analysis
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.traits import LargeFit, LongFit
from windvane.engine.tuning import cost, search
from windvane.engine.tuning.portfolio import Opening, openings_for
from windvane.engine.tuning.rows import is_large
from windvane.engine.tuning.strategy import ANYTHING, Strategy

LONG_RUN = 2
"""Its index, or that of the last candidate if there are to be fewer."""

SCOUT_SHARE = 0.07
"""Of the search, for each candidate before it."""

_SLOWER = (0.5, 8.0)
"""Times the expected time of a round."""

_LEAST_ROUNDS = 40
"""If there is no time for so many on all rows, it is of fewer rows."""

_WHY = "the long run: all cores for most of the time"


@dataclass(frozen=True)
class Predecessor:
    """A candidate that went before.

    round_s    what a round has taken it, on one core; 0 if that is not known
    """

    plan: Plan
    round_s: float


def has_long_run(analysis: Analysis, strategy: Strategy = ANYTHING) -> bool:
    """Return whether there is one in the search of a table. Not where only single pipelines are wanted, which are
    compared on equal terms."""
    is_wanted = is_large(analysis) and strategy.has_ensemble
    return is_wanted and _opening(analysis, strategy) is not None


def has_enough_rows(plan: Plan, outcome: Outcome) -> bool:
    """Return whether the learning curve of a candidate before it shows that it would gain nothing from more rows: of the same
    algorithm, for others may still gain."""
    return SAMPLE_ROWS in outcome.stops and learner(plan.algorithm).traits.long_fit is not None


def long_run(
    analysis: Analysis,
    index: int,
    left_s: float,
    cores: int,
    strategy: Strategy = ANYTHING,
    predecessor: Predecessor | None = None,
) -> Plan:
    """Return the plan of the long run of a table that has one.

    left_s   that it may take
    predecessor    what a candidate before it has shown
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
    if (
        predecessor is not None
        and predecessor.plan.algorithm == plan.algorithm
        and predecessor.round_s
    ):
        fit = replace(fit, core_s=fit.core_s / _slower(long_fit, predecessor, fit))
    while fit.n_rows > 1 and long_fit.rounds(fit) < _LEAST_ROUNDS:
        fit = replace(fit, n_rows=fit.n_rows // 2)
    return replace(
        plan,
        hyperparameters=long_fit.hyperparameters(plan.hyperparameters, fit),
        n_rows=None if fit.n_rows == analysis.n_training_rows else fit.n_rows,
        why=_WHY,
    )


def _slower(long_fit: LongFit, predecessor: Predecessor, fit: LargeFit) -> float:
    """Return how many times as long as expected a round takes on this machine at this time, within reason."""
    alike = replace(fit, n_rows=min(fit.n_rows, predecessor.plan.n_rows or fit.n_rows))
    low, high = _SLOWER
    found = predecessor.round_s / long_fit.round_s(predecessor.plan.hyperparameters, alike)
    return min(max(found, low), high)


def _opening(analysis: Analysis, strategy: Strategy) -> Opening | None:
    """Return the first opening whose algorithm knows how to learn a large table in one long fit."""
    openings = openings_for(analysis, strategy)
    return next((one for one in openings if learner(one.algorithm).traits.long_fit), None)
