"""Labels of new rows as the classes and values of a model."""

import numpy as np
import pytest

from windvane.engine.data.labels import read_classes, read_values


@pytest.mark.parametrize(
    ("labels", "label_type", "cells", "wanted"),
    [
        (("no", "yes"), "string", ["yes", " no ", "No"], [1, 0, None]),
        (("0", "1"), "integer", ["1", "1.0", "2", "x"], [1, 1, None, None]),
        (("False", "True"), "boolean", ["TRUE", "false", "1"], [1, 0, None]),
        (("a", "a "), "string", ["a", "a ", " a"], [0, 1, None]),
    ],
)
def test_cells_are_classes_as_they_are_spelled_or_alike(labels, label_type, cells, wanted):
    found = read_classes(cells, labels, label_type)
    assert found.y.tolist() == pytest.approx(
        [np.nan if one is None else one for one in wanted], nan_ok=True
    )
    assert found.strange.tolist() == [one is None for one in wanted]
    assert not found.missing.any()


def test_empty_cells_and_signs_of_missing_values_are_no_labels():
    found = read_classes(["", " ", "N/A", "yes"], ["no", "yes"], "string")
    assert found.missing.tolist() == [True, True, True, False]
    assert not found.strange.any()


def test_numbers_are_read_in_the_notation_that_reads_most_of_them():
    found = read_values(["1.234,50", "2,5", "", "much"])
    assert found.y.tolist() == pytest.approx([1234.5, 2.5, np.nan, np.nan], nan_ok=True)
    assert found.missing.tolist() == [False, False, True, False]
    assert found.strange.tolist() == [False, False, False, True]


def test_texts_alone_are_no_values():
    found = read_values(["much", "little"])
    assert found.strange.all()
    assert not read_values(["", ""]).strange.any()
