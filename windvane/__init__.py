"""Windvane: AutoML you own. A self-hosted implementation of Amazon SageMaker Autopilot.

`AutoML` and `AutoForecast` are loaded when they are first asked for: importing the package alone loads no library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windvane.version import __version__

if TYPE_CHECKING:
    from windvane.automl.estimator import AutoML
    from windvane.automl.forecast_estimator import AutoForecast

__all__ = ["AutoForecast", "AutoML", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "AutoForecast":
        from windvane.automl.forecast_estimator import AutoForecast

        return AutoForecast
    if name != "AutoML":
        raise AttributeError(f"module 'windvane' has no attribute {name!r}")
    from windvane.automl.estimator import AutoML

    return AutoML
