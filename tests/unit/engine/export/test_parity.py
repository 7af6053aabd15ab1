"""Predictions that differ by more than rounding are a fault."""

import numpy as np
import pytest

from windvane.engine.export.parity import Parity, parity_of
from windvane.engine.packages.package import Predictions
from windvane.errors import JobFault

NOTHING = np.empty(0, np.int64)


@pytest.mark.parametrize(
    "parity",
    [Parity(5, 1, 0.0, 1.0), Parity(5, 0, 1e-6, 1.0), Parity(5, 0, float("nan"), 1.0)],
    ids=["label", "number", "nan"],
)
def test_predictions_that_differ_are_a_fault(parity):
    with pytest.raises(JobFault, match="does not predict what the model predicts"):
        parity.check()


def test_rounding_of_large_values_is_none():
    Parity(5, 0, 1e-4, 1e6).check()


def test_labels_and_numbers_are_compared_row_by_row():
    told = np.array([[0.2, 0.8], [0.6, 0.4]])
    wanted = [Predictions(np.empty(0), row[None], np.array([i])) for i, row in enumerate(told)]
    assert parity_of(("no", "yes"), wanted, told, ["no", "yes"]) == Parity(2, 0, 0.0, 1.0)
    found = parity_of(("no", "yes"), wanted, told + np.array([[0, 0], [0.125, 0]]), ["no", "no"])
    assert (found.other_labels, found.largest_difference) == (1, pytest.approx(0.125))


def test_values_are_compared_in_their_size():
    wanted = [Predictions(np.array([-4.0, 2.0]), np.empty((0, 0)), NOTHING)]
    assert parity_of((), wanted, np.array([[-4.0], [2.5]]), []) == Parity(2, 0, 0.5, 4.0)


def test_numbers_of_other_classes_are_a_fault():
    wanted = [Predictions(np.empty(0), np.ones((2, 3)) / 3, np.zeros(2, np.int64))]
    with pytest.raises(JobFault, match=r"gives \(2, 2\) numbers"):
        parity_of(("a", "b", "c"), wanted, np.zeros((2, 2)), ["a", "a"])
