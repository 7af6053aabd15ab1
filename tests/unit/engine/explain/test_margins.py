"""The scale of explanations."""

import numpy as np
import pytest

from windvane.engine.explain.margins import LEAST_PROBABILITY, as_margins, centred, margins
from windvane.engine.packages.predictor import Predictions

NO_CLASSES = np.empty(0, np.int64)


def _probable(*rows):
    return Predictions(np.empty(0), np.array(rows), NO_CLASSES)


def test_values_stay_as_they_are():
    answer = Predictions(np.array([3.0, -1.0]), np.empty((0, 0)), NO_CLASSES)
    assert margins(answer).tolist() == [[3.0], [-1.0]]


def test_of_two_classes_the_second_one_has_log_odds():
    assert margins(_probable([0.25, 0.75], [0.5, 0.5])) == pytest.approx(
        np.array([[np.log(3)], [0.0]])
    )


def test_of_more_classes_each_is_set_against_the_mean():
    scores = np.array([[1.0, -2.0, 0.5], [3.0, 0.0, 0.0]])
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    told = margins(_probable(*probabilities))
    np.testing.assert_allclose(told, centred(scores), atol=1e-12)
    np.testing.assert_allclose(told.sum(axis=1), 0, atol=1e-12)


def test_certainty_has_an_end():
    answer = _probable([0.0, 1.0], [1.0, 0.0], [0.3, 0.7])
    most = -np.log(LEAST_PROBABILITY)
    assert margins(answer)[:2, 0] == pytest.approx([most, -most])


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_scores_are_told_as_their_probabilities_are(n_outputs):
    scores = np.random.default_rng(0).normal(0, 8, (40, n_outputs))
    of_classes = scores if n_outputs > 1 else np.hstack([np.zeros((40, 1)), scores])
    powers = np.exp(of_classes)
    answer = _probable(*(powers / powers.sum(axis=1, keepdims=True)))
    np.testing.assert_allclose(as_margins(scores), margins(answer), rtol=0, atol=1e-9)
    assert np.abs(as_margins(scores)).max() < np.abs(scores).max()


def test_a_single_output_is_not_centred():
    scores = np.array([[1.0], [2.0]])
    np.testing.assert_array_equal(centred(scores), scores)
