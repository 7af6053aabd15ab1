import numpy as np
import pytest
from sklearn import metrics as oracle

from windvane.engine.quality.measured import measured
from windvane.engine.quality.regression import regression_figures, regression_metrics


def test_figures_agree_with_scikit_learn(random_values):
    judged = random_values()
    document = regression_metrics(measured(judged, regression_figures))
    assert {name: figure["value"] for name, figure in document.items()} == pytest.approx(
        {
            "mae": oracle.mean_absolute_error(judged.y, judged.predicted),
            "mse": oracle.mean_squared_error(judged.y, judged.predicted),
            "rmse": oracle.root_mean_squared_error(judged.y, judged.predicted),
            "r2": oracle.r2_score(judged.y, judged.predicted),
        }
    )


def test_deviations_are_over_folds(random_values):
    judged = random_values()
    of_folds = [
        oracle.r2_score(judged.y[inside], judged.predicted[inside])
        for inside in (judged.folds == fold for fold in range(5))
    ]
    document = regression_metrics(measured(judged, regression_figures))
    assert document["r2"]["standard_deviation"] == pytest.approx(np.std(of_folds, ddof=1))


def test_constant_predictions_have_an_r2_of_nought(judge_values):
    judged = judge_values(np.full(10, 4.5), np.arange(10))
    assert regression_figures(judged)["r2"] == pytest.approx(0)
