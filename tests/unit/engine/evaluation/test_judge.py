"""The record of a candidate and of an ensemble: scores, thresholds, temperatures."""

import time
from dataclasses import replace

import numpy as np
import pytest
from unit.engine.evaluation.made_up import (
    PLAN,
    Answering,
    N,
    blended,
    chances,
    member,
    numbers,
    shy,
    table,
)

from windvane.domain.problem import METRICS_OF, MetricName, ProblemType
from windvane.engine.evaluation import judge
from windvane.engine.evaluation.trained import Trained
from windvane.engine.scoring.classweights import best_class_weights
from windvane.engine.scoring.metrics import METRICS
from windvane.errors import CandidateFault
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, said


def trained(out_of_fold, folds_used=5, rows=None, model=None, **changes):
    rows = np.ones(len(out_of_fold), bool) if rows is None else rows
    made = Trained(
        model or Answering(),
        "fold0",
        rows,
        out_of_fold.astype(np.float32),
        folds_used,
        None,
        (),
        {},
    )
    return replace(made, **changes)


def record_of(dataset, predicted, X=None, **changes):
    X = np.zeros((len(predicted), 1)) if X is None else X
    if "model" not in changes:
        changes["model"] = Answering(lambda X: np.asarray(predicted[: len(X)], float))
    return judge.candidate_record(dataset, PLAN, trained(predicted, **changes), X, 3.0)


def value(scores, metric):
    [found] = [one.value for one in scores if one.metric is metric]
    return found


def test_a_candidate_is_scored_on_the_rows_of_the_folds_that_it_used():
    y = numbers()
    dataset = table(y, MetricName.RMSE)
    predicted = np.where(dataset.folds < 3, y + 1, np.nan)
    kept = {"fits": "fits", "notes": (said("cut"),), "stops": {"fold0": 3}, "model": Answering()}
    record = record_of(dataset, predicted, y[:, None] + 0.5, folds_used=3, **kept)
    outcome = record.outcome
    assert (outcome.index, outcome.fit_s, outcome.folds_used) == (7, 3.0, 3)
    assert outcome.objective == pytest.approx(1.0)
    assert {one.metric for one in outcome.scores} == set(METRICS_OF[ProblemType.REGRESSION])
    assert value(outcome.train_scores, MetricName.RMSE) == pytest.approx(0.5)
    assert (outcome.latency_s, outcome.size_bytes) == (0.0, 0)
    assert (outcome.notes, outcome.stops) == ((said("cut"),), {"fold0": 3})
    assert (record.plan, record.recipe_fit, record.fits) == (PLAN, "fold0", "fits")
    assert (record.threshold, record.temperature, record.class_weights) == (0.5, 1.0, ())


def test_rows_that_are_in_no_fold_are_not_scored():
    y = numbers()
    folds = np.where(np.arange(N) < 100, -1, np.arange(N) % 5)
    dataset = table(y, MetricName.MAE, folds=folds)
    predicted = np.where(folds < 0, 99.0, y + np.where(folds == 0, 1.0, 0.0))
    share = np.mean(folds[folds >= 0] == 0)
    assert record_of(dataset, predicted).outcome.objective == pytest.approx(share, rel=1e-5)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_predictions_that_are_no_numbers_are_refused(wrong):
    y = numbers()
    with pytest.raises(CandidateFault, match="not finite numbers"):
        record_of(table(y, MetricName.MSE), np.where(np.arange(N) == 5, wrong, y))


def test_rows_count_by_their_weight():
    y, heavy = numbers(), np.arange(N) % 2 == 0
    weight = np.where(heavy, 1.5, 0.5)
    outcome = record_of(table(y, MetricName.MAE, weight=weight), y + heavy).outcome
    assert outcome.objective == pytest.approx(0.75, rel=1e-5)
    assert value(outcome.train_scores, MetricName.MAE) == pytest.approx(
        np.average(np.abs(y + heavy - y), weights=weight)
    )


def test_of_many_training_rows_two_thousand_at_most_are_scored():
    y, model = numbers(n=5_000), Answering()
    rows = np.arange(5_000) >= 500
    record_of(table(y, MetricName.MSE), y, y[:, None], rows=rows, model=model)
    assert model.asked == [1_500]


@pytest.mark.parametrize("sharpness", [3.0, 0.4])
def test_a_temperature_mends_probabilities_that_are_too_sure_or_not_sure_enough(sharpness):
    y, predicted = chances(sharpness=sharpness)
    record = record_of(table(y, MetricName.AUC, 2), predicted)
    assert record.temperature == pytest.approx(sharpness, rel=0.3)
    raw = METRICS[MetricName.LOG_LOSS].value(y, predicted)
    assert value(record.outcome.scores, MetricName.LOG_LOSS) < raw - 0.01
    assert value(record.outcome.train_scores, MetricName.LOG_LOSS) < raw - 0.01
    area = METRICS[MetricName.AUC].value(y, predicted.astype(np.float32).astype(float))
    assert record.outcome.objective == pytest.approx(area), "an order stays an order"


def test_where_that_is_not_wanted_probabilities_stay_as_they_are():
    y, predicted = chances(sharpness=3.0)
    record = record_of(table(y, MetricName.AUC, 2, calibrate=False), predicted)
    assert record.temperature == 1.0
    assert value(record.outcome.scores, MetricName.LOG_LOSS) == pytest.approx(
        METRICS[MetricName.LOG_LOSS].value(y, predicted), rel=1e-5
    )


def test_a_threshold_is_found_for_an_objective_that_wants_one():
    y, predicted = shy()
    tuned = record_of(table(y, MetricName.F1, 2), predicted)
    plain = record_of(table(y, MetricName.F1, 2, tune_threshold=False), predicted)
    assert tuned.threshold < 0.4
    assert plain.threshold == 0.5
    assert tuned.outcome.objective > plain.outcome.objective + 0.2
    assert value(tuned.outcome.train_scores, MetricName.F1) > 0.3


def test_no_row_has_a_say_in_the_threshold_that_it_is_scored_by():
    y, predicted = shy()
    dataset = table(y, MetricName.F1, 2)
    outcome = record_of(dataset, predicted).outcome
    in_sample = METRICS[MetricName.F1].value(
        y, (predicted[:, 1] >= record_of(dataset, predicted).threshold).astype(float)
    )
    assert outcome.objective != in_sample


def classes_of_three(seed=0):
    """Probabilities of three classes, one of which is rare and never the most likely."""
    random = np.random.default_rng(seed)
    y = random.choice(3, N, p=[0.46, 0.46, 0.08]).astype(float)
    raw = np.eye(3)[y.astype(int)] + random.random((N, 3))
    raw *= [1.0, 1.0, 0.25]
    return y, raw / raw.sum(axis=1, keepdims=True)


def test_classes_are_reweighted_for_an_objective_that_wants_it_and_it_is_said():
    y, predicted = classes_of_three()
    dataset = table(y, MetricName.BALANCED_ACCURACY, 3)
    record = record_of(dataset, predicted)
    assert len(record.class_weights) == 3
    facts = {"metric": "BalancedAccuracy"}
    assert record.outcome.notes == (Note(NoteCode.CLASSES_REWEIGHTED, facts),)
    plain = METRICS[MetricName.BALANCED_ACCURACY].value(y, predicted.argmax(axis=1).astype(float))
    assert record.outcome.objective > plain + 0.1
    untouched = record_of(
        replace(dataset, analysis=replace(dataset.analysis, objective=MetricName.LOG_LOSS)),
        predicted,
    )
    assert untouched.class_weights == ()
    assert untouched.outcome.notes == ()


def test_classes_stay_as_likely_as_they_are_where_no_weight_would_change_one():
    """The most likely class is the true one, by far."""
    y = np.arange(N) % 3.0
    predicted = np.eye(3)[y.astype(int)] * 0.97 + 0.01
    record = record_of(table(y, MetricName.BALANCED_ACCURACY, 3), predicted)
    assert (record.class_weights, record.outcome.notes) == ((), ())
    assert record.outcome.objective == pytest.approx(1.0)


def test_weights_of_classes_that_help_only_on_the_rows_they_come_from_are_not_taken():
    """Predictions that know nothing."""
    random = np.random.default_rng(3)
    y, predicted = random.integers(0, 3, N).astype(float), random.dirichlet(np.ones(3), N)
    assert best_class_weights(MetricName.BALANCED_ACCURACY, y, predicted)
    record = record_of(table(y, MetricName.BALANCED_ACCURACY, 3), predicted)
    assert (record.class_weights, record.outcome.notes) == ((), ())


def test_an_objective_that_rows_of_one_class_do_not_tell_is_named():
    _, predicted = chances()
    with pytest.raises(CandidateFault, match=r"AUC cannot be computed: .* only one class"):
        record_of(table(np.zeros(N), MetricName.AUC, 2), predicted)


def test_an_ensemble_is_scored_without_the_rows_and_ranked_by_the_weights_it_has():
    y = numbers()
    members = {
        1: member(1),
        2: member(2, latency_s=0.002, size_bytes=50, folds_used=3),
        3: member(3),
    }
    found = blended({1: 0.25, 2: 0.75}, y + 1, y + 0.5)
    started = time.time() - 10
    dataset = table(y, MetricName.RMSE)
    outcome = judge.ensemble_record(dataset, found, members, 9, started).outcome
    assert (outcome.index, outcome.members) == (9, {1: 0.25, 2: 0.75})
    assert outcome.objective == pytest.approx(1.0)
    assert outcome.ranked_by(MetricName.RMSE) == pytest.approx(0.5)
    assert outcome.latency_s == pytest.approx(0.003)
    assert (outcome.size_bytes, outcome.folds_used) == (150, 3)
    assert 10 <= outcome.fit_s < 250
    assert outcome.notes == (Note(NoteCode.CROSS_FITTED), Note(NoteCode.LATENCY_ADDED))


def test_an_ensemble_has_a_threshold_and_a_temperature_of_its_own():
    y, predicted = shy()
    dataset, members = table(y, MetricName.F1, 2), {1: member(1), 2: member(2)}
    record = judge.ensemble_record(dataset, blended({1: 0.5, 2: 0.5}, predicted), members, 3, 0.0)
    assert record.plan is None
    assert record.threshold < 0.4
    sharp, overdone = chances(sharpness=3.0)
    dataset = table(sharp, MetricName.AUC, 2)
    found = judge.ensemble_record(dataset, blended({1: 0.5, 2: 0.5}, overdone), members, 3, 0.0)
    assert found.temperature > 2
