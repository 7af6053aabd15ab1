"""How long each action may take. What it is told depends on when it begins."""

from __future__ import annotations

import math
from dataclasses import dataclass

from windvane.automl.actions import (
    Action,
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    Refit,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.request import Request
from windvane.automl.situation import Situation
from windvane.engine.training.fold_limits import ALL_FOLDS, FoldLimits
from windvane.engine.tuning.pacing import first_look_s

_KILL_GRACE_S = 0.4
"""What trains ends by itself; so long after that it is ended."""

_LEAST_LOOK_S, _LEAST_LOOK_PART = 0.5, 0.5
"""For the first look, and of what the analysis took: on a busy machine more time passes before it has learnt anything."""

_FINISHING_PART = 0.25
"""Of what the analysis took, of a million rows at most: what trains ends by itself so much earlier, to be scored and written. At
most half of its time."""

_LONG_MARGIN_SHARE = 0.01
"""Of the job: the long run ends by itself so much earlier, for nothing could make up for it."""

_FEWER_ROWS_SHARE = 0.04
"""Of a long search, for learning from fewer rows how much more rows help."""

_LAST_RESORT_S, _LAST_RESORT_PART = 20.0, 2.0
"""What analysis, baseline and packing may take even if the time is over, and the same of what the analysis took: a job leaves
a model whatever happens."""


@dataclass(frozen=True)
class Limits:
    """Bounds of one action, each a time.time().

    stop_at       it ends by itself before that, and keeps what it has
    kill_at       whoever runs it ends it then
    is_alone      whether it may have all of the job's memory
    folds         what a candidate is scored on
    one_fold_at   when it is plain that a candidate is scored on one fold, if its first one is not over by then
    """

    stop_at: float
    kill_at: float
    is_alone: bool = False
    folds: FoldLimits = ALL_FOLDS
    one_fold_at: float = math.inf


def limits_of_analysis(request: Request, now: float) -> Limits:
    """Return the bounds of the analysis of the table, if it begins now."""
    return _last_resort(request, now, 0.0)


def limits_of(action: Action, at: Situation) -> Limits:
    """Return the bounds of an action that begins now."""
    schedule = at.request.schedule
    if isinstance(action, TrainCandidate):
        own_end = at.now + at.request.max_candidate_s
        stop_at = min(_ended_before(at.now + at.left_s, at), own_end)
        kill_at = min(schedule.search_end + _KILL_GRACE_S, own_end)
        folds, one_fold_at = at.folds_of(action), at.one_fold_at(action)
        if action.is_long:
            margin_s = _LONG_MARGIN_SHARE * schedule.runtime_s
            return Limits(stop_at - margin_s, min(schedule.packing, own_end), True, folds)
        return Limits(stop_at, kill_at, folds=folds, one_fold_at=one_fold_at)
    if isinstance(action, FirstLook):
        wanted_by = schedule.started + first_look_s(schedule.runtime_s)
        least_s = max(_LEAST_LOOK_S, _LEAST_LOOK_PART * at.analysis_s)
        stop_at = min(max(wanted_by, at.now + least_s), schedule.search_end)
        return Limits(stop_at, schedule.search_end, folds=FoldLimits(most=1))
    if isinstance(action, TrainOnFewerRows):
        until = at.now + _FEWER_ROWS_SHARE * at.search_s
        folds = FoldLimits(action.n_folds, action.n_folds)
        return Limits(schedule.search_end, until, folds=folds)
    if isinstance(action, FitFeatures):
        return Limits(schedule.search_end, schedule.search_end)
    if isinstance(action, FitOnAllRows | Refit):
        stop_at = _ended_before(schedule.packing, at)
        return Limits(stop_at, schedule.packing + _KILL_GRACE_S)
    if isinstance(action, BuildEnsemble):
        return Limits(schedule.packing, schedule.packing, is_alone=not action.is_quick)
    return _last_resort(at.request, at.now, at.analysis_s)


def _ended_before(until: float, at: Situation) -> float:
    """Return when what trains is to end by itself to be whole by then."""
    left_s = max(0.0, until - at.now)
    return until - min(_FINISHING_PART * at.pace_s, left_s / 2)


def _last_resort(request: Request, now: float, analysis_s: float) -> Limits:
    deadline = request.schedule.deadline
    least_s = max(_LAST_RESORT_S, _LAST_RESORT_PART * analysis_s)
    return Limits(deadline, max(deadline, now + least_s), is_alone=True)
