"""The course of a forecasting job, with a simulated clock: nothing is trained."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from unit.work.world import START, World, make_job

from windvane.automl.forecasting.actions import (
    Backtest,
    ForecastResult,
    PackForecaster,
    SeriesFacts,
)
from windvane.automl.forecasting.documents import result_to_json
from windvane.domain.candidate import CandidateStatus
from windvane.domain.deployment import EndpointStatus
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.frequency import Frequency
from windvane.domain.job import EndOfSearch, JobStatus, SecondaryStatus
from windvane.domain.problem import MetricName
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.domain.timing import LATE, next_change, timetable
from windvane.engine.forecasting.models.catalogue import FLOOR, MODELS
from windvane.engine.forecasting.outcomes import ForecastOutcome
from windvane.notes.codes import NoteCode
from windvane.notes.note import said
from windvane.work.jobs import forecast_records, forecasting
from windvane.work.jobs.forecast_workflow import action_of

SPEC = ForecastSpec(
    target="y", timestamp="t", item_id="item", horizon=5, frequency=Frequency.parse("1D")
)
SUITED = ("seasonal-naive", "theta", "boosted-levels", "ets")
LOSSES = {"seasonal-naive": 0.4, "theta": 0.2, "boosted-levels": 0.1, "ets": 0.3}
WEIGHTS = {"theta": 0.25, "boosted-levels": 0.75}


class ForecastWorld(World):
    """A world whose tasks bring what those of a forecasting job do."""

    def _result(self, task: Task, score: float, folds_used: int) -> dict[str, Any]:
        if task.kind in (TaskKind.EXPLORE, TaskKind.EXPLAIN, TaskKind.INSIGHTS):
            return super()._result(task, score, folds_used)
        if task.kind in (TaskKind.REFIT, TaskKind.RETAIN):
            return {}
        action = action_of(task)
        if task.kind is TaskKind.ANALYZE:
            facts = SeriesFacts(3, 90, "D", 1)
            return result_to_json(ForecastResult(suited=SUITED, series=facts))
        if isinstance(action, PackForecaster):
            return {"n_bytes": 2000, "latency_s": 0.02}
        name = action.model if isinstance(action, Backtest) else "ensemble"
        loss = LOSSES.get(name, 0.09)
        metrics = {"AverageWeightedQuantileLoss": loss, "MASE": 2 * loss, "MAPE": None}
        outcome = ForecastOutcome(name, metrics, 0.01, (loss, loss), 0.8, 1.5)
        models = getattr(action, "models", ())
        weights = {one: WEIGHTS[one] for one in models if one in WEIGHTS} or dict.fromkeys(
            models[:1], 1.0
        )
        told = result_to_json(ForecastResult(outcome=outcome, weights=weights))
        return {**told, "n_bytes": 1000, "latency_s": 0.01}


def world_of(**asked: Any) -> ForecastWorld:
    return ForecastWorld(make_job(is_counted=False, forecast=SPEC, **asked))


def backtested(world: ForecastWorld, *, but: int = 0) -> None:
    """Do the analysis and all backtests, or all but the last ones."""
    world.do(TaskKind.ANALYZE)
    for _ in range(len(SUITED) - but):
        world.do(TaskKind.TRAIN)


def finish(world: ForecastWorld) -> None:
    learn(world)
    world.do_all(TaskKind.EXPLAIN, TaskKind.INSIGHTS)


def learn(world: ForecastWorld) -> None:
    """Do everything but the reports on the best candidate."""
    world.do_all(
        TaskKind.EXPLORE,
        TaskKind.TRAIN,
        TaskKind.BASELINE,
        TaskKind.ENSEMBLE,
        TaskKind.REFIT,
        TaskKind.PACK,
    )


def by_algorithm(world: ForecastWorld) -> dict[str, Any]:
    return {candidate.algorithm: candidate for candidate in world.candidates}


def test_a_job_goes_through_its_phases() -> None:
    world = world_of(max_candidates=250)
    world.claim(TaskKind.ANALYZE)
    world.advance()
    assert world.secondary is SecondaryStatus.ANALYZING_DATA
    world.end(world.open_tasks()[0])
    assert world.secondary is SecondaryStatus.TRAINING_MODELS
    assert [action_of(task) for task in world.open_tasks(TaskKind.TRAIN)] == [
        Backtest(name) for name in SUITED[:3]
    ], "one more than there are workers"
    learn(world)
    assert world.secondary is SecondaryStatus.GENERATING_EXPLAINABILITY_REPORT
    world.do(TaskKind.EXPLAIN)
    assert world.secondary is SecondaryStatus.GENERATING_MODEL_INSIGHTS_REPORT
    finish(world)
    assert world.status is JobStatus.COMPLETED
    assert world.secondary is SecondaryStatus.COMPLETED
    keys = [task.key for task in world.state.tasks]
    assert "explore" in keys
    assert [key for key in keys if key != "explore"] == [
        "analyze",
        *(f"backtest/{name}" for name in SUITED),
        "ensemble",
        "refit/boosted-levels",
        "package",
        "insights",
        "explain",
    ]


def test_the_best_candidate_has_a_report_on_all_that_were_backtested() -> None:
    world = world_of(max_candidates=250)
    world.do(TaskKind.ANALYZE)
    learn(world)
    best = world.state.best
    for kind in (TaskKind.EXPLAIN, TaskKind.INSIGHTS):
        (task,) = world.open_tasks(kind)
        assert task.payload == {
            "index": best.index,
            "title": f"Ensemble {best.index}",
            "models": list(SUITED),
            "has_ensemble": True,
            "answering": "ensemble",
        }
        world.do(kind)
    assert world.state.best.explainability
    assert world.state.best.model_insights
    assert world.state.job.exploration
    assert world.status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    ("lost", "made", "secondary", "code"),
    [
        (
            TaskKind.INSIGHTS,
            TaskKind.EXPLAIN,
            SecondaryStatus.MODEL_INSIGHTS_ERROR,
            NoteCode.INSIGHTS_MISSING,
        ),
        (
            TaskKind.EXPLAIN,
            TaskKind.INSIGHTS,
            SecondaryStatus.EXPLAINABILITY_ERROR,
            NoteCode.EXPLAINABILITY_MISSING,
        ),
    ],
)
def test_a_report_that_cannot_be_made_is_told_and_the_job_completes(
    lost: TaskKind, made: TaskKind, secondary: SecondaryStatus, code: NoteCode
) -> None:
    world = world_of(max_candidates=250)
    world.do(TaskKind.ANALYZE)
    learn(world)
    world.do(lost, TaskStatus.FAILED)
    world.do(made)
    assert world.status is JobStatus.COMPLETED
    assert world.secondary is secondary
    assert world.state.job.partial_failures[0].code is code


def test_candidates_are_models_and_their_average() -> None:
    world = world_of(max_candidates=250)
    backtested(world)
    finish(world)
    found = by_algorithm(world)
    assert list(found) == [*SUITED, "ensemble"]
    assert [one.index for one in world.candidates] == [1, 2, 3, 4, 5]
    theta, ensemble = found["theta"], found["ensemble"]
    assert (theta.score, theta.folds, theta.fit_s) == (0.2, 2, 1.5)
    metrics = {one.name: one for one in theta.metrics}
    assert set(metrics) == {MetricName.WQL, MetricName.MASE}
    assert metrics[MetricName.WQL].standard_error == 0.01
    assert metrics[MetricName.MASE].standard_error is None
    assert ensemble.members == {found[name].name: weight for name, weight in WEIGHTS.items()}
    assert theta.backtest_results == f"s3://bucket/out/churn-model/backtest-results/{theta.name}"
    (container,) = theta.containers
    assert container.image.endswith("/windvane-forecaster:1-cpu-py3")
    assert container.model_data_url.endswith(f"/{theta.name}/model.tar.gz")
    assert world.state.job.best_candidate == ensemble.name
    assert (theta.size_bytes, ensemble.size_bytes) == (1000, 2000), "the best one is packed anew"
    assert (theta.latency_s, ensemble.latency_s) == (0.01, 0.02)


def test_the_best_so_far_is_known_at_any_time() -> None:
    world = world_of(max_candidates=250)
    world.do(TaskKind.ANALYZE)
    best = []
    for _ in SUITED:
        world.do(TaskKind.TRAIN)
        best.append(world.state.best.algorithm)
    assert best == ["seasonal-naive", "theta", "boosted-levels", "boosted-levels"]


def test_a_model_that_fails_harms_no_other() -> None:
    world = world_of(max_candidates=250)
    world.do(TaskKind.ANALYZE)
    world.do(TaskKind.TRAIN)
    world.do(TaskKind.TRAIN, TaskStatus.FAILED)
    finish(world)
    assert world.status is JobStatus.COMPLETED
    assert by_algorithm(world)["theta"].status is CandidateStatus.FAILED
    assert [one.code for one in world.state.job.partial_failures] == [NoteCode.CANDIDATE_FAILED]
    assert world.secondary is SecondaryStatus.COMPLETED


def test_rows_of_which_nothing_can_be_learned_end_the_job() -> None:
    world = world_of()
    world.do(TaskKind.ANALYZE, TaskStatus.FAILED)
    assert world.status is JobStatus.FAILED
    assert world.state.job.failure == said("It broke.")


def test_a_job_that_is_stopped_keeps_its_best_candidate() -> None:
    world = world_of(max_candidates=250)
    backtested(world, but=2)
    running = world.claim(TaskKind.TRAIN)
    world.stop()
    assert world.status is JobStatus.STOPPING, "it waits for what runs"
    world.end(running, TaskStatus.CANCELLED)
    assert world.status is JobStatus.STOPPED
    assert world.state.best.algorithm == "theta"
    assert world.state.best.containers
    statuses = [one.status for one in world.candidates]
    assert statuses == [CandidateStatus.COMPLETED] * 2 + [CandidateStatus.STOPPED] * 2


def test_without_an_ensemble_the_best_model_is_packed() -> None:
    world = world_of(max_candidates=250)
    backtested(world)
    world.do(TaskKind.ENSEMBLE, TaskStatus.FAILED)
    finish(world)
    assert world.status is JobStatus.COMPLETED
    assert world.state.best.algorithm == "boosted-levels"
    assert world.state.best.size_bytes == 2000
    assert NoteCode.ENSEMBLE_FAILED in [one.code for one in world.state.job.partial_failures]


def test_a_best_candidate_that_is_not_packed_anew_answers_as_it_was_scored() -> None:
    world = world_of(max_candidates=250)
    backtested(world)
    world.do(TaskKind.ENSEMBLE)
    world.do_all(TaskKind.REFIT)
    world.do(TaskKind.PACK, TaskStatus.FAILED)
    finish(world)
    assert world.status is JobStatus.COMPLETED
    assert world.state.best.algorithm == "ensemble"
    assert world.state.best.size_bytes == 1000
    assert [one.code for one in world.state.job.partial_failures] == [NoteCode.NOT_PACKED]


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        (1, ["theta"]),
        (2, ["seasonal-naive", "theta"]),
        (3, ["seasonal-naive", "theta", "ensemble"]),
    ],
)
def test_there_are_no_more_candidates_than_asked_for(asked: int, made: list[str]) -> None:
    world = world_of(max_candidates=asked)
    world.do(TaskKind.ANALYZE)
    finish(world)
    assert list(by_algorithm(world)) == made
    assert world.status is JobStatus.COMPLETED
    assert world.secondary is SecondaryStatus.MAX_CANDIDATES_REACHED


def test_algorithms_that_were_not_asked_for_are_not_tried() -> None:
    world = world_of(max_candidates=250, algorithms=("ets",))
    world.do(TaskKind.ANALYZE)
    finish(world)
    assert list(by_algorithm(world)) == ["seasonal-naive", "ets", "ensemble"]


def test_the_best_candidate_is_deployed() -> None:
    world = world_of(max_candidates=250, deploys=True)
    world.do(TaskKind.ANALYZE)
    finish(world)
    assert world.secondary is SecondaryStatus.DEPLOYING_MODEL
    world.endpoint_is(EndpointStatus.IN_SERVICE)
    assert world.status is JobStatus.COMPLETED
    assert world.state.job.deployed


def test_models_beyond_those_that_are_kept_go_but_for_the_members_of_the_best() -> None:
    job = make_job(is_counted=False, forecast=SPEC, max_candidates=250)
    world = ForecastWorld(job, kept_models=1)
    world.do(TaskKind.ANALYZE)
    finish(world)
    world.do(TaskKind.RETAIN)
    assert world.status is JobStatus.COMPLETED
    kept = {one.algorithm for one in world.candidates if one.containers}
    assert kept == {*WEIGHTS, "ensemble"}
    assert all(one.backtest_results for one in world.candidates)


def test_a_backtest_reads_how_the_best_model_so_far_did() -> None:
    world = world_of(max_candidates=250)
    world.do(TaskKind.ANALYZE)
    reads = []
    for _ in SUITED:
        task = world.claim(TaskKind.TRAIN)
        reads.append(forecasting.action_task(world.state, task, world.now, 1000).reads[1:])
        world.end(task)
    assert reads == [
        (),
        ("backtests/seasonal-naive/outcome",),
        ("backtests/theta/outcome",),
        ("backtests/boosted-levels/outcome",),
    ]


def test_a_candidate_without_a_package_has_no_container() -> None:
    world = world_of(max_candidates=250)
    world.do(TaskKind.ANALYZE)
    world.do(TaskKind.TRAIN)
    result = world.state.tasks[1].result
    told = {name: value for name, value in result.items() if name != "n_bytes"}
    begun = world.candidates[1]
    made = forecast_records.completed(world.job, begun, world.candidates, told, world.now)
    assert made.status is CandidateStatus.COMPLETED
    assert (made.containers, made.size_bytes) == ((), None)


def search_end(world: ForecastWorld) -> float:
    at = forecasting.action_task(world.state, world.claim(TaskKind.TRAIN), world.now, 1000)
    return at.limits.kill_at - START.timestamp()


def test_models_are_over_in_time_for_the_average_to_learn_from_all_values() -> None:
    world = world_of(max_candidates=250, max_runtime_s=600)
    backtested(world, but=2)
    end_s = search_end(world)
    assert 0.4 * 600 < end_s < 0.6 * 600
    world.wait(end_s + LATE.total_seconds())
    late = next(task for task in world.open_tasks() if task.status is TaskStatus.RUNNING)
    world.end(late)  # it was not dead, and comes too late
    ended = by_algorithm(world)
    assert ended["boosted-levels"].status is CandidateStatus.STOPPED, "its worker is dead"
    assert ended["ets"].status is CandidateStatus.STOPPED, "nobody began it in time"
    assert world.state.job.search_ended is EndOfSearch.RUNTIME
    finish(world)
    assert world.status is JobStatus.COMPLETED
    assert set(world.state.best.members) == {ended["theta"].name}
    assert world.secondary is SecondaryStatus.MAX_RUNTIME_REACHED


def test_the_end_of_the_search_is_looked_for_in_time() -> None:
    world = world_of(max_candidates=250, max_runtime_s=600)
    world.do(TaskKind.ANALYZE)
    ends = search_end(world) - 0.5  # what has not ended by itself is ended half a second later
    due = forecasting.next_change(world.state, world.now)
    assert (due - START).total_seconds() == pytest.approx(ends, abs=0.01)
    assert forecasting.next_change(world.state, due) == due + LATE
    later = timetable(world.state.job, START).reported
    assert forecasting.next_change(world.state, later) == next_change(world.job, START, later)


def test_a_job_whose_time_is_over_makes_the_floor() -> None:
    """The server was down, and nothing had been backtested."""
    world = world_of(max_candidates=250, max_runtime_s=600)
    world.do(TaskKind.ANALYZE)
    world.now += timedelta(hours=1)
    world.state = replace(world.state, up_since=world.now)
    world.advance()
    (task,) = world.open_tasks(TaskKind.BASELINE)
    limits = forecasting.action_task(world.state, task, world.now, 1000).limits
    assert limits.kill_at > world.now.timestamp() + 10
    finish(world)
    assert world.status is JobStatus.COMPLETED
    assert world.state.best.algorithm == FLOOR.name
    assert NoteCode.FLOOR_ONLY in [one.code for one in world.state.job.partial_failures]


def test_a_job_of_which_not_even_the_floor_could_be_made_fails() -> None:
    world = world_of(max_candidates=250)
    world.do(TaskKind.ANALYZE)
    while world.open_tasks(TaskKind.TRAIN):
        world.do(TaskKind.TRAIN, TaskStatus.FAILED)
    world.do(TaskKind.BASELINE, TaskStatus.FAILED)
    assert world.status is JobStatus.FAILED
    assert world.state.job.failure.code is NoteCode.NO_MODEL
    assert world.state.job.failure.because == said("It broke.")


def test_data_that_are_read_for_too_long_end_the_job() -> None:
    world = world_of(max_runtime_s=600)
    world.wait(601)
    assert world.status is JobStatus.FAILED
    assert world.state.job.failure.code is NoteCode.NOT_READ_IN_TIME


@pytest.mark.parametrize("runtime_s", [10, 60, 3600])
def test_whatever_happens_the_job_ends_by_its_deadline(runtime_s: int) -> None:
    """Nobody ever does anything again once a model has been backtested."""
    world = world_of(max_candidates=250, max_runtime_s=runtime_s)
    world.do(TaskKind.ANALYZE)
    world.do(TaskKind.TRAIN)
    times = timetable(world.state.job, START)
    while not world.status.is_final:
        assert world.now <= times.finish + 2 * LATE
        world.wait(runtime_s / 50)
    assert world.status is JobStatus.COMPLETED
    assert world.state.best.algorithm == FLOOR.name


def test_all_models_have_a_name_that_fits_the_names_of_candidates() -> None:
    assert len({model.name for model in MODELS}) == len(MODELS)
