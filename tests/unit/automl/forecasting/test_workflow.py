"""The workflow of forecasting jobs, with a simulated clock: nothing is trained."""

import heapq
from dataclasses import replace

import pytest

from windvane.automl.forecasting.actions import (
    Backtest,
    Combine,
    ForecastHistory,
    ForecastResult,
    ForecastStep,
    PackForecaster,
    Prepare,
    RefitModel,
)
from windvane.automl.forecasting.request import ForecastRequest
from windvane.automl.forecasting.workflow import decide, limits_of
from windvane.automl.request import Schedule
from windvane.automl.steps import Status
from windvane.automl.workflow import Phase
from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.outcomes import ForecastOutcome

START = 1000.0
REQUEST = ForecastRequest(
    schedule=Schedule(START, START + 30, START + 56, START + 60),
    objective=ForecastMetric.WQL,
    models=("naive", "ets", "boosted", "boosted-2", "boosted-3"),
    heavy=frozenset({"boosted", "boosted-2", "boosted-3"}),
    trained=frozenset({"boosted", "boosted-2", "boosted-3"}),
    workers=2,
    floor="naive",
)


def simulate(request=REQUEST, takes=None, failing=(), weights=None, suited=REQUEST.models):
    """Return the history of a job, and when it was over."""
    history, now, running, n = ForecastHistory(), START, [], 0
    while True:
        decision = decide(request, history, now, request.workers - len(running))
        if decision.phase is Phase.DONE:
            return history, now
        for action in decision.begin:
            limits = limits_of(action, request, history, now)
            name = getattr(action, "model", "")
            used = (
                limits.stop_at - now
                if name in request.heavy
                else (takes or {}).get(action.key, 0.1)
            )
            history = history.with_step(ForecastStep(action, Status.RUNNING, began=now))
            heapq.heappush(running, (now + used, n, action.key))
            n += 1
        if not decision.begin:
            now, _, key = heapq.heappop(running)
            step = history.step(key)
            is_done = key not in failing
            step = replace(
                step,
                status=Status.DONE if is_done else Status.FAILED,
                ended=now,
                result=brought(step.action, suited, weights) if is_done else step.result,
            )
            history = history.with_step(step)


def brought(action, suited, weights):
    if isinstance(action, Prepare):
        return ForecastResult(suited=tuple(suited))
    if isinstance(action, Combine):
        return ForecastResult(weights=weights or {"ets": 0.4, "boosted": 0.6})
    if isinstance(action, Backtest):
        loss = 1.0 if action.model in REQUEST.heavy else 2.0
        metrics = {str(ForecastMetric.WQL): loss}
        return ForecastResult(outcome=ForecastOutcome(action.model, metrics, 0.1, (loss,), 0.8, 1))
    return ForecastResult()


def kinds(history):
    return [type(step.action) for step in history.steps]


def test_the_phases_follow_each_other():
    history, _ = simulate()
    assert kinds(history) == [Prepare, *[Backtest] * 5, Combine, RefitModel, PackForecaster]
    assert history.step("refit/boosted") is not None
    assert history.steps[-1].action == PackForecaster(
        REQUEST.models, ("boosted",), has_ensemble=True
    )


def test_models_that_use_whatever_time_they_have_share_it_and_leave_the_rest():
    history, over = simulate(weights=dict.fromkeys(REQUEST.heavy, 1 / 3))
    ended = [step.ended for step in history.steps if isinstance(step.action, Backtest)]
    assert max(ended) <= REQUEST.schedule.search_end
    assert over < REQUEST.schedule.packing
    lasted = [
        s.ended - s.began for s in history.steps if getattr(s.action, "model", "") in REQUEST.heavy
    ]
    assert min(lasted) > 6


def test_asking_again_begins_nothing_twice():
    first = decide(REQUEST, ForecastHistory(), START, 2)
    assert first.begin == (Prepare(),)
    history = ForecastHistory((ForecastStep(Prepare(), Status.RUNNING, began=START),))
    assert decide(REQUEST, history, START + 1, 1).begin == ()
    assert decide(REQUEST, history, START + 1, 1).phase is Phase.ANALYSIS


def test_models_that_the_series_are_too_short_for_are_not_tried():
    history, _ = simulate(suited=("naive", "ets"))
    assert history.step("ensemble").action.models == ("naive", "ets")


def test_models_that_fail_are_left_out():
    history, _ = simulate(failing=("backtest/ets", "refit/boosted"))
    assert history.step("ensemble").action.models == ("naive", "boosted", "boosted-2", "boosted-3")
    assert history.steps[-1].action.refits == ()


def test_without_an_ensemble_the_best_learns_from_all_values():
    history, _ = simulate(failing=("ensemble",))
    assert history.steps[-1].action.refits == ("boosted",)
    assert not history.steps[-1].action.has_ensemble


@pytest.mark.parametrize(
    ("asked", "tried", "has_ensemble"),
    [(1, 1, False), (2, 2, False), (3, 2, True), (4, 3, True), (99, 5, True)],
)
def test_there_are_no_more_candidates_than_asked_for(asked, tried, has_ensemble):
    history, _ = simulate(replace(REQUEST, max_candidates=asked))
    assert len(history.outcomes) == tried
    assert history.has_any(Combine) == has_ensemble
    assert history.steps[-1].action.has_ensemble == has_ensemble


def test_models_that_there_are_too_few_values_for_leave_their_place_to_others():
    suited = ("naive", "boosted-2", "boosted-3")
    history, _ = simulate(replace(REQUEST, max_candidates=3), suited=suited)
    assert tuple(history.outcomes) == ("naive", "boosted-2")


def test_a_backtest_ends_within_the_limit_of_a_candidate():
    request = replace(REQUEST, max_candidate_s=2.0)
    history, _ = simulate(request)
    for step in history.steps:
        if isinstance(step.action, Backtest):
            limits = limits_of(step.action, request, history, step.began)
            assert limits.stop_at <= limits.kill_at == step.began + 2.0


def test_a_model_that_waits_keeps_its_share_of_the_time():
    waiting = ForecastHistory(
        (
            ForecastStep(Prepare(), Status.DONE, result=ForecastResult(suited=REQUEST.models)),
            *(ForecastStep(Backtest(name), Status.WAITING) for name in sorted(REQUEST.heavy)),
        )
    )
    request = replace(REQUEST, workers=1)
    limits = limits_of(Backtest("boosted"), request, waiting, START)
    assert limits.stop_at == pytest.approx(START + 30 * 0.8 / 3)


def test_where_everything_fails_the_floor_is_made():
    failing = [Backtest(name).key for name in REQUEST.models]
    history, _ = simulate(failing=failing, weights={"naive": 1.0})
    assert history.step("baseline").action == Backtest("naive", is_last_resort=True)
    assert history.steps[-1].action == PackForecaster(("naive",), (), has_ensemble=True)


def test_where_the_floor_fails_too_what_is_packed_is_the_floor():
    failing = [*(Backtest(name).key for name in REQUEST.models), "baseline"]
    history, _ = simulate(failing=failing)
    assert history.steps[-1].action == PackForecaster((), (), has_ensemble=False)


def test_no_time_means_the_floor_alone():
    late = replace(REQUEST, schedule=Schedule(START, START, START, START + 1))
    history, _ = simulate(late, takes={"series": 3.0})
    assert kinds(history) == [Prepare, Backtest, PackForecaster]
    step = history.step("baseline")
    limits = limits_of(step.action, late, history, step.began)
    assert limits.kill_at > step.began + 10, "it is made although the time is over"


def test_a_model_is_not_refitted_with_much_less_time_than_its_backtest_took():
    schedule = Schedule(START, START + 50, START + 56, START + 60)
    history, _ = simulate(replace(REQUEST, schedule=schedule))
    assert RefitModel not in kinds(history)
    assert history.steps[-1].action.models == REQUEST.models


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_any_number_of_workers_keeps_the_deadline(workers):
    _, over = simulate(
        replace(REQUEST, workers=workers), weights=dict.fromkeys(REQUEST.heavy, 1 / 3)
    )
    assert over < REQUEST.schedule.deadline


def test_where_reading_the_rows_took_long_packing_begins_earlier_and_so_does_what_is_before_it():
    quick, _ = simulate()
    slow, _ = simulate(takes={"series": 5.0})
    begins = [history.step(PackForecaster((), (), True).key).began for history in (quick, slow)]
    searched = [
        max(history.step(Backtest(one).key).ended for one in REQUEST.models)
        for history in (quick, slow)
    ]
    assert begins[1] < begins[0] <= START + 56
    assert searched[1] < searched[0]
