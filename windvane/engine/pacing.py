"""How the search goes on: what may still be begun, and on which terms. One rule for the library and the service.

All candidates of a job are compared on the same folds. The first ones get half of the time that is left, and as
many folds as fit; the most folds that any of them finished is what every later candidate is scored on, or it
ends as out of time. A candidate with fewer folds is never the best. What is expected to take longer than is left
is not begun, nor is what is expected to need more memory than it may have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from windvane.engine import cost, search
from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import Analysis
from windvane.engine.search import Tried
from windvane.errors import OutOfMemory

FEWEST_WITH_ENSEMBLE = 3
"""Of the candidates that a job may have: from here on one place is the ensemble's."""

_FIRST_CANDIDATES_SHARE = 0.5
"""Of the time left, while none has finished: better a model of few folds than none."""

_MOST_SKIPPED = 16
"""Proposals looked at, one after the other, for one that fits into the time left."""

_MOST_FAILURES = 16
"""After so many candidates none of which finished the search gives up: the next would fail as well."""


@dataclass(frozen=True)
class Terms:
    """Of one candidate.

    time_s        it may take
    least_folds   with fewer it is out of time
    most_folds    it is scored on no more; None for all there are
    """

    time_s: float
    least_folds: int = 1
    most_folds: int | None = None


def terms(left_s: float, folds_used: Iterable[int]) -> Terms:
    """The terms of a candidate that begins now.

    left_s       until the search ends
    folds_used   by each candidate that has finished
    """
    most = max(folds_used, default=0)
    if most == 0:
        return Terms(_FIRST_CANDIDATES_SHARE * left_s)
    return Terms(left_s, least_folds=most, most_folds=most)


def next_plan(
    analysis: Analysis, index: int, last: int, tried: Sequence[Tried], left_s: float
) -> Plan | None:
    """The plan of this index or of one of the next ones, up to `last`: the first that is expected to fit into
    the time left. None if none does. While nothing has finished, expectations are too vague to count."""
    is_known = any(one.objective is not None for one in tried)
    for number in range(index, min(index + _MOST_SKIPPED, last + 1)):
        plan = search.propose(analysis, number, tried)
        if not is_known or cost.predicted_s(analysis, plan, tried) <= left_s:
            return plan
    return None


def is_in_vain(tried: Sequence[Tried]) -> bool:
    """Whether to give up, because everything fails."""
    return len(tried) >= _MOST_FAILURES and all(one.objective is None for one in tried)


def check_memory(analysis: Analysis, plan: Plan, memory_mb: float) -> None:
    """raises    OutOfMemory if training the plan is expected to need more than `memory_mb` MiB"""
    needed_mb = cost.predicted_mb(analysis, plan)
    if needed_mb > memory_mb:
        raise OutOfMemory(
            f"It was not begun: on {analysis.n_rows} rows and {len(analysis.features)} columns the algorithm "
            f"{plan.algorithm} is expected to need {needed_mb:.0f} MiB of memory, and a candidate may use "
            f"{memory_mb:.0f} MiB."
        )
