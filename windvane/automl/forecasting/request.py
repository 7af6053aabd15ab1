"""What a forecasting job is asked for, as far as it decides how the job goes, and when its parts must be over."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from windvane.automl.request import Schedule
from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.models.base import Learning
from windvane.engine.forecasting.models.catalogue import FLOOR, HEAVY, MODELS

_SEARCH_SHARE, _SHORT_SEARCH_SHARE = 0.55, 0.75
"""Of the time, until backtests are over: members learn once more from all values, which takes about as long. A short job
rather compares more models, which keep what they learned for that if need be."""

_SHORT_S, _LONG_S = 15.0, 30.0
"""Jobs that are short, and those that are not."""

_LEAST_WITH_ENSEMBLE = 3
"""Candidates: the floor, another model, and their average."""


@dataclass(frozen=True)
class ForecastRequest:
    """The request for a search of forecasting models.

    objective        that models are compared by
    models           to try, in this order
    heavy            of these, those that use whatever time they have
    trained          of these, those that learn from all values in the end, and are kept
    workers          actions at once
    max_candidates   models and their average together; None for all
    max_candidate_s  seconds that a backtest may take
    floor            the model that is made whatever happens
    """

    schedule: Schedule
    objective: ForecastMetric
    models: tuple[str, ...]
    heavy: frozenset[str]
    trained: frozenset[str]
    workers: int
    max_candidates: int | None = None
    max_candidate_s: float = math.inf
    floor: str = FLOOR.name

    @property
    def has_place_for_ensemble(self) -> bool:
        """Return whether one of the candidates may be the average of the others."""
        return self.max_candidates is None or self.max_candidates >= _LEAST_WITH_ENSEMBLE

    @property
    def n_models(self) -> int:
        """The largest number of models to try."""
        if self.max_candidates is None:
            return len(self.models)
        return self.max_candidates - int(self.has_place_for_ensemble)


def request_for(
    objective: ForecastMetric,
    times: Schedule,
    workers: int,
    algorithms: Collection[str] = (),
    max_candidates: int | None = None,
    max_candidate_s: float = math.inf,
) -> ForecastRequest:
    """Return what a job is asked for.

    times         when packing must begin, and the job be over; the end of its search is set here
    algorithms    names of models to try besides the floor; () for all
    """
    tried = [one for one in MODELS if not algorithms or one is FLOOR or one.name in algorithms]
    if max_candidates == 1 and len(tried) > 1:
        tried = [*tried[1:], FLOOR]
    return ForecastRequest(
        schedule=_with_search_end(times),
        objective=objective,
        models=tuple(model.name for model in tried),
        heavy=HEAVY,
        trained=frozenset(model.name for model in MODELS if model.learning is Learning.ACROSS),
        workers=workers,
        max_candidates=max_candidates,
        max_candidate_s=max_candidate_s,
    )


def _with_search_end(times: Schedule) -> Schedule:
    shortness = (_LONG_S - times.runtime_s) / (_LONG_S - _SHORT_S)
    more = min(max(shortness, 0.0), 1.0) * (_SHORT_SEARCH_SHARE - _SEARCH_SHARE)
    search_end = times.started + (_SEARCH_SHARE + more) * (times.packing - times.started)
    return Schedule(times.started, search_end, times.packing, times.deadline)
