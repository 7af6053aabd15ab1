"""Global importance and its error."""

import numpy as np

from windvane.engine.explain.attribution import Attribution
from windvane.engine.explain.importance import importance_of


def _attribution(values, common=0.0):
    values = np.asarray(values, float)
    zeros = np.zeros_like(values)
    return Attribution(
        values=values,
        errors=zeros,
        expected=zeros[0, 0],
        expected_errors=zeros[0, 0],
        common_errors=np.full(values.shape[1:], common),
        background={},
        pairs=0,
    )


def test_columns_are_ranked_by_the_mean_of_absolute_values():
    values = np.zeros((4, 3, 2))
    values[:, 1, 0] = [2, -2, 4, -4]
    values[:, 2] = [[1, -1], [-1, 1], [1, 1], [-1, -1]]
    found = importance_of(_attribution(values))
    assert found.total.tolist() == [0, 3, 2]
    assert found.ranking() == [1, 2, 0]


def test_the_error_is_of_taking_some_rows_and_of_sampling():
    values = np.random.default_rng(0).normal(size=(50, 2, 1))
    of_rows = np.abs(values).std(axis=0, ddof=1) / 50**0.5
    np.testing.assert_allclose(importance_of(_attribution(values)).errors, of_rows)
    both = importance_of(_attribution(values, common=0.3)).errors
    np.testing.assert_allclose(both, np.sqrt(of_rows**2 + 0.09))


def test_one_row_has_no_spread():
    assert importance_of(_attribution(np.ones((1, 2, 1)))).errors.tolist() == [[0], [0]]
