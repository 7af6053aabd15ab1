import math

import numpy as np
import pytest

from windvane.domain.problem import METRICS_OF
from windvane.engine.quality.measured import Measured, engine_figures, measured


def test_standard_deviation_is_that_of_the_folds(judge_values):
    folds = [0, 0, 1, 1, 2, 2]
    judged = judge_values(np.zeros(6), [1, 1, 2, 2, 4, 4], folds=folds)
    figure = measured(judged, lambda rows: {"mean": float(rows.y.mean())})["mean"]
    assert figure.value == pytest.approx(14 / 6)
    assert figure.standard_deviation == pytest.approx(np.std([1, 2, 4], ddof=1))


def test_folds_that_do_not_tell_are_passed_over(judge_values):
    judged = judge_values(np.zeros(6), [1, 1, 2, 2, -1, -1], folds=[0, 0, 1, 1, 2, 2])

    def root_of_mean(rows):
        mean = float(rows.y.mean())
        return {"root": math.sqrt(mean) if mean >= 0 else math.nan}

    assert measured(judged, root_of_mean)["root"].standard_deviation == pytest.approx(
        np.std([1, math.sqrt(2)], ddof=1)
    )


def test_one_telling_fold_says_nothing_of_deviations(judge_values):
    judged = judge_values(np.zeros(2), [1, 2], folds=[0, 1])
    found = measured(judged, lambda rows: {"a": rows.y[0] if rows.y[0] == 1 else math.inf})
    assert found["a"] == Measured(1.0, None)
    assert found["a"].to_json() == {"value": 1.0}


def test_what_no_row_tells_is_left_out(judge_values):
    judged = judge_values(np.zeros(2), [1, 2])
    assert measured(judged, lambda _: {"a": math.nan, "b": math.inf}) == {}


@pytest.mark.parametrize("kind", ["random_two", "random_many", "random_values"])
def test_every_metric_of_the_engine_is_told(request, kind):
    judged = request.getfixturevalue(kind)()
    found = measured(judged, engine_figures)
    assert set(found) == set(METRICS_OF[judged.problem_type])
    assert all(figure.standard_deviation > 0 for figure in found.values())


def test_squares_beyond_all_numbers_are_left_out(judge_values):
    judged = judge_values([1e200, 0.0, 1.0], [-1e200, 1.0, 3.0])
    assert set(measured(judged, engine_figures)) == {"MAE"}
