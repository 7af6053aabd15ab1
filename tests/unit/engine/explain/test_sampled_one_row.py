"""Sampled values of one row: what sampled.py finds, with honest errors, in its time."""

from dataclasses import replace

import numpy as np
import pytest
from unit.engine.explain.made_up import FakeClock

from windvane.engine.explain.attribution import taken
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.sampled import ENOUGH_PAIRS, Question, sampled_attribution
from windvane.engine.explain.sampled_one_row import sampled_row
from windvane.errors import OutOfTime

NAMES = ("a", "b", "c", "useless", "e")
PLAYERS = ("a", "b", "c", "e")
SLOPES = np.array([1.0, -2.0, 0.5, 3.0])


def question(n_background=400):
    X = np.random.default_rng(1).normal(size=(n_background + 1, len(PLAYERS)))
    columns = dict(zip(PLAYERS, X.T.copy(), strict=True))
    cells, background = taken(columns, slice(0, 1)), taken(columns, slice(1, None))
    return Question(NAMES, PLAYERS, cells, background, 1, n_background)


def matrix(columns):
    return np.stack([columns[name] for name in PLAYERS], axis=1)


def linear(columns, n_rows):
    return (matrix(columns) @ SLOPES)[:, None]


def tangled(columns, n_rows):
    a, b, c, e = (columns[name] for name in PLAYERS)
    return np.stack([a * b * (c > 0) + np.maximum(c, e), np.exp(e / 2) * a - b], axis=1)


def test_of_a_linear_model_values_are_slope_times_distance_from_the_background():
    asked = question()
    found = sampled_row(linear, asked, 0, Budget(60))
    away = matrix(asked.cells)[0] - matrix(found.background).mean(axis=0)
    np.testing.assert_allclose(found.values[0, [0, 1, 2, 4], 0], SLOPES * away, atol=1e-12)
    assert found.values[0, 3, 0] == found.errors[0, 3, 0] == 0
    assert found.expected[0] == pytest.approx(linear(found.background, found.pairs).mean())


def test_they_add_up_and_are_those_of_the_sampler_for_many_rows_within_their_errors():
    asked = question()
    found = sampled_row(tangled, asked, 0, Budget(60))
    other = sampled_attribution(tangled, asked, 1, Budget(60))
    np.testing.assert_allclose(found.answers, tangled(asked.cells, 1), atol=1e-12)
    both = np.sqrt(found.errors**2 + other.errors**2) + 1e-12
    assert (np.abs(found.values - other.values) / both).max() < 4
    assert found.errors.max() > 0


def test_a_precise_answer_needs_few_pairs_and_no_more_are_drawn_than_there_are():
    assert sampled_row(lambda _, n: np.ones((n, 1)), question(), 0, Budget(60)).pairs < 200
    assert sampled_row(tangled, question(ENOUGH_PAIRS + 7), 0, Budget(60)).pairs == ENOUGH_PAIRS + 7


def test_the_time_is_kept():
    clock = FakeClock()

    def slow(columns, n_rows):
        clock.seconds += n_rows / 100
        return tangled(columns, n_rows)

    found = sampled_row(slow, question(), 0, Budget(10, clock))
    assert clock.seconds <= 10
    assert 3 <= found.pairs < 400
    with pytest.raises(OutOfTime):
        sampled_row(slow, question(2), 0, Budget(10, clock))


def test_a_row_gets_the_same_values_however_busy_the_machine_is():
    clock, calls = FakeClock(), iter(range(10_000))

    def busy_at_first(columns, n_rows):
        clock.seconds += 2.0 if next(calls) == 1 else 0.0
        return linear(columns, n_rows)

    asked = question()
    asked = replace(asked, cells={name: 50 * cells for name, cells in asked.cells.items()})
    quick = sampled_row(linear, asked, 0, Budget(10, FakeClock()))
    slow = sampled_row(busy_at_first, asked, 0, Budget(10, clock))
    np.testing.assert_array_equal(quick.values, slow.values)
    assert quick.pairs == slow.pairs < 400
