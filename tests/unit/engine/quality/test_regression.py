import numpy as np
import pytest
from sklearn import metrics as oracle

from windvane.engine.quality.measured import measured
from windvane.engine.quality.regression import regression_figures, regression_metrics


def test_figures_agree_with_scikit_learn(random_values):
    judged = random_values()
    document = regression_metrics(measured(judged, regression_figures))
    told = {name: figure["value"] for name, figure in document.items() if "constant" not in name}
    assert told == pytest.approx(
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


def test_the_best_constants_are_the_mean_and_the_median(random_values):
    judged = random_values()
    figures = regression_figures(judged)
    means, medians = (np.full(judged.n_rows, of(judged.y)) for of in (np.mean, np.median))
    found = {
        key: figures[f"{key}_best_constant_prediction"] for key in ("mae", "mse", "rmse", "r2")
    }
    assert found == pytest.approx(
        {
            "mae": oracle.mean_absolute_error(judged.y, medians),
            "mse": oracle.mean_squared_error(judged.y, means),
            "rmse": oracle.root_mean_squared_error(judged.y, means),
            "r2": oracle.r2_score(judged.y, means),
        }
    )


def test_targets_whose_mean_is_too_large_for_a_number_have_no_baseline_of_it(judge_values):
    judged = judge_values(np.zeros(10), np.full(10, 1.5e308))
    figures = measured(judged, regression_figures)
    assert "rmse_best_constant_prediction" not in figures
    assert figures["r2_best_constant_prediction"].value == 0
