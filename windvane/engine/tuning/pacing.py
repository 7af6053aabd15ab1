"""How the search goes on: what may still be begun, and on which terms. One rule for the library and the service.

All candidates of a job are compared on the same folds. Unless the size of the table says how many, the first candidate
goes ahead of the others and shows it: it is scored on those that a small share of the time holds (one at least, more
where a fold has few rows), and every later one on just as many, or it ends as out of time. A candidate with fewer folds is never the best. None takes
more than a quarter of the search: what is expected to need more is trained in larger steps or fewer epochs, and rounds
so far count. What is expected to take longer than is left is not begun, nor is what is expected to need more memory
than it may have.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from windvane.domain.problem import FEWEST_WITH_ENSEMBLE
from windvane.engine.candidates import Plan, Tried
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.split import HOLD_OUT
from windvane.engine.training.fold_limits import FoldLimits
from windvane.engine.tuning import cost, search
from windvane.engine.tuning.rows import more_rows, rows_to_learn_from
from windvane.engine.tuning.steps import hurried
from windvane.engine.tuning.strategy import ANYTHING, Strategy
from windvane.errors import OutOfMemory
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_CANDIDATE_SHARE = 0.25
"""Of the search, for one candidate: several that differ are worth more than one that takes all."""

_FIRST_SHARE, _FIRST_S = 0.18, 1.5
"""Of the search, for a fold of the first candidate, and at least in seconds: the others need more, and there are to be
several."""

_FURTHER_SHARE = 0.07
"""Of the search, for all folds of the first candidate, where one would do; _FURTHER_PART of its fair share if their
number is limited."""

_FURTHER_PART = 0.5

_REPEAT_SHARE = 0.02
"""Of the search, for all folds of the first candidate in all divisions: a second one takes as much time as it halves the
luck in the first, so it is for those who have long tried what there is to try."""

_FEW_CANDIDATES = 50
"""Who asks for no more wants them soon, not luck halved: they are scored on one division."""

_LEAST_SCORED = 600
"""Rows to choose by, if three folds hold as many."""

_MOST_FOLDS = {10_000: 5, 50_000: 3}
"""Up to so many rows so many folds are worth their time: what they add to the certainty of a score shrinks with the
rows."""

_LOOK_SHARE, _LOOK_S = 0.03, 2.0
"""Of the job, and at least in seconds, for the first look."""

_FOLD_MARGIN = 1.2
_LEAST_S = 1e-3

_LEAST_REFIT_SHARE, _MOST_REFIT_SHARE = 0.04, 0.35
"""Of the job: the members of the ensemble are not known before the search is over."""

_FULL_REFITS_S, _SHORT_SHARE = 60.0, 0.6
"""A shorter job keeps less for refits, down to such a share of it: it has too few candidates."""

_REFIT_MARGIN = 0.9
"""Predictions of refits are too long rather than too short: they run no round beyond the best."""

_MOST_SKIPPED = 16
"""Proposals looked at, one after the other, for one that fits into the time left."""

_MOST_FAILURES = 16
"""After so many candidates none of which finished the search gives up, and after so many one after the other that could not
even be begun: the next would fail as well."""


def first_look_s(max_runtime_s: float) -> float:
    """Return the seconds, since the job began, after which there is to be a model, however rough."""
    return max(_LOOK_S, _LOOK_SHARE * max_runtime_s)


def candidate_s(search_s: float, max_candidates: int | None) -> float:
    """Return what one candidate of a search of so many seconds may take."""
    return search_s * max(_CANDIDATE_SHARE, 1 / (max_candidates or math.inf))


def fold_limits(
    analysis: Analysis,
    left_s: float,
    search_s: float,
    max_candidates: int | None,
    folds_used: Iterable[int],
) -> FoldLimits:
    """Return the limits of a candidate that begins now.

    left_s       until the search ends
    search_s     from its start to its end
    folds_used   by each candidate that has finished
    """
    n_folds = max(folds_used, default=0)
    if n_folds:
        fold_s = _FOLD_MARGIN * candidate_s(search_s, max_candidates) / n_folds
        return FoldLimits(n_folds, n_folds, fold_s, left_s, left_s)
    fair_s = search_s / (max_candidates or math.inf)
    return FoldLimits(
        least=least_folds(analysis),
        most=most_folds(analysis, max_candidates),
        fold_s=max(_FIRST_SHARE * search_s, fair_s, _FIRST_S),
        further_s=max(_FURTHER_SHARE * search_s, _FURTHER_PART * fair_s),
        repeat_s=_REPEAT_SHARE * search_s,
    )


def least_folds(analysis: Analysis) -> int:
    """Return the fewest folds on which candidates can be told apart."""
    if analysis.n_folds == HOLD_OUT:
        return 1
    return min(3, math.ceil(_LEAST_SCORED * analysis.n_folds / analysis.n_rows))


def most_folds(analysis: Analysis, max_candidates: int | None = None) -> int:
    """Return the most folds that are worth their time; all divisions where the search is not a matter of a few
    candidates."""
    worth = (folds for n_rows, folds in _MOST_FOLDS.items() if analysis.n_rows <= n_rows)
    is_short = max_candidates is not None and max_candidates <= _FEW_CANDIDATES
    return min(analysis.n_folds, next(worth, 1)) * (1 if is_short else analysis.n_repeats)


def has_place_for_ensemble(max_candidates: int | None, strategy: Strategy = ANYTHING) -> bool:
    """Return whether an ensemble has a place among the candidates that a job may have; None for as many as time allows."""
    return strategy.has_ensemble and (
        max_candidates is None or max_candidates >= FEWEST_WITH_ENSEMBLE
    )


def settled_folds(analysis: Analysis) -> int | None:
    """Return on how many folds candidates are compared, where the size of the table alone says it."""
    least, most = least_folds(analysis), most_folds(analysis)
    return least if least == most else None


def settles_after_s(analysis: Analysis, further_s: float) -> float:
    """Return after how many seconds the number of folds is settled: if the first candidate is over its first fold for
    so long, no further one is to follow: two would take longer than `further_s`. inf where more than one must."""
    return further_s / 2 if least_folds(analysis) == 1 else math.inf


def refit_s(members_s: Sequence[float], workers: int, runtime_s: float) -> float:
    """Return the seconds to be kept free for refits of the members of the ensemble.

    members_s   what a refit of each takes
    runtime_s   of the whole job
    """
    part = _SHORT_SHARE + (1 - _SHORT_SHARE) * min(1.0, runtime_s / _FULL_REFITS_S)
    most_s = part * _MOST_REFIT_SHARE * runtime_s
    expected_s = max([sum(members_s) / workers, *members_s])
    wanted_s = max(_REFIT_MARGIN * expected_s, _LEAST_REFIT_SHARE * runtime_s)
    return min(wanted_s, most_s)


def next_plan(
    analysis: Analysis,
    index: int,
    last: int,
    tried: Sequence[Tried],
    left_s: float,
    own_s: float = math.inf,
    strategy: Strategy = ANYTHING,
    n_others: int = 0,
) -> Plan | None:
    """Return the plan of this index or of one of the next ones, up to `last`: the first that is expected to fit into
    the time left. None if none does. While nothing has finished, expectations are too vague to count. Where candidates
    learn from a sample, hyperparameters are those for as many rows.

    own_s      what the candidate may take
    n_others   indices before it that are no proposals
    """
    n_rows = rows_to_learn_from(analysis, own_s)

    def proposed(number: int, n_learnt: int | None = n_rows) -> Plan:
        learnt_from = analysis if n_learnt is None else replace(analysis, n_rows=n_learnt)
        found = search.propose(learnt_from, number - n_others, tried, strategy)
        plan = replace(found, index=number, n_rows=n_learnt)
        more = more_rows(analysis, plan, own_s)
        return plan if more == n_learnt else proposed(number, more)

    if not any(one.objective is not None for one in tried):
        return proposed(index) if index <= last else None
    for number in range(index, min(index + _MOST_SKIPPED, last + 1)):
        plan = proposed(number)
        quick = hurried(
            plan, cost.predicted_s(analysis, plan, tried) / max(min(left_s, own_s), _LEAST_S)
        )
        if cost.predicted_s(analysis, quick, tried) <= left_s:
            return quick
    return None


def is_in_vain(tried: Sequence[Tried]) -> bool:
    """Return whether to give up, because everything fails.

    tried    by index
    """
    latest = tried[-_MOST_FAILURES:]
    if len(latest) < _MOST_FAILURES:
        return False
    return all(one.is_unbegun for one in latest) or all(one.objective is None for one in tried)


def check_memory(analysis: Analysis, plan: Plan, memory_mb: float, n_members: int = 1) -> None:
    """Check that a plan can be trained in the memory there is, of each of the members that train it together.

    raises    OutOfMemory if training the plan is expected to need more than `memory_mb` MiB
    """
    needed_mb = cost.member_mb(analysis, plan, n_members)
    if needed_mb > memory_mb:
        facts = {
            "n_rows": analysis.n_rows,
            "n_columns": len(analysis.features),
            "algorithm": plan.algorithm,
            "needed_mb": float(needed_mb),
            "memory_mb": float(memory_mb),
        }
        raise OutOfMemory(Note(NoteCode.TOO_LARGE, facts))
