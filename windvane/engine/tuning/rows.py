"""How many rows the candidates of a search learn from: all, or, of a large table, as many as leave time for enough
rounds, or epochs. What is kept learns from all rows at the end, or from as many as there is time for then."""

from __future__ import annotations

from dataclasses import replace

from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import Analysis
from windvane.engine.learners.catalogue import learner
from windvane.engine.tuning import cost, search

_LEAST = 100_000
"""A smaller table is never sampled."""

_TRAINING_SHARE = 0.5
"""Of the time of a candidate: the first one should not need all of it, others need more than the first."""

_LONGEST_FIT = 4.0
"""Times the expected time of a booster: on large tables they gain for many more rounds than on small ones."""

_LEAST_PART = 0.5
"""Of the rows of a fold, for `fewer_rows`."""

_WORTH_LEAVING_OUT = 1.4
"""Times the sample: of less all rows are taken."""


def is_large(analysis: Analysis) -> bool:
    """Return whether there are so many rows that a candidate may learn from a sample of them."""
    return analysis.n_training_rows >= _WORTH_LEAVING_OUT * _LEAST


def rows_to_learn_from(analysis: Analysis, own_s: float, plan: Plan | None = None) -> int | None:
    """Return how many rows to learn from, of those that a fold may learn from; None for all. One of a few numbers far
    apart, so that runs that differ by moments take the same.

    own_s   what a candidate may take
    plan    the candidate; None for any one
    """
    n_rows = analysis.n_training_rows
    if not is_large(analysis):
        return None
    of = search.propose(analysis, 1, ()) if plan is None else plan
    times = _LONGEST_FIT if learner(of.algorithm).traits.step else 1.0
    affordable = n_rows * _TRAINING_SHARE * own_s / (times * cost.expected_s(analysis, of))
    rows = _LEAST
    while 2 * rows <= affordable and _WORTH_LEAVING_OUT * rows <= n_rows:
        rows *= 2
    return rows if _WORTH_LEAVING_OUT * rows <= n_rows else None


def more_rows(analysis: Analysis, plan: Plan, own_s: float) -> int | None:
    """Return how many rows a plan that learns from a sample may learn from, of those that there is time for; None for all. As
    many as it does, if it would have to hold all of them: others have been found to fit into memory."""
    if plan.n_rows is None or learner(plan.algorithm).traits.cost.in_blocks is None:
        return plan.n_rows
    found = rows_to_learn_from(analysis, own_s, replace(plan, n_rows=None))
    return None if found is None else max(found, plan.n_rows)


def fewer_rows(analysis: Analysis, plan: Plan) -> int | None:
    """Return fewer rows: as much less than what a fold of the plan learns from as that is less than all that there is
    to learn from; half of it at least. None if it learns from all."""
    used = min(analysis.n_training_rows, plan.n_rows or analysis.n_training_rows)
    if used == analysis.n_learnable:
        return None
    return round(used * max(used / analysis.n_learnable, _LEAST_PART))
