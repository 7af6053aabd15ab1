"""What a straight line leaves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.residual import RESIDUAL, Line
from windvane.errors import CandidateFault
from windvane.testing.learner_contract import Never

FEATURES = (Feature("a", "a"), Feature("b", "b"), Feature("code", "code", 4))
SETTING = Setting(ProblemType.REGRESSION, MetricName.RMSE, 0, FEATURES, 0)


def _rows(n_rows, seed=0):
    """A target that is a line with a step, of which few rows are far out."""
    random = np.random.default_rng(seed)
    X = np.column_stack(
        [
            random.standard_t(2, n_rows) * 20,
            random.normal(size=n_rows),
            random.integers(0, 4, n_rows),
        ]
    ).astype(np.float32)
    y = 3.0 * X[:, 0] - 2.0 * X[:, 1] + 5.0 * (X[:, 2] == 2) + random.normal(size=n_rows)
    return Rows(X, y)


def _fit(transform, train, valid, setting=SETTING):
    chosen = learner("xgboost")
    more = {"target_transform": transform} if transform else {}
    return chosen.fit(
        train, valid, {**chosen.defaults(setting, len(train.y)), **more}, setting, Never()
    )


def test_rare_rows_far_out_are_answered_along_the_line():
    train, valid, new = (_rows(2_000, seed) for seed in range(3))
    far = np.abs(new.X[:, 0]) > 100
    errors = {
        transform: np.abs(_fit(transform, train, valid).predict(new.X) - new.y)[far].mean()
        for transform in (None, RESIDUAL)
    }
    assert errors[RESIDUAL] < 0.2 * errors[None]


def test_a_line_is_that_of_least_squares_where_there_are_many_rows():
    rows = _rows(100_000)
    line = Line.of(rows, FEATURES)
    np.testing.assert_allclose(line.coefficients, [3.0, -2.0], atol=0.03)
    assert line.columns.tolist() == [0, 1]


def test_a_line_ends_where_the_columns_did():
    train = _rows(500)
    line = Line.of(train, FEATURES)
    beyond = np.array([[1e9, 0.0, 0.0], [train.X[:, 0].max(), 0.0, 0.0]], np.float32)
    answers = line.predict(beyond)
    assert answers[0] == answers[1]


def test_what_is_missing_counts_as_the_mean():
    train = _rows(500)
    train.X[::3, 0] = np.nan
    line = Line.of(train, FEATURES)
    asked = np.array([[np.nan, 0, 0], [np.nanmean(train.X[:, 0], dtype=float), 0, 0]], np.float32)
    answers = line.predict(asked)
    assert answers[0] == pytest.approx(answers[1], rel=1e-5)


@given(
    X=arrays.arrays(np.float32, (20, 3), elements=st.floats(-1e6, 1e6, width=32) | st.just(np.nan)),
    y=arrays.arrays(np.float64, 20, elements=st.floats(-1e9, 1e9)),
)
@settings(max_examples=50, deadline=None)
def test_any_rows_have_a_line_that_answers_each_row_alike(X, y):
    line = Line.of(Rows(X, y), FEATURES)
    whole = line.predict(X)
    assert np.isfinite(whole).all()
    alone = np.concatenate([line.predict(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_array_equal(alone, whole)


def test_columns_of_nothing_but_missing_values_leave_the_mean():
    X = np.full((10, 3), np.nan, np.float32)
    line = Line.of(Rows(X, np.arange(10.0)), FEATURES)
    np.testing.assert_array_equal(line.predict(X), np.full(10, 4.5))


def test_classes_have_no_residuals():
    rows = _rows(100)
    classes = Setting(ProblemType.BINARY, MetricName.AUC, 2, FEATURES, 0)
    with pytest.raises(CandidateFault, match="for regression"):
        _fit(RESIDUAL, Rows(rows.X, (rows.y > 0).astype(float)), None, classes)


def test_a_target_that_is_no_number_is_refused():
    rows = _rows(100)
    rows.y[3] = np.inf
    with pytest.raises(CandidateFault, match="not a number"):
        _fit(RESIDUAL, rows, None)
