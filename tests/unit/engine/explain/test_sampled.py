"""Sampled values: exact sums, honest errors, time kept, the same for the same seed."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.engine.explain.made_up import FakeClock
from unit.engine.explain.oracle import shap

from windvane.engine.explain import permutations
from windvane.engine.explain.attribution import taken
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.permutations import pair_contributions
from windvane.engine.explain.sampled import (
    ENOUGH_PAIRS,
    FEW_PAIRS,
    FEW_ROWS,
    LEAST_ROWS,
    Question,
    sampled_attribution,
)
from windvane.errors import OutOfTime

NAMES = ("a", "b", "c", "d", "e")
SLOPES = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
N_ROWS = 300


def _columns():
    X = np.random.default_rng(1).normal(size=(N_ROWS, len(NAMES)))
    return dict(zip(NAMES, X.T.copy(), strict=True))


def _linear(columns, n_rows):
    return (np.stack([columns[name] for name in NAMES], axis=1) @ SLOPES)[:, None]


def _tangled(columns, n_rows):
    """Two outputs with interactions of two and of three columns; `d` is of no use."""
    a, b, c, e = (columns[name] for name in "abce")
    return np.stack([a * b * (c > 0) + np.maximum(c, e), np.exp(e / 2) * a - b], axis=1)


def _question(n_rows=20, n_background=N_ROWS, seed=0):
    columns = _columns()
    order = np.random.default_rng(seed).permutation(N_ROWS)[:n_background]
    cells, background = taken(columns, slice(0, n_rows)), taken(columns, order)
    return Question(NAMES, NAMES, cells, background, n_rows, n_background)


def _matrix(columns):
    return np.stack([columns[name] for name in NAMES], axis=1)


def test_of_a_linear_model_values_are_slope_times_distance_from_the_background():
    question = _question()
    found = sampled_attribution(_linear, question, 0, Budget(60))
    away = _matrix(question.cells) - _matrix(found.background).mean(axis=0)
    np.testing.assert_allclose(found.values[..., 0], SLOPES * away, atol=1e-12)
    assert found.expected[0] == pytest.approx(_linear(found.background, found.pairs).mean())


def test_the_error_told_covers_the_distance_from_the_whole_table():
    question = _question(n_background=40)
    found = sampled_attribution(_linear, question, 0, Budget(60))
    assert found.pairs == 40
    wanted = SLOPES * (_matrix(question.cells) - _matrix(_columns()).mean(axis=0))
    errors = np.abs(found.values[..., 0] - wanted)
    assert (errors <= 4 * found.errors[..., 0] + 1e-12).all()
    spread = np.abs(SLOPES) * _matrix(found.background).std(axis=0, ddof=1) / 40**0.5
    np.testing.assert_allclose(found.errors[0, :, 0], spread, rtol=1e-9, atol=1e-12)


def _by_every_subset(question):
    """Shapley values by definition, over all rows of the table as the background."""
    X, background = _matrix(question.cells), _matrix(_columns())
    n_rows, n_players = X.shape
    worth = {}
    for inside in itertools.product([False, True], repeat=n_players):
        mixed = np.where(inside, X[:, None], background).reshape(-1, n_players)
        answer = _tangled(dict(zip(NAMES, mixed.T, strict=True)), 0)
        worth[inside] = answer.reshape(n_rows, len(background), -1).mean(axis=1)
    values = np.zeros((n_rows, n_players, 2))
    for inside, reached in worth.items():
        for player in np.flatnonzero(inside):
            before = tuple(one and i != player for i, one in enumerate(inside))
            n_before = sum(before)
            share = math.factorial(n_before) * math.factorial(n_players - n_before - 1)
            values[:, player] += share / math.factorial(n_players) * (reached - worth[before])
    return values


def _by_permutation_explainer(question):
    def by_matrix(X):
        return _tangled(dict(zip(NAMES, X.T, strict=True)), len(X))

    masker = shap.maskers.Independent(_matrix(_columns()), max_samples=N_ROWS)
    explainer = shap.PermutationExplainer(by_matrix, masker, seed=0)
    return explainer(_matrix(question.cells), max_evals=11 * 30, silent=True).values


@pytest.mark.parametrize(
    "oracle",
    [_by_every_subset, pytest.param(_by_permutation_explainer, marks=pytest.mark.long)],
)
def test_values_agree_with_an_oracle_s_within_the_errors_told(oracle):
    question = _question(n_rows=12, n_background=60)
    found = sampled_attribution(_tangled, question, 3, Budget(60))
    far = np.abs(found.values - oracle(question)) / np.maximum(found.errors, 1e-9)
    assert far.max() < 4.5
    assert 0.5 < np.sqrt((far[found.errors > 1e-9] ** 2).mean()) < 1.4
    assert np.abs(found.values).mean() > 3 * found.errors.mean()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 7), st.integers(1, 9), st.integers(0, 2**32))
def test_values_add_up_to_the_answer(n_players, n_rows, seed):
    generator = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(n_players)]
    columns = {name: generator.normal(size=30) * 100 for name in names}
    mix = generator.normal(size=(n_players, 3))

    def answer(columns, n_rows):
        X = np.stack([columns[name] for name in names], axis=1)
        return np.cos(X @ mix) * X.prod(axis=1, keepdims=True)

    question = Question(
        ["unused", *names], names, taken(columns, slice(0, n_rows)), columns, n_rows, 30
    )
    found = sampled_attribution(answer, question, seed, Budget(60))
    truth = answer(question.cells, n_rows)
    np.testing.assert_allclose(found.answers, truth, rtol=0, atol=1e-9 * np.abs(truth).max() + 1e-9)
    assert not found.values[:, 0].any()


def test_a_column_of_no_use_gets_nothing_and_words_may_be_missing():
    words = np.array(["x", None, "y", None, "x", "y"] * 5, object)
    numbers = np.arange(30.0)

    def answer(columns, n_rows):
        return np.where(columns["word"] == "x", 5.0, 0.0)[:, None]

    columns = {"word": words, "number": numbers}
    question = Question(list(columns), list(columns), taken(columns, slice(0, 6)), columns, 6, 30)
    found = sampled_attribution(answer, question, 0, Budget(60))
    assert not found.values[:, 1].any()
    assert found.values[0, 0, 0] == pytest.approx(5 - found.expected[0])


def test_without_a_column_to_look_at_the_answer_is_the_expected_one():
    question = Question(["a"], [], {}, {}, 4, 30)
    found = sampled_attribution(lambda _, n: np.full((n, 1), 7.0), question, 0, Budget(60))
    assert found.expected.tolist() == [7.0]
    assert found.answers.tolist() == [[7.0]] * 4


def test_the_same_seed_gives_the_same_values_and_another_one_others():
    first, again = (sampled_attribution(_tangled, _question(), 5, Budget(60)) for _ in range(2))
    other = sampled_attribution(_tangled, _question(), 6, Budget(60))
    np.testing.assert_array_equal(first.values, again.values)
    np.testing.assert_array_equal(first.errors, again.errors)
    assert (first.values != other.values).any()


@pytest.mark.slow
def test_rows_get_the_same_values_however_many_are_explained_at_once(monkeypatch):
    together = sampled_attribution(_tangled, _question(), 5, Budget(60))
    monkeypatch.setattr(permutations, "_MOST_ROWS", 3)
    apart = sampled_attribution(_tangled, _question(), 5, Budget(60))
    np.testing.assert_array_equal(apart.values, together.values)


def _timed(seconds_a_row):
    clock = FakeClock()

    def answer(columns, n_rows):
        clock.seconds += seconds_a_row * n_rows
        return _tangled(columns, n_rows)

    return clock, answer


@pytest.mark.parametrize("seconds_a_row", [0.001, 0.01, 0.03])
def test_the_budget_is_kept_by_fewer_rows_and_then_fewer_pairs(seconds_a_row):
    clock, answer = _timed(seconds_a_row)
    question = _question(n_rows=200)
    found = sampled_attribution(answer, question, 0, Budget(20, clock))
    assert clock.seconds <= 20 + seconds_a_row * 8 * len(found.values) + 1e-9
    assert LEAST_ROWS <= len(found.values) <= 200
    few = FEW_PAIRS if len(found.values) <= FEW_ROWS else ENOUGH_PAIRS
    assert found.pairs >= few - 3 or len(found.values) == LEAST_ROWS
    assert len(found.background["a"]) == found.pairs
    np.testing.assert_allclose(found.answers, _tangled(question.cells, 0)[: len(found.values)])


def test_what_asking_takes_at_all_does_not_make_rows_look_slow():
    """The twentieth of a second for each question and next to nothing for each row: 200 rows take as long as five."""
    clock = FakeClock()

    def answer(columns, n_rows):
        clock.seconds += 0.05 + 0.00001 * n_rows
        return _tangled(columns, n_rows)

    found = sampled_attribution(answer, _question(n_rows=200), 0, Budget(20, clock))
    assert clock.seconds < 21
    assert len(found.values) > 100, "by five rows alone it was 19"
    assert found.pairs >= ENOUGH_PAIRS


def test_a_short_time_explains_more_rows_less_precisely():
    clock, answer = _timed(0.02)
    found = sampled_attribution(answer, _question(n_rows=200), 0, Budget(20, clock))
    assert LEAST_ROWS < len(found.values) <= FEW_ROWS
    assert FEW_PAIRS - 3 <= found.pairs < ENOUGH_PAIRS


def test_more_time_means_smaller_errors():
    errors = []
    for budget in (20, 80):
        clock, answer = _timed(0.01)
        found = sampled_attribution(answer, _question(n_rows=5), 0, Budget(budget, clock))
        errors.append(found.errors[:, [0, 1, 2, 4]].mean())
    assert errors[1] < 0.7 * errors[0]


def test_too_little_time_is_told():
    clock, answer = _timed(1)
    with pytest.raises(OutOfTime, match="too short to explain 5 rows"):
        sampled_attribution(answer, _question(n_rows=200), 0, Budget(60, clock))
    assert clock.seconds < 60 + 2 * 46


def test_precise_values_need_no_more_pairs():
    def answer(columns, n_rows):
        return 100 * np.sign(columns["a"] + 10)[:, None] + columns["b"][:, None] * 1e-3

    columns = {name: values + 20.0 * (i % 2) for i, (name, values) in enumerate(_columns().items())}
    cells = {name: values[:5] - 40 for name, values in columns.items()}
    question = Question(NAMES, NAMES, cells, columns, 5, N_ROWS)
    assert sampled_attribution(answer, question, 0, Budget(60)).pairs == ENOUGH_PAIRS


def test_a_pair_is_the_mean_of_an_order_and_its_reverse():
    def answer(columns, n_rows):
        return (columns["a"] * columns["b"] + columns["c"])[:, None]

    cells = {name: np.array([2.0, 3.0]) for name in "abc"}
    background = {name: np.array([1.0]) for name in "abc"}
    ends = np.array([2.0]), np.array([[6.0], [12.0]])
    ranks = np.array([[0, 1, 2], [2, 0, 1]])
    made = pair_contributions(answer, cells, background, ends, ranks)
    # a b: 1 to 2 by the first, 2 to 4 by the second, whichever comes first.
    assert made[:, :, 0].tolist() == [[1.5, 1.5, 1.0], [4.0, 4.0, 2.0]]


def test_columns_that_do_not_differ_are_not_asked_about():
    asked = []

    def answer(columns, n_rows):
        asked.append(n_rows)
        values = np.nan_to_num(columns["a"]) * columns["b"] + columns["c"]
        return (values + (columns["d"] == "x"))[:, None]

    cells = {
        "a": np.array([np.nan, 3.0, np.nan]),
        "b": np.array([1.0, 3.0, 1.0]),
        "c": np.array([2.0, 3.0, 1.0]),
        "d": np.array(["x", "x", None], object),
    }
    background = {"a": np.array([np.nan]), "b": np.array([1.0]), "c": np.array([1.0])}
    background["d"] = np.array([None], object)
    ends = answer(background, 1)[0], answer(cells, 3)
    asked.clear()
    ranks = np.array([[0, 1, 2, 3], [3, 1, 0, 2], [0, 1, 2, 3]])
    made = pair_contributions(answer, cells, background, ends, ranks)
    assert asked == [1 + 3, 1 + 3]
    assert made[0, :, 0].tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(made[1, :, 0].sum(), ends[1][1, 0] - ends[0][0])
    assert made[2].tolist() == [[0], [0], [0], [0]]


def test_the_way_by_the_columns_that_differ_is_the_way_by_all(monkeypatch):
    generator = np.random.default_rng(0)
    cells = {name: generator.integers(0, 2, 20).astype(float) for name in NAMES}
    background = {name: np.array([1.0]) for name in NAMES}
    ends = _tangled(background, 1)[0], _tangled(cells, 20)
    ranks = generator.permuted(np.tile(np.arange(len(NAMES)), (20, 1)), axis=1)
    few = pair_contributions(_tangled, cells, background, ends, ranks)
    monkeypatch.setattr(permutations, "_differing", lambda *_: np.ones(ranks.shape, bool))
    np.testing.assert_allclose(few, pair_contributions(_tangled, cells, background, ends, ranks))
