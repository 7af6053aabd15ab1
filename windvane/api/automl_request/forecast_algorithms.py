"""Which of Windvane's forecasting models stand for an algorithm that AWS names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_ACROSS_SERIES = ("boosted-levels", "boosted-changes", "boosted-logs")

MODELS_OF: Mapping[str, tuple[str, ...]] = {
    "arima": ("arima",),
    "cnn-qr": _ACROSS_SERIES,
    "deepar": (*_ACROSS_SERIES, "linear"),
    "ets": ("ets", "log-ets"),
    "npts": ("npts", "seasonal-npts"),
    "prophet": ("theta", "log-theta"),
}
"""An algorithm -> names of engine/forecasting/models/catalogue.py.

arima, ets and npts are the same methods. The others are replaced by what does the same work with other means: cnn-qr and
deepar, networks that learn from all series and their covariates, by gradient boosted trees that do (and, for deepar, which
goes from step to step, by a linear autoregression across series); prophet, a curve of trend and seasons for each series, by
the theta method, which forecasts trend and season of each series. docs/forecasting.md says so.

source    AutoMLAlgorithmConfig in SageMaker's API reference
"""


def models_of(algorithms: Iterable[str]) -> tuple[str, ...]:
    """Return the models that stand for some algorithms, each once; () for none, which are all."""
    return tuple(dict.fromkeys(model for name in algorithms for model in MODELS_OF[name]))
