"""The way of a forecasting job: what is to be begun now, given what has happened. Pure, and as automl/workflow.py.

Analysis    rows become regular series
Search      models forecast moments of the past until all have, or the time is over
Ensemble    they are weighed together; if none has finished, the floor is made
Refit       members that learn from all series learn from all values
Packing     what answers is written
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from windvane.automl.forecasting.actions import (
    Backtest,
    Combine,
    ForecastAction,
    ForecastHistory,
    ForecastStep,
    PackForecaster,
    Prepare,
    RefitModel,
)
from windvane.automl.forecasting.request import ForecastRequest
from windvane.automl.limits import Limits
from windvane.automl.request import Schedule
from windvane.automl.steps import Status
from windvane.automl.workflow import Phase

_LEAST_FIT_S = 1.0
"""A model that uses whatever time it has is not begun with less."""

_LEAST_REFIT_SHARE = 0.5
"""Of the time that its backtest took, for a model to learn from all values: with less it keeps what it learned then."""

_FIT_SHARE = 0.8
"""Of the time of a model, for fitting: the rest is for forecasting and saving."""

_LAST_RESORT_S = 20.0
"""What preparing and packing may take even if the time is over."""

_GRACE_S = 0.5
"""What fits ends by itself; so long after that it is ended."""

_MOST_EARLIER_S = 1.5
"""Packing, and what comes before it, begin earlier by so much at most where reading the rows took longer than is kept for packing: the
machine is slow or busy."""


@dataclass(frozen=True)
class ForecastDecision:
    """The actions to begin now.

    begin    actions, the most urgent first
    """

    phase: Phase
    begin: tuple[ForecastAction, ...] = ()


def decide(
    request: ForecastRequest, history: ForecastHistory, now: float, room: int
) -> ForecastDecision:
    """Return what a job is to do at the moment `now`, a time.time().

    room    how many more actions may be begun
    """
    for phase, propose, kinds in _PHASES:
        begin: list[ForecastAction] = []
        at = history
        while len(begin) < room and (found := propose(request, at, now)) is not None:
            begin.append(found)
            at = at.with_step(ForecastStep(found, Status.WAITING, began=now))
        if begin or at.is_busy(*kinds) or propose(request, at, now) is not None:
            return ForecastDecision(phase, tuple(begin))
    return ForecastDecision(Phase.DONE)


def limits_of(
    action: ForecastAction, request: ForecastRequest, history: ForecastHistory, now: float
) -> Limits:
    """Return the bounds of an action that begins now; those that use whatever time they have share what is left."""
    schedule = _schedule(request, history)
    if isinstance(action, Backtest) and not action.is_last_resort:
        own = now + request.max_candidate_s
        kill_at = min(schedule.search_end + _GRACE_S, own)
        return Limits(min(_backtest_end(action, request, history, now), own), kill_at)
    if isinstance(action, RefitModel):
        stop_at = now + _refit_s(request, history, now, len(_to_refit(request, history)))
        return Limits(stop_at, schedule.packing + _GRACE_S)
    if isinstance(action, Combine):
        return Limits(schedule.packing, schedule.packing, is_alone=True)
    deadline = schedule.deadline
    return Limits(deadline, max(deadline, now + _LAST_RESORT_S), is_alone=True)


def _schedule(request: ForecastRequest, history: ForecastHistory) -> Schedule:
    """Return when the parts of a job must be over, given how long reading its rows took."""
    planned, prepared = request.schedule, history.step(Prepare().key)
    if prepared is None or prepared.status is not Status.DONE:
        return planned
    missing_s = (prepared.ended - prepared.began) - (planned.deadline - planned.packing)
    earlier_s = min(max(missing_s, 0.0), _MOST_EARLIER_S)
    return replace(
        planned, search_end=planned.search_end - earlier_s, packing=planned.packing - earlier_s
    )


def _backtest_end(
    action: Backtest, request: ForecastRequest, history: ForecastHistory, now: float
) -> float:
    """Return when a backtest that begins now is to end by itself."""
    end = _schedule(request, history).search_end
    if action.model not in request.heavy:
        return end
    others = [one for one in models_to_try(request, history) if one in request.heavy]
    steps = (history.step(Backtest(one).key) for one in others if one != action.model)
    n_left = 1 + sum(step is None or step.status is Status.WAITING for step in steps)
    turns = max(1, -(-n_left // request.workers))
    return now + (end - now) * _FIT_SHARE / turns


def _prepare(_: ForecastRequest, history: ForecastHistory, __: float) -> ForecastAction | None:
    return None if history.step(Prepare().key) else Prepare()


def _backtest(
    request: ForecastRequest, history: ForecastHistory, now: float
) -> ForecastAction | None:
    left_s = _schedule(request, history).search_end - now
    for name in models_to_try(request, history):
        if history.step(Backtest(name).key) is not None:
            continue
        if left_s > (_LEAST_FIT_S if name in request.heavy else 0):
            return Backtest(name)
    return None


def models_to_try(request: ForecastRequest, history: ForecastHistory) -> list[str]:
    """Return the models to try: those that there are enough values for, as many as there may be."""
    return [name for name in request.models if name in history.suited][: request.n_models]


def _combine(
    request: ForecastRequest, history: ForecastHistory, now: float
) -> ForecastAction | None:
    models = tuple(action.model for action in history.done(Backtest))
    if not models:
        floor = Backtest(request.floor, is_last_resort=True)
        return None if history.step(floor.key) else floor
    is_due = request.has_place_for_ensemble and now < _schedule(request, history).packing
    return Combine(models) if is_due and not history.has_any(Combine) else None


def _refit(request: ForecastRequest, history: ForecastHistory, now: float) -> ForecastAction | None:
    left = _to_refit(request, history)
    if not left:
        return None
    backtest = history.step(Backtest(left[0]).key)
    took_s = 0.0 if backtest is None else backtest.ended - backtest.began
    enough_s = max(_LEAST_FIT_S, _LEAST_REFIT_SHARE * took_s)
    has_time = _refit_s(request, history, now, len(left)) >= enough_s
    return RefitModel(left[0]) if has_time else None


def _refit_s(request: ForecastRequest, history: ForecastHistory, now: float, n_left: int) -> float:
    """Return the seconds that one of so many models has, which share what is left."""
    n_running = sum(s.status.is_open and isinstance(s.action, RefitModel) for s in history.steps)
    turns = max(1, -(-(n_left + n_running) // request.workers))
    return max(0.0, _schedule(request, history).packing - now) * _FIT_SHARE / turns


def _to_refit(request: ForecastRequest, history: ForecastHistory) -> list[str]:
    """Return the members that are to learn from all values yet, those of most weight first."""
    weights = history.weights
    if not weights and (best := best_model(request, history)) is not None:
        weights = {best: 1.0}
    members = sorted(weights, key=lambda name: (-weights[name], name))
    return [
        name
        for name in members
        if name in request.trained and history.step(RefitModel(name).key) is None
    ]


def best_model(request: ForecastRequest, history: ForecastHistory) -> str | None:
    """Return the model of the least loss in backtests; None if none has been backtested."""
    losses = {name: one.loss(request.objective) for name, one in history.outcomes.items()}
    return min(losses, key=lambda name: losses[name]) if losses else None


def _pack(_: ForecastRequest, history: ForecastHistory, __: float) -> ForecastAction | None:
    models = tuple(action.model for action in history.done(Backtest))
    refits = tuple(action.model for action in history.done(RefitModel))
    found = PackForecaster(models, refits, has_ensemble=bool(history.done(Combine)))
    return None if history.step(found.key) else found


_Propose = Callable[[ForecastRequest, ForecastHistory, float], ForecastAction | None]

_PHASES: tuple[tuple[Phase, _Propose, tuple[type[ForecastAction], ...]], ...] = (
    (Phase.ANALYSIS, _prepare, (Prepare,)),
    (Phase.SEARCH, _backtest, (Backtest,)),
    (Phase.ENSEMBLE, _combine, (Combine, Backtest)),
    (Phase.REFIT, _refit, (RefitModel,)),
    (Phase.PACKING, _pack, (PackForecaster,)),
)
"""Each phase, what it begins next, and the actions that it is not over before the end of."""
