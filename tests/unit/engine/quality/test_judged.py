from dataclasses import replace

import numpy as np
import pytest


def test_rows_of_several_folds_are_out_of_fold_rows(random_two):
    judged = random_two()
    assert judged.rows_are == "out-of-fold rows of 5 folds"
    assert judged.parts_are == "5 folds"


def test_rows_of_one_fold_are_held_out_and_dealt_into_parts(random_two):
    judged = replace(random_two(n_rows=600), folds=np.zeros(600, np.int8))
    assert judged.rows_are == "held-out rows"
    assert [part.n_rows for part in judged.by_part()] == [120] * 5
    assert judged.parts_are == "5 parts of the held-out rows"
    assert judged.of(np.arange(3)).parts_are == "3 parts of the held-out rows"


def test_every_row_is_in_one_part(random_many):
    judged = random_many(n_rows=101)
    assert sum(part.n_rows for part in judged.by_part()) == 101
    assert np.sort(np.concatenate([part.y for part in judged.by_part()])).tolist() == (
        np.sort(judged.y).tolist()
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"y": np.zeros(0)},
        {"predicted": np.zeros((600, 3))},
        {"classes": np.zeros(599, np.int64)},
        {"folds": np.zeros(1, np.int8)},
        {"y": np.full(600, np.nan)},
        {"predicted": np.full((600, 2), np.inf)},
        {"labels": ("same", "same")},
    ],
)
def test_what_does_not_fit_together_is_refused(random_two, wrong):
    with pytest.raises(ValueError, match=r"shape|one class|finite|same label"):
        replace(random_two(n_rows=600), **wrong)
