"""Who is better, and what is expected of new rows."""

import math
from dataclasses import replace

import numpy as np
import pytest
from unit.engine.evaluation.made_up import (
    RECORD,
    N,
    blended,
    member,
    numbers,
    shy,
    table,
)

from windvane.domain.problem import MetricName
from windvane.engine.candidates import Score
from windvane.engine.data.dataset import read_dataset
from windvane.engine.evaluation import judge
from windvane.engine.scoring.evaluate import gain
from windvane.engine.scoring.metrics import METRICS
from windvane.notes.note import said


def ranked(objective, by_weights=None):
    outcome = member(1).outcome
    if by_weights is None:
        return replace(RECORD, outcome=replace(outcome, objective=objective))
    told = (Score(MetricName.RMSE, by_weights),)
    return replace(
        RECORD, outcome=replace(outcome, objective=objective, members={2: 1.0}, train_scores=told)
    )


@pytest.mark.parametrize(
    ("record", "is_better"),
    [(ranked(0.4), True), (ranked(0.5), False), (ranked(0.6), False), (ranked(0.6, 0.4), True)],
)
def test_who_is_better_ranks_before_every_other(record, is_better):
    others = [ranked(0.7), ranked(0.5)]
    assert judge.is_better(MetricName.RMSE, record, others) is is_better


@pytest.mark.parametrize(("off", "holds"), [(-0.3, True), (0.0, True), (0.02, True), (0.5, False)])
def test_an_ensemble_holds_up_unless_it_is_shown_to_be_worse(off, holds):
    """The best candidate is wrong by 1, up or down."""
    y, random = numbers(), np.random.default_rng(1)
    signs = random.choice([-1.0, 1.0], N)
    noise = 0.3 * random.normal(size=N)
    found = blended({1: 0.5, 2: 0.5}, y + signs * (1 + off + noise))
    alone = (y + signs).astype(np.float32)
    assert judge.holds_up(table(y, MetricName.MAE), found, RECORD, alone) is holds


def test_predictions_that_are_alike_are_neither_better_nor_shown_to_be_worse():
    y = numbers()
    alike = (y + 1).astype(np.float32)
    dataset, found = table(y, MetricName.MAE), blended({1: 0.5, 2: 0.5}, alike.astype(float))
    assert judge.holds_up(dataset, found, RECORD, alike)
    assert not judge.compared(dataset, found.rows, found.out_of_fold, found.in_sample).is_better


@pytest.mark.parametrize(("gained", "is_better"), [(0.0, False), (1.8, False), (2.2, True)])
def test_the_second_is_better_if_luck_alone_would_hardly_show_it(gained, is_better):
    y, spread = np.zeros(N), np.tile([0.5, -0.5], N // 2)
    first = np.full(N, 2.0)
    second = first - spread - gained * 0.5 / math.sqrt(N)
    compared = judge.compared(table(y, MetricName.MAE), np.arange(N), first, second)
    assert compared.first == pytest.approx(2.0)
    assert compared.second == pytest.approx(2.0 - gained * 0.5 / math.sqrt(N))
    assert compared.is_better is is_better


def test_gains_beside_a_candidate_are_of_the_same_rows():
    y, predicted = shy()
    dataset, rows = table(y, MetricName.F1, 2), np.flatnonzero(np.arange(N) % 5 == 0)
    own, others = judge.gains_beside(
        dataset, rows, predicted.astype(np.float32), RECORD, predicted.astype(np.float32)
    )
    assert own.shape == others.shape == rows.shape
    assert own.mean() > others.mean() + 0.1, "the other has a threshold of a half"
    assert own.mean() == pytest.approx(gain(MetricName.F1, y[rows], predicted[rows]), abs=1e-6)
    y = numbers()
    own, others = judge.gains_beside(
        table(y, MetricName.MAE),
        rows,
        (y + 1).astype(np.float32),
        RECORD,
        (y + 2).astype(np.float32),
    )
    assert (own.mean(), others.mean()) == (pytest.approx(-1, rel=1e-5), pytest.approx(-2, rel=1e-5))


def test_a_second_layer_adds_its_size_its_settings_and_a_note():
    record = judge.with_second_layer(member(3, notes=(said("a"),)), {"rounds": 7}, 900, said("b"))
    outcome = record.outcome
    assert (outcome.size_bytes, outcome.second_layer) == (1000, {"rounds": 7})
    assert outcome.notes == (said("a"), said("b"))


def rivals(n_candidates, seed=0, n=N):
    """Predictions that are all as good as each other, by index."""
    random = np.random.default_rng(seed)
    y = random.normal(size=n)
    told = {i: (y + random.normal(size=n)).astype(np.float32) for i in range(1, n_candidates + 1)}
    errors = {i: float(np.mean((one - y) ** 2)) for i, one in told.items()}
    return y, told, min(errors, key=errors.get)


def optimism(y, told, best, records=None, **changes):
    records = records or {index: member(index) for index in told}
    return judge.optimism(table(y, MetricName.MSE, **changes), best, records, told.__getitem__)


def test_the_best_of_many_equals_looks_better_than_it_is():
    y, told, best = rivals(20)
    gap = np.mean([(one - y) ** 2 for one in told.values()]) - np.mean((told[best] - y) ** 2)
    assert 0.3 * gap < optimism(y, told, best) < 2 * gap
    few = {index: told[index] for index in (best, best % 20 + 1)}
    assert optimism(y, few, best) < optimism(y, told, best)


def test_what_is_expected_of_many_rows_is_expected_from_some_of_them():
    y, told, best = rivals(10, n=60_000)
    whole, small = optimism(y, told, best), rivals(10, n=20_000)
    assert whole == pytest.approx(optimism(*small) / math.sqrt(3), rel=0.6)


def test_of_two_that_answer_alike_the_choice_changes_nothing():
    y, told, _ = rivals(1)
    assert optimism(y, {1: told[1], 2: told[1]}, 1) == pytest.approx(0.0, abs=0.05)


def test_a_candidate_is_judged_at_its_own_temperature_and_threshold():
    y, predicted = shy()
    dataset, rows = table(y, MetricName.F1, 2), np.arange(N)
    low = replace(RECORD, threshold=0.2)
    at_half, at_fifth = (
        judge.gains_beside(
            dataset, rows, predicted.astype(np.float32), one, predicted.astype(np.float32)
        )[1].mean()
        for one in (RECORD, low)
    )
    assert at_fifth > at_half + 0.1
    flat = replace(low, temperature=1e6)
    sure = judge.gains_beside(
        dataset, rows, predicted.astype(np.float32), flat, predicted.astype(np.float32)
    )[1]
    always = METRICS[MetricName.F1].value(y, np.ones(N))
    assert sure.mean() == pytest.approx(always, abs=1e-6), "at that temperature all are even"


def test_where_there_was_nothing_to_pick_from_nothing_is_expected():
    y, told, best = rivals(3)
    assert optimism(y, {best: told[best]}, best) is None
    others = {index: member(index, folds_used=5 if index == best else 2) for index in told}
    assert optimism(y, told, best, others) is None
    assert optimism(y, told, best, folds=np.full(N, -1)) is None
    assert optimism(y, told, best, folds=np.where(np.arange(N) < 1, 0, -1)) is None
    assert optimism(y, told, best, folds=np.where(np.arange(N) < 2, 0, -1)) is not None
    told[best] = np.full(N, np.nan, np.float32)
    assert optimism(y, told, best) is None


def test_rows_of_folds_that_were_not_used_are_left_aside():
    y, told, best = rivals(5)
    few = {index: member(index, folds_used=2) for index in told}
    holes = {
        index: np.where(np.arange(N) % 5 < 2, one, np.nan).astype(np.float32)
        for index, one in told.items()
    }
    assert optimism(y, holes, best, few) is not None
    for index in holes:
        holes[index][::5] = np.nan
    assert optimism(y, holes, best, few) is None, "the rows of the first fold count"


@pytest.fixture
def kept_numbers(amounts):
    kept = read_dataset(amounts.dataset)
    objective = kept.analysis.objective
    assert objective.is_minimized
    return kept, METRICS[objective]


def test_more_rows_bring_what_the_objective_loses_on_the_rows_that_both_predict(kept_numbers):
    kept, metric = kept_numbers
    good = (kept.y + 1.0).astype(np.float32)
    worse = (kept.y + 2.0).astype(np.float32)
    worse[::2] = np.nan
    rows = np.arange(1, kept.y.size, 2)
    lost = metric.value(kept.y[rows], worse[rows].astype(float)) - metric.value(
        kept.y[rows], good[rows].astype(float)
    )
    assert judge.pessimism(kept, RECORD, good, RECORD, worse) == pytest.approx(lost, rel=1e-6)


def test_of_classes_too():
    y, predicted = shy()
    worse = predicted[:, ::-1].astype(np.float32)
    worse[::2] = np.nan
    dataset, plain = table(y, MetricName.ACCURACY, 2), predicted.astype(np.float32)
    rows = np.arange(1, N, 2)
    lost = np.mean(y[rows] == 0) - np.mean(y[rows] == 1)
    assert judge.pessimism(dataset, RECORD, plain, RECORD, worse) == pytest.approx(lost, abs=0.02)


def test_more_rows_are_never_expected_to_do_harm(kept_numbers):
    kept, _ = kept_numbers
    good, worse = (kept.y + 1.0).astype(np.float32), (kept.y + 2.0).astype(np.float32)
    other = replace(RECORD, threshold=0.4)
    assert judge.pessimism(kept, RECORD, worse, other, good) == 0.0
