"""Partial dependence of functions known in closed form."""

import numpy as np
import pytest

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.explain.dependence import dependence_of
from windvane.engine.packages.predictor import Predictions

NUMBER = ColumnSpec("x", ColumnType.NUMERIC, "")
WORD = ColumnSpec("word", ColumnType.CATEGORICAL, "")
N_ROWS = 50


def _cells():
    generator = np.random.default_rng(0)
    words = generator.choice(np.array(["a", "b", None], object), N_ROWS)
    return {"x": generator.normal(size=N_ROWS), "z": generator.normal(size=N_ROWS), "word": words}


def _values(columns, n_rows):
    values = columns["x"] ** 2 + columns["z"] * columns["x"] + 10 * (columns["word"] == "a")
    assert values.shape == (n_rows,)
    return Predictions(values, np.empty((0, 0)), np.empty(0, np.int64))


def test_the_mean_answer_of_each_point_is_that_of_the_function():
    cells = _cells()
    seen = np.random.default_rng(1).normal(size=1_000)
    found = dependence_of(_values, NUMBER, cells, N_ROWS, seen)
    rest = (10 * (cells["word"] == "a")).mean()
    wanted = found.grid**2 + cells["z"].mean() * found.grid + rest
    np.testing.assert_allclose(found.answers[:, 0], wanted)
    np.testing.assert_allclose(found.effect.mean(axis=0), 0, atol=1e-12)
    away = found.grid[:, None] ** 2 + cells["z"] * found.grid[:, None]
    low, high = np.quantile(away - away.mean(axis=0), (0.1, 0.9), axis=1)
    np.testing.assert_allclose(found.low[:, 0], low)
    np.testing.assert_allclose(found.high[:, 0], high)


def test_the_grid_of_a_number_goes_by_quantiles():
    seen = np.append(np.arange(1_000.0), np.nan)
    found = dependence_of(_values, NUMBER, _cells(), N_ROWS, seen)
    assert len(found.grid) == 12
    assert found.grid[[0, -1]].tolist() == [20, 979]
    assert found.shares.sum() == pytest.approx(1_000 / 1_001)
    assert found.is_ordered


def test_where_most_rows_share_a_value_the_grid_has_others_too():
    seen = np.concatenate([np.zeros(950), np.arange(1_000.0, 51_000, 1_000)])
    found = dependence_of(_values, NUMBER, _cells(), N_ROWS, seen)
    assert len(found.grid) == 12
    assert found.grid[[0, -1]].tolist() == [0, 30_000]
    assert np.diff(found.grid).max() <= 6_000
    assert found.shares[0] > 0.9


def test_few_numbers_are_all_on_the_grid():
    found = dependence_of(_values, NUMBER, _cells(), N_ROWS, np.array([2.0, 1, 2, np.nan]))
    assert found.grid.tolist() == [1, 2]
    assert found.shares.tolist() == [0.25, 0.5]


def test_words_and_missing_cells_are_points_by_frequency():
    seen = np.array(["b", None, "a", "b", None, "b"], object)
    found = dependence_of(_values, WORD, _cells(), N_ROWS, seen)
    assert found.grid.tolist() == ["b", None, "a"]
    assert found.texts == ("b", "", "a")
    assert found.answers[2, 0] - found.answers[0, 0] == pytest.approx(10)
    assert not found.is_ordered


def test_of_classes_answers_are_probabilities():
    def two(columns, n_rows):
        second = 1 / (1 + np.exp(-columns["x"]))
        return Predictions(np.empty(0), np.stack([1 - second, second], 1), np.empty(0, np.int64))

    found = dependence_of(two, NUMBER, _cells(), N_ROWS, np.array([0.0, 1.0]))
    assert found.answers.shape == (2, 1)
    assert found.answers[0, 0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("column", "seen"),
    [
        (ColumnSpec("word", ColumnType.TEXT, ""), np.array(["a", "b"], object)),
        (NUMBER, np.array([1.0, 1.0, np.nan])),
        (NUMBER, np.array([np.nan])),
        (WORD, np.array(["a"], object)),
    ],
)
def test_texts_and_columns_of_one_cell_have_none(column, seen):
    assert dependence_of(_values, column, _cells(), N_ROWS, seen) is None
