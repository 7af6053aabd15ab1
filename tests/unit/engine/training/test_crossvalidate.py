"""What is left out when time is short, with a learner whose fits advance the clock instead of taking time."""

from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from windvane.engine.candidate_io import FoldFits
from windvane.engine.candidates import Plan
from windvane.engine.splits import Split
from windvane.engine.training import crossvalidate, learning_task
from windvane.engine.training.crossvalidate import Wanted, train_folds
from windvane.engine.training.learning_task import (
    CountingClock,
    Deadline,
    LearningTask,
    Matrix,
    Sample,
)
from windvane.engine.training.refit import fit_all_rows
from windvane.errors import OutOfTime
from windvane.notes.sentences import sentences

N_ROWS, N_FOLDS = 100, 5
PLAN = Plan(1, "dpp0", "fake", {"rounds": 1000}, seed=0)


class Clockwork:
    def __init__(self):
        self.now = 1000.0

    def time(self):
        return self.now


class MeanModel:
    def __init__(self, mean, rounds):
        self.mean, self.rounds = mean, rounds

    def predict(self, X):
        return np.full(len(X), self.mean)


class MeanLearner:
    """Takes a second for every 10 rounds; stops early after 100, or when its clock is over."""

    def __init__(self, clockwork, *, stops_itself=True):
        self.clockwork, self.stops_itself = clockwork, stops_itself
        self.fits = []

    def fit(self, train, valid, hyperparameters, setting, clock):
        wanted = 100 if valid is not None else hyperparameters["rounds"]
        done = 0
        while done < wanted and not (self.stops_itself and clock.is_over()):
            self.clockwork.now += 1
            done += 10
        if done == 0:
            raise OutOfTime("It was over before it began.")
        self.fits.append((len(train.y), valid is not None, done))
        return MeanModel(train.y.mean(), done)

    def with_rounds(self, hyperparameters, rounds):
        return {**hyperparameters, "rounds": rounds}


@pytest.fixture
def clockwork(monkeypatch):
    made = Clockwork()
    for module in (crossvalidate, learning_task):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=made.time))
    return made


def _task(*, n_folds=N_FOLDS, folds=None, sample=None):
    folds = np.arange(N_ROWS) % n_folds if folds is None else folds
    return LearningTask(
        matrix=lambda fit: Matrix(np.zeros((N_ROWS, 1), np.float32), ()),
        y=np.arange(N_ROWS, dtype=float),
        split=Split((folds.astype(np.int8),), n_folds),
        setting=lambda features: None,
        learnable=np.ones(N_ROWS, np.bool_),
        sample=sample,
    )


def _twice():
    """Two folds, of two divisions."""
    task, other = _task(n_folds=2), np.repeat([0, 1], N_ROWS // 2).astype(np.int8)
    return replace(task, split=Split((*task.split.divisions, other), 2))


def _train(
    clockwork, seconds, *, least_folds=1, most_folds=None, task=None, learner=None, plan=PLAN
):
    """Folds and a refit, as a candidate's whole training does."""
    learner, task = learner or MeanLearner(clockwork), task or _task()
    deadline = Deadline(clockwork.now + seconds)
    most = min(task.n_folds, most_folds or task.n_folds)
    wanted = Wanted(min(least_folds, most), lambda _: most, after=task.growth)
    trained = train_folds(learner, plan, task, deadline, wanted)
    found = fit_all_rows(learner, plan, task, trained.fits, deadline)
    notes, stops = (*trained.notes, *found.notes), {**trained.stops, **found.stops}
    if found.model is None:
        return learner, replace(trained, notes=notes)
    return learner, replace(
        trained, model=found.model, recipe_fit="full", rows=found.rows, notes=notes, stops=stops
    )


class SlowingLearner(MeanLearner):
    """Each fit takes five times as long as the one before."""

    def fit(self, train, valid, hyperparameters, setting, clock):
        self.clockwork.now += 0.1 * 5 ** len(self.fits)
        was_over = clock.is_over()
        self.fits.append(was_over)
        return MeanModel(train.y.mean(), 100)


def test_with_time_all_folds_and_a_refit_on_all_rows(clockwork):
    learner, trained = _train(clockwork, 1000)
    assert [rows for rows, _, _ in learner.fits] == [80] * 5 + [100]
    assert trained.folds_used == 5
    assert trained.recipe_fit == "full"
    assert trained.rows.all()
    assert trained.notes == ()


def test_the_refit_has_more_rounds_because_it_has_more_rows(clockwork):
    learner, _ = _train(clockwork, 1000)
    assert learner.fits[-1] == (100, False, 120)


def test_no_row_is_predicted_by_a_model_that_saw_it(clockwork):
    _, trained = _train(clockwork, 1000)
    y, folds = np.arange(N_ROWS, dtype=float), np.arange(N_ROWS) % N_FOLDS
    for fold in range(N_FOLDS):
        assert trained.out_of_fold[folds == fold] == pytest.approx(y[folds != fold].mean())


def test_short_of_time_later_folds_are_left_out_and_it_is_said(clockwork):
    _, trained = _train(clockwork, 45)
    assert 1 <= trained.folds_used < 5
    assert trained.recipe_fit == "full"
    assert any("folds (time limit)" in note for note in sentences(trained.notes))
    folds = np.arange(N_ROWS) % N_FOLDS
    assert np.isnan(trained.out_of_fold[folds >= trained.folds_used]).all()


@pytest.mark.parametrize("seconds", [5, 12, 20, 33, 47, 60, 90])
@pytest.mark.parametrize("least_folds", [1, 3, 5])
def test_it_is_over_by_its_deadline(clockwork, seconds, least_folds):
    begun = clockwork.now
    with suppress(OutOfTime):
        _train(clockwork, seconds, least_folds=least_folds)
    assert clockwork.now - begun <= seconds + 1


def test_no_more_folds_are_trained_than_others_are_scored_on(clockwork):
    learner, trained = _train(clockwork, 1000, least_folds=2, most_folds=2)
    assert [rows for rows, _, _ in learner.fits] == [80] * 2 + [100]
    assert sentences(trained.notes) == ("scored on 2 of 5 folds (time limit)",)


def test_the_first_fold_decides_how_many_there_are_to_be(clockwork):
    told = []

    def most(fold_s):
        told.append(fold_s)
        return 3

    learner = MeanLearner(clockwork)
    deadline = Deadline(clockwork.now + 1000)
    trained = train_folds(learner, PLAN, _task(), deadline, Wanted(1, most))
    assert trained.folds_used == 3
    assert told == [10]


def test_no_fold_takes_longer_than_it_may(clockwork):
    learner = MeanLearner(clockwork)
    wanted = Wanted(2, lambda _: 2, fold_s=4)
    trained = train_folds(learner, PLAN, _task(), Deadline(clockwork.now + 1000), wanted)
    assert [rounds for _, _, rounds in learner.fits] == [40, 40]
    assert trained.fits.was_cut


def test_with_time_enough_no_fold_is_cut_though_it_takes_longer_than_the_others(clockwork):
    learner, trained = _train(clockwork, 10_000, learner=SlowingLearner(clockwork))
    assert trained.folds_used == 5
    assert not any(learner.fits)
    assert trained.notes == ()


def test_folds_that_must_run_go_before_the_refit(clockwork):
    learner = MeanLearner(clockwork, stops_itself=False)
    _, trained = _train(clockwork, 52, least_folds=5, learner=learner)
    assert trained.folds_used == 5
    assert trained.recipe_fit == "fold0"
    assert trained.model.mean == pytest.approx(np.arange(N_ROWS)[trained.rows].mean())
    assert any("model of the first fold" in note for note in sentences(trained.notes))


def test_too_few_folds_end_the_candidate_early(clockwork):
    learner, begun = MeanLearner(clockwork, stops_itself=False), clockwork.now
    with pytest.raises(OutOfTime, match="folds"):
        _train(clockwork, 30, least_folds=5, learner=learner)
    assert clockwork.now - begun < 30


def test_rounds_are_cut_before_a_candidate_is_given_up(clockwork):
    _, trained = _train(clockwork, 40, least_folds=5)
    assert trained.folds_used == 5
    assert any("cut short in fold 0" in note for note in sentences(trained.notes))


@pytest.mark.parametrize(
    ("seconds", "sample", "cut"),
    [
        (19, None, {"fold0", "fold1", "fold2"}),
        (40, None, {"fold0"}),
        (13, Sample(20, seed=3), {"fold0", "fold1", "fold2", "rows"}),
    ],
)
def test_what_was_cut_is_cut_there_again_with_all_the_time_there_is(
    clockwork, seconds, sample, cut
):
    task = _task(sample=sample)
    before, first = _train(clockwork, seconds, least_folds=3, task=task)
    assert set(first.stops) == cut
    plan = replace(PLAN, stops=first.stops)
    after, again = _train(clockwork, 10_000, most_folds=3, task=task, plan=plan)
    assert after.fits == before.fits
    assert (again.stops, again.notes) == (first.stops, first.notes)
    np.testing.assert_array_equal(again.out_of_fold, first.out_of_fold)
    assert again.model.mean == first.model.mean


def test_a_refit_that_was_cut_is_cut_there_again(clockwork):
    learner, fits = MeanLearner(clockwork), FoldFits(rounds=100, was_cut=False, fold_s=5.0)
    first = fit_all_rows(learner, PLAN, _task(), fits, Deadline(clockwork.now + 8))
    assert (first.model.rounds, first.stops) == (80, {"full": 9})
    plan = replace(PLAN, stops=first.stops)
    again = fit_all_rows(learner, plan, _task(), fits, Deadline(clockwork.now + 1000))
    assert (again.model.rounds, again.stops, again.notes) == (80, first.stops, first.notes)


def test_a_clock_that_counts_is_over_at_its_stop_and_stays_so(clockwork):
    deadline = Deadline(clockwork.now + 1)
    early, late = CountingClock(deadline, 2), CountingClock(deadline, 9)
    assert [early.is_over() for _ in range(3)] == [False, True, True]
    assert (late.is_over(), late.stopped) == (False, None)
    clockwork.now += 1
    assert (late.is_over(), late.stopped) == (True, 2)
    clockwork.now -= 1
    assert late.is_over()


def test_held_out_part_is_one_fold_and_rows_of_no_fold_are_trained_on(clockwork):
    folds = np.where(np.arange(N_ROWS) < 20, 0, -1)
    learner, trained = _train(clockwork, 1000, task=_task(n_folds=1, folds=folds))
    assert [rows for rows, _, _ in learner.fits] == [80, 100]
    assert np.isfinite(trained.out_of_fold[:20]).all()
    assert np.isnan(trained.out_of_fold[20:]).all()


def test_a_fold_learns_from_a_sample_and_is_scored_on_all_its_rows(clockwork):
    learner = MeanLearner(clockwork)
    task = _task(sample=Sample(20, seed=3))
    trained = train_folds(
        learner, PLAN, task, Deadline(clockwork.now + 1000), Wanted(5, lambda _: 5)
    )
    assert [rows for rows, _, _ in learner.fits] == [20] * 5
    assert np.isfinite(trained.out_of_fold).all()
    assert trained.rows.sum() == 20
    assert not trained.rows[task.validated(0)].any()
    assert trained.model.mean == pytest.approx(task.y[trained.rows].mean())
    assert "trained on a random sample of 20 rows" in sentences(trained.notes)


@pytest.mark.parametrize(("seconds", "n_rows"), [(1000, 100), (30, 60), (12, None)])
def test_after_samples_the_refit_takes_the_rows_that_fit_the_time(clockwork, seconds, n_rows):
    learner, task = MeanLearner(clockwork), _task(sample=Sample(20, seed=3))
    fits = FoldFits(rounds=100, was_cut=False, fold_s=10.0)
    found = fit_all_rows(learner, PLAN, task, fits, Deadline(clockwork.now + seconds))
    if n_rows is None:
        assert found.model is None
        return
    assert [rows for rows, _, _ in learner.fits] == [n_rows]
    assert found.rows.sum() == n_rows
    assert found.model.mean == pytest.approx(task.y[found.rows].mean())
    assert any(f"trained on {n_rows} of 100 rows" in note for note in sentences(found.notes)) == (
        n_rows < 100
    )


class OrderLearner(MeanLearner):
    """The n-th model answers n."""

    def fit(self, train, valid, hyperparameters, setting, clock):
        model = super().fit(train, valid, hyperparameters, setting, clock)
        n = len(self.fits)
        return SimpleNamespace(rounds=model.rounds, predict=lambda X: np.full(len(X), float(n)))


def test_of_several_divisions_a_row_has_the_mean(clockwork):
    task = _twice()
    learner, deadline = OrderLearner(clockwork), Deadline(clockwork.now + 1000)
    trained = train_folds(learner, PLAN, task, deadline, Wanted(4, lambda _: 4))
    first, second = task.split.divisions
    np.testing.assert_array_equal(trained.out_of_fold, ((1 + first) + (3 + second)) / 2)
    assert trained.folds_used == 4
    assert "scored on 2 repeats of 2-fold cross-validation" in sentences(trained.notes)


def test_a_further_division_counts_whole_or_not_at_all(clockwork):
    task = _twice()
    learner, deadline = OrderLearner(clockwork), Deadline(clockwork.now + 1000)
    trained = train_folds(learner, PLAN, task, deadline, Wanted(1, lambda _: 3))
    np.testing.assert_array_equal(trained.out_of_fold, 1.0 + task.split.divisions[0])
    assert trained.folds_used == 2
