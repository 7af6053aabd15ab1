"""Every forecasting model, in the order in which they are tried."""

from __future__ import annotations

from windvane.engine.forecasting.models.autoregression import AUTOREGRESSION
from windvane.engine.forecasting.models.base import Model
from windvane.engine.forecasting.models.boosted import (
    BOOSTED_CHANGES,
    BOOSTED_LEVELS,
    BOOSTED_LOGS,
)
from windvane.engine.forecasting.models.chronos_bolt import CHRONOS_BOLT
from windvane.engine.forecasting.models.empirical import NPTS, SEASONAL_NPTS
from windvane.engine.forecasting.models.ets import ETS, LOG_ETS
from windvane.engine.forecasting.models.intermittent import ADIDA, CROSTON, SBA, TSB
from windvane.engine.forecasting.models.linear import LINEAR
from windvane.engine.forecasting.models.naive import DRIFT, SEASONAL_NAIVE
from windvane.engine.forecasting.models.theta import LOG_THETA, THETA

FLOOR = SEASONAL_NAIVE
"""What every other model is compared with, and what answers if no other could be fitted."""

MODELS: tuple[Model, ...] = (
    FLOOR,
    THETA,
    CHRONOS_BOLT,
    BOOSTED_LEVELS,
    ETS,
    AUTOREGRESSION,
    NPTS,
    LINEAR,
    LOG_ETS,
    BOOSTED_LOGS,
    LOG_THETA,
    SEASONAL_NPTS,
    DRIFT,
    TSB,
    SBA,
    CROSTON,
    ADIDA,
    BOOSTED_CHANGES,
)
HEAVY = frozenset({BOOSTED_LEVELS.name, BOOSTED_CHANGES.name, BOOSTED_LOGS.name})
"""Models that use whatever time they are given."""

_BY_NAME = {model.name: model for model in MODELS}


def model_named(name: str) -> Model:
    """Return the model of a name.

    raises    KeyError if there is none of that name
    """
    return _BY_NAME[name]
