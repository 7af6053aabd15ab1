"""Contributions to probabilities: they add up, keep their direction, and are what they must be where that is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.engine.explain.attribution import Attribution
from windvane.engine.explain.probabilities import probability_shares, value_shares

ODDS = st.floats(-20, 20)


def attribution(values, expected, errors=None):
    """Of one row: values (n_columns, n_outputs)."""
    values, expected = np.array(values, float)[None], np.array(expected, float)
    errors = np.zeros_like(values) if errors is None else np.array(errors, float)[None]
    zeros = np.zeros_like(expected)
    return Attribution(values, errors, expected, zeros + 0.1, np.zeros_like(values[0]), {}, 0)


def sigmoid(odds):
    return 1 / (1 + np.exp(-odds))


def softmax(scores):
    powers = np.exp(scores - np.max(scores))
    return powers / powers.sum()


@settings(deadline=None)
@given(st.lists(ODDS, min_size=1, max_size=6), ODDS)
def test_of_two_classes_they_add_up_to_the_probability_and_keep_their_direction(odds, expected):
    found = attribution([[one] for one in odds], [expected])
    second, first = probability_shares(found, 0, 1), probability_shares(found, 0, 0)
    assert second.expected == pytest.approx(sigmoid(expected), abs=1e-12)
    assert second.answer == pytest.approx(sigmoid(expected + sum(odds)), abs=1e-9)
    np.testing.assert_allclose(first.values, -second.values, atol=1e-9)
    assert (second.values * np.sign(odds) >= -1e-6).all()


def test_of_two_classes_each_has_the_share_of_its_log_odds():
    shares = probability_shares(attribution([[2.0], [-0.5], [0.0]], [-1.0]), 0, 1)
    gained = sigmoid(0.5) - sigmoid(-1.0)
    np.testing.assert_allclose(shares.values, gained * np.array([2.0, -0.5, 0.0]) / 1.5, atol=1e-9)


def test_where_nothing_is_gained_each_counts_by_the_slope():
    shares = probability_shares(attribution([[1.0], [-1.0]], [0.0]), 0, 1)
    np.testing.assert_allclose(shares.values, [0.25, -0.25], atol=1e-9)


@settings(deadline=None)
@given(st.lists(st.tuples(ODDS, ODDS, ODDS), min_size=1, max_size=5), st.tuples(ODDS, ODDS, ODDS))
def test_of_more_classes_they_add_up_for_each(values, expected):
    found = attribution(values, expected)
    answers = softmax(np.array(expected) + np.sum(values, axis=0))
    shares = [probability_shares(found, 0, label) for label in range(3)]
    for label in range(3):
        assert shares[label].expected == pytest.approx(softmax(np.array(expected))[label])
        assert shares[label].answer == pytest.approx(answers[label], abs=1e-9)
    np.testing.assert_allclose(sum(one.values for one in shares), 0, atol=1e-3)


def test_errors_are_scaled_as_the_values_are():
    shares = probability_shares(attribution([[2.0], [1.0]], [0.0], [[0.2], [0.0]]), 0, 1)
    assert shares.errors[0] == pytest.approx(0.1 * shares.values[0])
    assert shares.errors[1] == 0
    assert shares.expected_error == pytest.approx(0.25 * 0.1)


def test_of_a_value_they_are_the_shapley_values_themselves():
    shares = value_shares(attribution([[2.0], [-1.0]], [10.0], [[0.5], [0.25]]), 0)
    assert (shares.expected, shares.answer) == (10.0, 11.0)
    assert shares.values.tolist() == [2.0, -1.0]
    assert shares.errors.tolist() == [0.5, 0.25]
