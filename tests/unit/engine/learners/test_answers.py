"""From scores to answers."""

import numpy as np

from windvane.engine.learners.answers import answers_of


def test_values_are_the_scores():
    assert answers_of(np.array([[1.5], [-2.0]]), 0).tolist() == [1.5, -2.0]


def test_two_classes_have_one_score_and_two_probabilities():
    found = answers_of(np.array([[0.0], [np.log(3)], [-1e9], [1e9]]), 2)
    np.testing.assert_allclose(found[:, 1], [0.5, 0.75, 0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_more_classes_share_one_whatever_the_size_of_the_scores():
    found = answers_of(np.array([[0.0, 0.0, np.log(2)], [1e9, 0.0, -1e9]]), 3)
    np.testing.assert_allclose(found, [[0.25, 0.25, 0.5], [1, 0, 0]])
