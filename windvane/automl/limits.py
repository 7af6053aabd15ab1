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

_LEAST_LOOK_S = 0.5

_LONG_MARGIN_SHARE = 0.01
"""Of the job: the long run ends by itself so much earlier, for nothing could make up for it."""

_FEWER_ROWS_SHARE = 0.04
"""Of a long search, for learning from fewer rows how much more rows help."""

_LAST_RESORT_S = 20.0
"""What analysis, baseline and packing may take even if the time is over: a job leaves a model whatever happens."""


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
    return _last_resort(request, now)


def limits_of(action: Action, at: Situation) -> Limits:
    """Return the bounds of an action that begins now."""
    schedule = at.request.schedule
    if isinstance(action, TrainCandidate):
        own_end = at.now + at.request.max_candidate_s
        stop_at = min(at.now + at.left_s, own_end)
        kill_at = min(schedule.search_end + _KILL_GRACE_S, own_end)
        folds, one_fold_at = at.folds_of(action), at.one_fold_at(action)
        if action.is_long:
            margin_s = _LONG_MARGIN_SHARE * schedule.runtime_s
            return Limits(stop_at - margin_s, min(schedule.packing, own_end), True, folds)
        return Limits(stop_at, kill_at, folds=folds, one_fold_at=one_fold_at)
    if isinstance(action, FirstLook):
        wanted_by = schedule.started + first_look_s(schedule.runtime_s)
        stop_at = min(max(wanted_by, at.now + _LEAST_LOOK_S), schedule.search_end)
        return Limits(stop_at, schedule.search_end, folds=FoldLimits(most=1))
    if isinstance(action, TrainOnFewerRows):
        until = at.now + _FEWER_ROWS_SHARE * at.search_s
        folds = FoldLimits(action.n_folds, action.n_folds)
        return Limits(schedule.search_end, until, folds=folds)
    if isinstance(action, FitFeatures):
        return Limits(schedule.search_end, schedule.search_end)
    if isinstance(action, FitOnAllRows | Refit):
        return Limits(schedule.packing, schedule.packing + _KILL_GRACE_S)
    if isinstance(action, BuildEnsemble):
        return Limits(schedule.packing, schedule.packing, is_alone=not action.is_quick)
    return _last_resort(at.request, at.now)


def _last_resort(request: Request, now: float) -> Limits:
    deadline = request.schedule.deadline
    return Limits(deadline, max(deadline, now + _LAST_RESORT_S), is_alone=True)
