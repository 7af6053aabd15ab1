"""A job on a table so large that one candidate learns from all rows, on all cores, for most of the time."""

import math
from dataclasses import replace

import pytest
from unit.automl.simulated import ANALYSIS, HUGE, LARGE, Simulated, outcome, request, takes

from windvane.automl.actions import (
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    Pack,
    Refit,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.request import ONE_NODE, DataParallel
from windvane.automl.search import OF_THE_SEARCH
from windvane.automl.steps import Status
from windvane.automl.task import task_for
from windvane.domain.problem import Mode
from windvane.engine.candidates import SAMPLE_ROWS
from windvane.engine.tuning.cost import member_mb
from windvane.engine.tuning.strategy import Strategy


def long_for(seconds):
    """Seconds, by action: the long run takes so many."""
    return lambda action: seconds if getattr(action, "is_long", False) else takes(action)


def job(long_s=400.0, table=HUGE, max_candidates=6, data_parallel=ONE_NODE, **options):
    asked = request(max_candidates=max_candidates, **options)
    asked = replace(asked, data_parallel=data_parallel)
    return Simulated(asked, table, takes=long_for(long_s))


def long_run(simulated):
    return simulated.history.long_run


def begun(simulated, *kinds):
    return [(began, action) for began, action, _ in simulated.begun if isinstance(action, kinds)]


def test_the_second_candidate_is_the_long_run():
    simulated = job().run()
    indices = [action.plan.index for action in simulated.actions(TrainCandidate) if action.is_long]
    assert indices == [2]
    assert long_run(simulated).action.plan.n_rows is None


@pytest.mark.parametrize("table", [ANALYSIS, LARGE])
def test_smaller_tables_have_none(table):
    assert long_run(job(table=table).run()) is None


def test_where_single_pipelines_are_compared_there_is_none():
    assert long_run(job(strategy=Strategy(Mode.TUNING)).run()) is None


def test_a_search_of_seconds_has_none():
    assert long_run(job(runtime_s=15.0).run()) is None


def test_nothing_of_the_search_runs_beside_it():
    simulated = job(max_candidates=None)
    simulated.run(until=lambda s: s.now > 1_000_500)
    found = long_run(simulated)
    for step in simulated.history.of(FitFeatures) + simulated.history.of(TrainCandidate):
        assert step is found or step.ended <= found.began or step.began >= found.ended
    assert simulated.history.of(FirstLook)[0].ended <= found.began


def test_what_goes_before_it_is_short():
    simulated = job()
    simulated.run(until=lambda s: s.history.first is not None)
    terms = simulated.begun[-1][2].folds
    assert terms.fold_s == pytest.approx(0.07 * simulated.situation.search_s)


def test_it_has_all_cores_and_all_memory_and_nearly_all_that_is_left_of_the_search():
    simulated = job(workers=3)
    simulated.run(until=lambda s: long_run(s) is not None)
    at = simulated.situation
    task = task_for(long_run(simulated).action, at, 100, 300)
    assert (task.resources.cpus, task.resources.memory_mb) == (3, 300)
    end = at.request.schedule.search_end
    assert end - 0.02 * at.request.schedule.runtime_s <= task.limits.stop_at < end
    assert task.limits.kill_at > end
    other = TrainCandidate(simulated.history.first.action.plan)
    assert task_for(other, at, 100, 300).resources.cpus == 1


def test_no_candidate_is_trained_on_all_rows_again_if_it_is_part_of_the_model():
    simulated = job()
    simulated.brings = lambda action, result: (
        replace(result, outcome=outcome(action.index, 0.99, 1, 5e-3, {1: 0.1, 2: 0.9}))
        if isinstance(action, BuildEnsemble) and not action.is_quick
        else result
    )
    simulated.run()
    assert not simulated.actions(Refit)
    assert not simulated.actions(FitOnAllRows)
    assert not simulated.actions(TrainOnFewerRows)
    assert simulated.actions(Pack)[0].refits == ()


def test_if_it_ends_early_the_search_goes_on_where_it_was():
    simulated = job(long_s=50.0).run()
    later = [action.plan for action in simulated.actions(TrainCandidate) if action.plan.index > 2]
    assert later[0].index == 3
    assert later[0].algorithm == "linear-learner", "the second opening"


def test_if_it_fails_the_search_goes_on_and_the_members_learn_from_all_rows():
    simulated = job(long_s=50.0)
    simulated.error = lambda action: "No." if getattr(action, "is_long", False) else ""
    simulated.run()
    assert long_run(simulated).status is Status.FAILED
    assert len([a for a in simulated.actions(TrainCandidate) if a.is_long]) == 1
    assert simulated.actions(Refit)


def test_it_is_not_begun_again_if_its_features_cannot_be_made():
    simulated = job()
    simulated.error = lambda action: "No." if isinstance(action, FitFeatures) else ""
    simulated.run()
    assert len([a for a in simulated.actions(TrainCandidate) if a.is_long]) == 1


def test_a_single_candidate_is_the_long_run():
    simulated = job(max_candidates=1).run()
    (only,) = simulated.actions(TrainCandidate)
    assert only.is_long
    assert only.plan.index == 1


def test_the_only_worker_is_enough():
    simulated = job(workers=1).run()
    assert long_run(simulated).status is Status.DONE
    assert not simulated.history.is_busy(*OF_THE_SEARCH)


def with_enough_rows(action, result):
    """The curve of the first candidate shows that 25,000 rows are enough."""
    if not isinstance(action, TrainCandidate) or action.plan.index != 1:
        return result
    return replace(result, outcome=replace(result.outcome, stops={SAMPLE_ROWS: 25_000}))


def test_there_is_none_if_the_curve_of_the_first_candidate_shows_that_more_rows_do_not_help():
    simulated = Simulated(request(max_candidates=6), HUGE, brings=with_enough_rows).run()
    assert long_run(simulated) is None
    assert len(simulated.actions(TrainCandidate)) == 5
    [fewer] = simulated.actions(TrainOnFewerRows)
    assert fewer.plan.n_rows == 12_500
    assert simulated.actions(Refit)


@pytest.mark.parametrize(
    ("told", "nodes"),
    [
        (DataParallel(), 1),
        (DataParallel(HUGE.n_rows, 3), 3),
        (DataParallel(HUGE.n_rows + 1, 3), 1),
        (DataParallel(0, 3), 1),
    ],
)
def test_several_nodes_train_it_of_a_table_of_so_many_rows(told, nodes):
    simulated = job(data_parallel=told).run()
    assert simulated.situation.long_run_nodes == nodes
    for action in simulated.actions(TrainCandidate):
        task = task_for(action, simulated.situation, 4_000, 4_000)
        assert task.resources.n_members == (nodes if action.is_long else 1)


def test_one_node_trains_it_if_what_several_have_to_hold_is_more_than_they_give():
    simulated = job(data_parallel=DataParallel(1, 3)).run()
    [long_run] = [one for one in simulated.actions(TrainCandidate) if one.is_long]
    enough_mb = math.ceil(member_mb(simulated.situation.analysis, long_run.plan, 3))
    found = [task_for(long_run, simulated.situation, mb, mb) for mb in (enough_mb, enough_mb - 1)]
    assert [one.resources.n_members for one in found] == [3, 1]


def test_several_nodes_train_it_of_tables_alone_that_are_learnt_from_once():
    in_folds = replace(HUGE, n_folds=5)
    simulated = job(table=in_folds, data_parallel=DataParallel(1, 3)).run()
    assert simulated.situation.long_run_nodes == 1
