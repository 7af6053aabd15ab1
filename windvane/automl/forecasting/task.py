"""What each action of a forecasting job reads and writes, by the names of automl/names.py; with that it can be run anywhere."""

from __future__ import annotations

from collections.abc import Iterable

from windvane.automl import names
from windvane.automl.forecasting.actions import (
    Backtest,
    Combine,
    ForecastAction,
    ForecastHistory,
    Prepare,
    RefitModel,
)
from windvane.automl.forecasting.request import ForecastRequest
from windvane.automl.forecasting.workflow import limits_of
from windvane.automl.task import ActionTask, Resources


def forecast_task(
    action: ForecastAction,
    request: ForecastRequest,
    history: ForecastHistory,
    now: float,
    each_mb: int,
    all_mb: int,
) -> ActionTask:
    """Return the task of an action that begins at the moment `now`, a time.time().

    each_mb    MiB of memory that it may hold beside others
    all_mb     the same if it is alone
    """
    limits = limits_of(action, request, history, now)
    memory_mb = all_mb if limits.is_alone else each_mb
    return ActionTask(action, reads(action), writes(action), Resources(memory_mb), limits)


def reads(action: ForecastAction) -> tuple[str, ...]:
    """Return what must be in the folder of an action that begins now. A Prepare reads what its driver gives it."""
    return () if isinstance(action, Prepare) else (names.SERIES, *_further(action))


def writes(action: ForecastAction) -> tuple[str, ...]:
    """Return what an action that begins now leaves in its folder."""
    if isinstance(action, Prepare):
        return (names.SERIES,)
    if isinstance(action, Backtest):
        return names.backtested(action.model)
    if isinstance(action, Combine):
        return (names.ENSEMBLE,)
    return (names.refitted(action.model),) if isinstance(action, RefitModel) else (names.PACKAGES,)


def _further(action: ForecastAction) -> Iterable[str]:
    """Yield what an action reads beside the series."""
    if isinstance(action, Combine):
        for model in action.models:
            yield from names.judged(model)
    elif not isinstance(action, Prepare | Backtest | RefitModel):
        for model in action.models:
            yield from names.backtested(model)
        yield from map(names.refitted, action.refits)
        if action.has_ensemble:
            yield names.ENSEMBLE
