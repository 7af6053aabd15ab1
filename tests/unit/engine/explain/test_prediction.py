"""One row explained from packages alone."""

import numpy as np
import pytest
from unit.engine.explain.made_up import COLOUR, HOSTILE, NOISE, packaged

from windvane.domain.problem import ProblemType
from windvane.engine.data.dataset import read_dataset
from windvane.engine.data.sketch import read_sketch
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.margins import margins
from windvane.engine.explain.prediction import Baseline, explain_prediction
from windvane.engine.explain.shapley import predicting
from windvane.errors import InvalidRequest, OutOfTime

ROW = ["7", "1.5", "-0.5", "red", "2020-01-05", "0.1"]


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    return packaged(tmp_path_factory.mktemp("trees"), ProblemType.BINARY, ["lightgbm"])


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    names = ["lightgbm", "linear-learner"]
    return packaged(tmp_path_factory.mktemp("ensemble"), ProblemType.REGRESSION, names)


def by_column(explanation):
    names = [spec.name for spec in explanation.columns]
    return dict(zip(names, explanation.attribution.values[0, :, 0].tolist(), strict=True))


def test_a_single_sum_of_trees_is_explained_exactly(trees):
    predictor = trees.predictor()
    explanation = explain_prediction(predictor, {}, ROW, Budget(30))
    assert (explanation.baseline, explanation.attribution.is_exact) == (Baseline.TREES, True)
    np.testing.assert_allclose(
        explanation.attribution.answers[0], margins(predictor.predict([ROW]))[0], atol=1e-5
    )
    found = by_column(explanation)
    assert "row id" not in found
    assert max(found, key=lambda name: abs(found[name])) in (HOSTILE, COLOUR)


def test_others_are_sampled_against_drawn_cells_and_add_up(ensemble):
    predictor, sketch = ensemble.predictor(), read_sketch(ensemble.dataset)
    explanation = explain_prediction(predictor, sketch, ROW, Budget(30))
    assert (explanation.baseline, explanation.attribution.is_exact) == (Baseline.DRAWN, False)
    assert explanation.attribution.answers[0, 0] == pytest.approx(
        predictor.predict([ROW]).values[0]
    )
    found = by_column(explanation)
    assert found[HOSTILE] > 2
    assert abs(found[NOISE]) < 0.5


def test_what_is_expected_is_near_the_mean_answer_to_the_table(ensemble):
    predictor, table = ensemble.predictor(), read_dataset(ensemble.dataset)
    explanation = explain_prediction(predictor, read_sketch(ensemble.dataset), ROW, Budget(30))
    mean = predicting(predictor, 1)(table.columns, len(table.y)).values.mean()
    expected, error = (
        explanation.attribution.expected[0],
        explanation.attribution.expected_errors[0],
    )
    assert abs(expected - mean) < 4 * error + 0.3


def test_without_drawn_cells_an_empty_row_stands_for_what_is_not_known(ensemble):
    predictor = ensemble.predictor()
    explanation = explain_prediction(predictor, {}, ROW, Budget(30))
    empty = predictor.predict([[""] * len(ROW)]).values[0]
    assert explanation.baseline is Baseline.MISSING
    assert explanation.attribution.expected[0] == pytest.approx(empty)


def test_the_same_row_has_the_same_reasons(ensemble):
    sketch = read_sketch(ensemble.dataset)
    found = [explain_prediction(ensemble.predictor(), sketch, ROW, Budget(60)) for _ in range(2)]
    np.testing.assert_array_equal(found[0].attribution.values, found[1].attribution.values)


def test_a_row_that_cannot_be_read_is_refused_and_no_time_is_too_little(ensemble):
    predictor, sketch = ensemble.predictor(), read_sketch(ensemble.dataset)
    with pytest.raises(InvalidRequest, match="Row 1, column 'b': 'x' cannot be read as a number"):
        explain_prediction(predictor, sketch, [*ROW[:2], "x", *ROW[3:]], Budget(30))
    with pytest.raises(OutOfTime):
        explain_prediction(predictor, sketch, ROW, Budget(0))
