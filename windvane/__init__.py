"""Windvane: AutoML you own. A self-hosted implementation of Amazon SageMaker Autopilot.

The classes are loaded when they are first asked for: importing the package alone loads no library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from windvane.version import __version__

if TYPE_CHECKING:
    from windvane.automl.estimator import AutoML
    from windvane.automl.forecast_estimator import AutoForecast
    from windvane.automl.sklearn_estimators import AutoMLClassifier, AutoMLRegressor

__all__ = ["AutoForecast", "AutoML", "AutoMLClassifier", "AutoMLRegressor", "__version__"]

_MODULES = {
    "AutoForecast": "forecast_estimator",
    "AutoML": "estimator",
    "AutoMLClassifier": "sklearn_estimators",
    "AutoMLRegressor": "sklearn_estimators",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'windvane' has no attribute {name!r}")
    return getattr(import_module(f"windvane.automl.{_MODULES[name]}"), name)
