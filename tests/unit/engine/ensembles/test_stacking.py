"""No row has a say in the trees that answer it, and given weights give the same trees again."""

import sys

import numpy as np
import pytest

from windvane.domain.problem import MetricName
from windvane.engine.ensembles import stacking
from windvane.engine.ensembles.blend import OutOfFold, blend, weighted
from windvane.engine.ensembles.stacking import (
    LEAST_ROWS,
    Stacking,
    fits_into,
    honest_answers,
    stacked,
    stacking_of,
)
from windvane.engine.scoring.evaluate import gain
from windvane.errors import CandidateFault

STACKING = Stacking()


def _by_region(n_rows=3_000, seed=0):
    """Values, two members of which each knows one half of them, and folds."""
    random = np.random.default_rng(seed)
    y = random.uniform(-1, 1, n_rows)
    noise = 0.1 * random.normal(size=(2, n_rows))
    return (
        y,
        {1: np.minimum(y, 0) + noise[0], 2: np.maximum(y, 0) + noise[1]},
        np.arange(n_rows) % 5,
    )


def _first(y, members, folds, objective=MetricName.RMSE, weight=None):
    first = OutOfFold(members, y, folds, objective, weight)
    return first, blend(first)


@pytest.mark.parametrize("objective", [MetricName.RMSE, MetricName.MAE])
@pytest.mark.parametrize("seed", range(3))
def test_it_helps_where_members_know_different_regions(objective, seed):
    y, members, folds = _by_region(seed=seed)
    first, found = _first(y, members, folds, objective)
    honest = honest_answers(STACKING, first, found)
    assert gain(objective, y, honest) > 0.9 * gain(objective, y, found.out_of_fold)


def test_a_row_has_no_say_in_the_answer_it_gets():
    y, members, folds = _by_region()
    before = honest_answers(STACKING, *_first(y, members, folds))
    spoilt = np.where(folds == 2, 0.9 * y, y)
    after = honest_answers(STACKING, *_first(spoilt, members, folds))
    assert (before[folds == 2] == after[folds == 2]).all()
    assert (before[folds != 2] != after[folds != 2]).any()


def test_rows_of_a_single_hold_out_fold_have_no_say_either():
    y, members, _ = _by_region()
    folds = np.zeros(y.size, np.int8)
    part = np.arange(y.size) % 5 == 1
    before = honest_answers(STACKING, *_first(y, members, folds))
    after = honest_answers(STACKING, *_first(np.where(part, 0.9 * y, y), members, folds))
    assert (before[part] == after[part]).all()


def test_given_weights_give_the_same_answers_and_the_same_trees_again(tmp_path):
    y, members, folds = _by_region()
    first, found = _first(y, members, folds)
    fitted, layer = stacked(STACKING, first, found, honest_answers(STACKING, first, found))
    again, same = stacked(STACKING, first, weighted(members, found.weights))
    assert (fitted.in_sample == again.in_sample).all()
    assert (again.in_sample == again.out_of_fold).all()
    for name, one in (("layer", layer), ("same", same)):
        one.save(tmp_path / name)
    texts = [(tmp_path / name / "model.txt").read_bytes() for name in ("layer", "same")]
    assert texts[0] == texts[1]


def test_rows_that_count_more_are_heeded_more():
    y, members, folds = _by_region()
    shifted = np.where(np.arange(y.size) % 2, y + 0.5, y)
    weight = np.where(np.arange(y.size) % 2, 1.9, 0.1)
    first, found = _first(shifted, members, folds)
    heeding, _ = _first(shifted, members, folds, weight=weight)
    plain = stacked(STACKING, first, found)[0].in_sample
    assert stacked(STACKING, heeding, found)[0].in_sample.mean() > plain.mean() + 0.02


@pytest.mark.parametrize(
    ("n_rows", "seconds", "fits"),
    [(LEAST_ROWS - 1, 1e9, False), (LEAST_ROWS, 1e9, True), (LEAST_ROWS, 2.0, False)],
)
def test_it_needs_rows_and_time(n_rows, seconds, fits):
    first, found = _first(*_by_region(n_rows))
    assert fits_into(seconds, STACKING, first, found) is fits


@pytest.mark.parametrize("n_classes", [2, 3])
def test_of_classes_probabilities_come_out_and_rows_have_no_say_in_theirs(n_classes):
    random = np.random.default_rng(1)
    n_rows = 3_000
    y = random.integers(0, n_classes, n_rows).astype(float)
    powers = np.exp(np.eye(n_classes)[y.astype(int)] + random.normal(size=(2, n_rows, n_classes)))
    members = dict(enumerate(powers / powers.sum(axis=2, keepdims=True), 1))
    first, found = _first(y, members, np.arange(n_rows) % 5, MetricName.LOG_LOSS)
    honest = honest_answers(STACKING, first, found)
    fitted, layer = stacked(STACKING, first, found, honest)
    assert layer.n_classes == n_classes
    assert fitted.out_of_fold is honest
    for answers in (honest, fitted.in_sample):
        assert answers.shape == (n_rows, n_classes)
        np.testing.assert_allclose(answers.sum(axis=1), 1)
    spoilt = np.where(np.arange(n_rows) % 5 == 2, 0.0, y)
    after = honest_answers(
        STACKING, *_first(spoilt, members, np.arange(n_rows) % 5, MetricName.LOG_LOSS)
    )
    same = np.arange(n_rows) % 5 == 2
    assert (honest[same] == after[same]).all()
    assert (honest[~same] != after[~same]).any()


@pytest.mark.parametrize(("seconds", "fits"), [(2.26, True), (2.24, False)])
def test_a_fit_costs_its_share_for_each_number_that_a_tree_looks_at(seconds, fits):
    """Eleven fits of 0.02 s, and of ten trees over 3,000 rows of two members and their pool."""
    y, members, folds = _by_region()
    first = OutOfFold(members, y, folds, MetricName.RMSE)
    found = weighted(members, {1: 0.5, 2: 0.5})
    honest_answers(STACKING, first, blend(first))  # LightGBM is loaded
    assert fits_into(seconds, STACKING, first, found) is fits


def test_where_lightgbm_is_not_loaded_yet_that_takes_its_time_too(monkeypatch):
    y, members, folds = _by_region()
    first = OutOfFold(members, y, folds, MetricName.RMSE)
    found = weighted(members, {1: 0.5, 2: 0.5})
    honest_answers(STACKING, first, blend(first))
    assert fits_into(10.0, STACKING, first, found)
    monkeypatch.delitem(sys.modules, "lightgbm")
    assert not fits_into(10.0, STACKING, first, found)
    assert fits_into(30.0, STACKING, first, found)


def test_of_very_many_rows_a_fit_costs_no_more(monkeypatch):
    monkeypatch.setattr(stacking, "_MOST_ROWS", 3_000)
    honest_answers(STACKING, *_first(*_by_region()))
    for n_rows in (3_000, 12_000):
        y, members, folds = _by_region(n_rows)
        first = OutOfFold(members, y, folds, MetricName.RMSE)
        found = weighted(members, {1: 0.5, 2: 0.5})
        assert fits_into(2.26, STACKING, first, found)
        assert not fits_into(2.24, STACKING, first, found)


def test_rows_are_answered_alike_in_blocks_of_any_size(monkeypatch):
    first, found = _first(*_by_region())
    whole = honest_answers(STACKING, first, found)
    monkeypatch.setattr(stacking, "_BLOCK", 77)
    assert (honest_answers(STACKING, first, found) == whole).all()


@pytest.mark.parametrize(("seconds", "fits"), [(2.95, True), (2.85, False)])
def test_of_three_classes_each_has_trees_and_numbers(seconds, fits):
    random = np.random.default_rng(0)
    members = {1: random.dirichlet(np.ones(3), 3_000), 2: random.dirichlet(np.ones(3), 3_000)}
    y = random.integers(0, 3, 3_000).astype(float)
    first = OutOfFold(members, y, np.arange(3_000) % 5, MetricName.LOG_LOSS)
    found = weighted(members, {1: 0.5, 2: 0.5})
    visits = 3_000 * 3 * 3 * 10 * 3
    assert 10 * 11 * (0.02 + 5e-9 * visits) == pytest.approx(2.6455)
    assert fits_into(seconds - 0.25, STACKING, first, found) is fits


def test_of_an_earlier_version_what_is_left_out_is_as_it_was_then():
    assert stacking_of({}).to_json() == {
        "rounds": 10,
        "num_leaves": 4,
        "learning_rate": 0.05,
        "min_data_in_leaf": 50,
        "lambda_l2": 10.0,
    }


def test_the_largest_parameters_are_taken():
    largest = {"rounds": 1_000, "num_leaves": 256, "min_data_in_leaf": 100_000, "lambda_l2": 0}
    told = stacking_of(largest).to_json()
    assert {name: told[name] for name in largest} == largest


def test_each_problem_has_its_loss_and_equal_runs_give_equal_trees():
    values, two, three = np.zeros(4), np.zeros((4, 2)), np.zeros((4, 3))
    asked = [
        stacking._fixed(objective, together)
        for objective, together in (
            (MetricName.RMSE, values),
            (MetricName.MAE, values),
            (MetricName.AUC, two),
            (MetricName.LOG_LOSS, three),
        )
    ]
    assert [one["objective"] for one in asked] == [
        "regression", "regression_l1", "binary", "multiclass"
    ]  # fmt: skip
    assert [one["num_class"] for one in asked] == [1, 1, 1, 3]
    for one in asked:
        equal_runs = {"deterministic": True, "force_col_wise": True, "num_threads": 1}
        assert one.items() >= {**equal_runs, "boost_from_average": False, "verbosity": -1}.items()


def test_errors_that_trees_cannot_take_are_refused():
    y, members, folds = _by_region()
    first = OutOfFold(members, 1e300 * y, folds, MetricName.RMSE)
    with pytest.raises(CandidateFault, match="errors are too large"):
        stacked(STACKING, first, weighted(members, {1: 0.5, 2: 0.5}))


def test_what_is_told_of_it_makes_the_same_again():
    assert stacking_of(STACKING.to_json()) == STACKING
    assert stacking_of({"rounds": 7}) == Stacking(rounds=7)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("depth", 3),
        ("rounds", 0),
        ("rounds", 2.5),
        ("rounds", 10**9),
        ("rounds", 1_001),
        ("num_leaves", 257),
        ("min_data_in_leaf", 100_001),
        ("num_leaves", True),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("learning_rate", 0),
        ("learning_rate", "much"),
        ("lambda_l2", -1.0),
    ],
)
def test_parameters_that_cannot_be_are_named(name, value):
    with pytest.raises(CandidateFault, match=name):
        stacking_of({name: value})
