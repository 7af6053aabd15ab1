"""A job on a machine that is many times slower than expected has a model in its time."""

import pytest
from unit.automl.simulated import START, Simulated, request, takes

from windvane.automl.actions import FirstLook, Pack, TrainBaseline, TrainCandidate
from windvane.automl.ending import final_leaderboard
from windvane.automl.history import ENSEMBLE
from windvane.automl.steps import Status


def run_on(slowness, runtime_s, candidate_s=4.0):
    def slowly(action):
        usual_s = candidate_s if isinstance(action, TrainCandidate) else takes(action)
        return slowness * usual_s

    return Simulated(request(runtime_s, max_candidates=30), takes=slowly).run()


@pytest.mark.parametrize("runtime_s", [60, 240])
@pytest.mark.parametrize("slowness", [1, 5, 10, 30])
def test_a_slow_machine_has_a_model_in_time(slowness, runtime_s):
    simulated = run_on(slowness, runtime_s)
    order, best = final_leaderboard(simulated.situation)
    assert order[0].outcome is not None
    assert best.index == simulated.actions(Pack)[0].index
    assert simulated.now <= START + runtime_s


def test_the_first_look_needs_no_features_where_time_may_be_too_short_for_any_candidate():
    simulated = run_on(20, 60)
    [baseline] = simulated.history.of(TrainBaseline)
    assert baseline.action.plan.index == 0
    assert baseline.began == START + 20
    assert not simulated.history.of(FirstLook)


def test_candidates_are_trained_beside_an_early_baseline_which_is_no_member_of_an_ensemble():
    simulated = run_on(10, 60, candidate_s=1.0)
    assert simulated.history.of(TrainBaseline)[0].action.plan.index == 0
    assert any(step.status is Status.DONE for step in simulated.history.candidates)
    order, best = final_leaderboard(simulated.situation)
    ensembles = [row for row in order if row.algorithm == ENSEMBLE and row.outcome]
    assert all(0 not in row.outcome.members for row in ensembles)
    assert best.index != 0


def test_a_machine_as_fast_as_expected_makes_no_baseline():
    simulated = Simulated(request(60.0)).run()
    assert not simulated.history.of(TrainBaseline)
    assert simulated.history.of(FirstLook)
    assert len(simulated.actions(TrainCandidate)) > 3


def test_the_reserve_for_what_follows_the_search_grows_with_what_the_analysis_took():
    schedule = request(100.0).schedule
    assert schedule.after_analysis(1.0) == schedule
    slow = schedule.after_analysis(10.0)
    assert (slow.search_end, slow.packing) == (START + 85, START + 92.5)
    assert schedule.after_analysis(90.0).search_end == START + 70, "a share of the time at most"
