"""Rows that are read block by block give the linear model that they give when they are held."""

from dataclasses import replace

import numpy as np
import pytest

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.learners import linear_sums
from windvane.engine.learners.base import Rows
from windvane.engine.learners.linear import LEARNER
from windvane.testing.learner_contract import Never, lesson


class Streamed(Rows):
    """Rows whose matrix must not be copied."""

    @property
    def X(self):  # noqa: N802 - as of Rows
        raise AssertionError("All rows were taken into memory.")


def streamed(rows):
    """The rows among others that are none of them, with weights."""
    n_rows, n_features = rows.X.shape
    chosen = np.arange(2 * n_rows) % 2 == 0
    matrix = np.full((2 * n_rows, n_features), 1e6, np.float32)
    matrix[chosen] = rows.X
    return Streamed(matrix, rows.y, rows.weight, chosen)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(linear_sums, "MANY_ROWS", 100)
    monkeypatch.setattr(linear_sums, "_BLOCK_CELLS", 300)


@pytest.mark.parametrize("l1", [0.0, 0.01])
@pytest.mark.parametrize(
    ("problem_type", "objective"),
    [
        (ProblemType.BINARY, None),
        (ProblemType.MULTICLASS, None),
        (ProblemType.REGRESSION, MetricName.MSE),
        (ProblemType.REGRESSION, MetricName.MAE),
    ],
)
def test_the_model_is_that_of_all_rows_at_once(small_blocks, problem_type, objective, l1):
    posed = lesson(problem_type, seed=2, has_missing=False)
    setting = posed.setting if objective is None else replace(posed.setting, objective=objective)
    weight = np.random.default_rng(0).uniform(0.5, 1.5, len(posed.train.y))
    rows = replace(posed.train, weight=weight)
    parameters = {"max_iterations": 500, "wd": 0.01, "l1": l1}
    blocks = LEARNER.fit(streamed(rows), posed.valid, parameters, setting, Never())
    linear_sums.MANY_ROWS = 10**9  # the fixture puts it back
    held = LEARNER.fit(rows, posed.valid, parameters, setting, Never())
    answers, expected = (model.predict(posed.valid.X) for model in (blocks, held))
    np.testing.assert_allclose(answers, expected, rtol=5e-3, atol=5e-3 * np.abs(expected).max())
