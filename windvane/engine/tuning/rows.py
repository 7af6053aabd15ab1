"""How many rows the candidates of a search learn from: all, or, of a large table, as many as leave time for enough
rounds. What is kept learns from all rows at the end, or from as many as there is time for then."""

from __future__ import annotations

from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import Analysis
from windvane.engine.tuning import cost, search

_LEAST = 100_000
"""A smaller table is never sampled."""

_TRAINING_SHARE = 0.5
"""Of the time of a candidate: the first one should not need all of it, others need more than the first."""

_LONGEST_FIT = 4.0
"""Times the expected time: on large tables boosters gain for many more rounds than on small ones."""

_LEAST_PART = 0.5
"""Of the rows of a fold, for `fewer_rows`."""

_WORTH_LEAVING_OUT = 1.4
"""Times the sample: of less all rows are taken."""


def is_large(analysis: Analysis) -> bool:
    """Return whether there are so many rows that a candidate may learn from a sample of them."""
    return analysis.n_training_rows >= _WORTH_LEAVING_OUT * _LEAST


def rows_to_learn_from(analysis: Analysis, own_s: float) -> int | None:
    """Return how many rows to learn from, of those that a fold may learn from; None for all. One of a few numbers far
    apart, so that runs that differ by moments take the same.

    own_s   what a candidate may take
    """
    n_rows = analysis.n_training_rows
    if not is_large(analysis):
        return None
    needed_s = _LONGEST_FIT * cost.expected_s(analysis, search.propose(analysis, 1, ()))
    affordable = n_rows * _TRAINING_SHARE * own_s / needed_s
    rows = _LEAST
    while 2 * rows <= affordable and _WORTH_LEAVING_OUT * rows <= n_rows:
        rows *= 2
    return rows if _WORTH_LEAVING_OUT * rows <= n_rows else None


def fewer_rows(analysis: Analysis, plan: Plan) -> int | None:
    """Return fewer rows: as much less than what a fold of the plan learns from as that is less than all that there is
    to learn from; half of it at least. None if it learns from all."""
    used = min(analysis.n_training_rows, plan.n_rows or analysis.n_training_rows)
    if used == analysis.n_learnable:
        return None
    return round(used * max(used / analysis.n_learnable, _LEAST_PART))
