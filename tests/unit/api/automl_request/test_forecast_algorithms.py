"""Algorithms of forecasting jobs as models of this server."""

from windvane.api.automl_request.forecast_algorithms import MODELS_OF, models_of
from windvane.engine.forecasting.models.catalogue import MODELS


def test_each_stands_for_models_that_there_are() -> None:
    assert {model for models in MODELS_OF.values() for model in models} <= {m.name for m in MODELS}
    assert all(MODELS_OF.values())


def test_models_that_stand_for_two_are_tried_once() -> None:
    assert models_of(["cnn-qr", "deepar"]) == (
        "boosted-levels",
        "boosted-changes",
        "boosted-logs",
        "linear",
    )
    assert models_of([]) == ()
