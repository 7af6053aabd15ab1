"""The way of a job, state by state."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.work.world import SHARED, START, World, fake_propose, make_job

from windvane.domain.candidate import CandidateStatus
from windvane.domain.deployment import EndpointStatus
from windvane.domain.job import EndOfSearch, JobStatus, SecondaryStatus
from windvane.domain.problem import Mode
from windvane.domain.task import TaskKind, TaskStatus
from windvane.domain.timing import timetable
from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import Analysis
from windvane.engine.tuning import cost, search
from windvane.engine.tuning.strategy import Strategy
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, note_to_json, said
from windvane.notes.sentences import reason, sentences
from windvane.titles import candidate_title

DONE, FAILED, CANCELLED = TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.CANCELLED


def test_a_new_job_is_to_be_analysed_and_shows_starting() -> None:
    world = World(make_job())
    assert [task.kind for task in world.open_tasks()] == [TaskKind.ANALYZE]
    assert world.secondary is SecondaryStatus.STARTING


def test_a_job_whose_analysis_runs_shows_analyzing_data() -> None:
    world = World(make_job())
    world.claim(TaskKind.ANALYZE)
    assert world.secondary is SecondaryStatus.ANALYZING_DATA


def test_data_at_fault_end_the_job_with_the_reason() -> None:
    world = World(make_job())
    world.do(TaskKind.ANALYZE, FAILED)
    assert (world.status, world.secondary) == (JobStatus.FAILED, SecondaryStatus.FAILED)
    assert reason(world.state.job.failure) == "It broke."
    assert world.state.job.ended == world.now


def test_the_analysis_says_what_the_problem_is() -> None:
    world = World(make_job())
    world.do(TaskKind.ANALYZE)
    assert world.state.job.problem_type == "BinaryClassification"
    assert world.state.job.objective == "F1"


def test_definitions_only_ends_after_the_analysis_and_its_notebook() -> None:
    world = World(make_job(definitions_only=True))
    world.do(TaskKind.ANALYZE)
    assert world.status is JobStatus.IN_PROGRESS
    world.do(TaskKind.EXPLORE)
    assert world.state.job.exploration == "s3://bucket/exploration.ipynb"
    assert world.state.job.definitions == "s3://bucket/definitions.ipynb"
    assert world.status is JobStatus.IN_PROGRESS, "definitions speak of the split data"
    world.do(TaskKind.SPLIT)
    assert world.status is JobStatus.COMPLETED
    assert world.secondary is SecondaryStatus.CANDIDATE_DEFINITIONS_GENERATED
    assert world.candidates == ()


def test_features_come_before_candidates() -> None:
    world = World(make_job())
    world.do(TaskKind.ANALYZE)
    assert world.secondary is SecondaryStatus.FEATURE_ENGINEERING
    features = world.open_tasks(TaskKind.FEATURES)
    assert [task.payload["recipe"] for task in features] == ["dpp1", "dpp0"], (
        "candidate 1 takes the second"
    )


@pytest.mark.parametrize("status", [DONE, FAILED])
def test_the_data_are_explored_beside_the_search(status: TaskStatus) -> None:
    world = World(make_job(max_candidates=1))
    world.do(TaskKind.ANALYZE)
    exploring = world.claim(TaskKind.EXPLORE)
    world.do_all(*SHARED, TaskKind.SPLIT)
    world.do(TaskKind.TRAIN)
    world.report()
    assert world.status is JobStatus.IN_PROGRESS, "the notebook is waited for"
    world.end(exploring, status)
    job = world.state.job
    assert job.status is JobStatus.COMPLETED
    assert job.exploration == ("s3://bucket/exploration.ipynb" if status is DONE else "")
    told = "The data exploration and candidate definition notebooks are missing: It broke."
    assert sentences(job.partial_failures) == (() if status is DONE else (told,))


@pytest.mark.parametrize(
    ("kind", "told"),
    [(TaskKind.SPLIT, "The data splits are"), (TaskKind.TRANSFORM, "Transformed data are")],
)
@pytest.mark.parametrize("status", [DONE, FAILED])
def test_the_data_are_written_beside_the_search(
    kind: TaskKind, told: str, status: TaskStatus
) -> None:
    world = World(make_job(max_candidates=1))
    world.do(TaskKind.ANALYZE)
    world.do(TaskKind.EXPLORE)
    world.do_all(TaskKind.FEATURES)
    writing = world.claim(kind)
    world.do_all(TaskKind.SPLIT, TaskKind.TRANSFORM)
    world.do(TaskKind.TRAIN)
    world.report()
    assert world.status is JobStatus.IN_PROGRESS, "what clients are to see is waited for"
    world.end(writing, status)
    assert world.status is JobStatus.COMPLETED
    reasons = (f"{told} missing: It broke.",) if status is FAILED else ()
    assert sentences(world.state.job.partial_failures) == reasons


def test_what_is_written_beside_the_search_is_not_waited_for_beyond_the_jobs_time() -> None:
    world = World(make_job(max_candidates=1))
    world.do(TaskKind.ANALYZE)
    world.claim(TaskKind.SPLIT)
    world.do_all(*SHARED, TaskKind.EXPLORE)
    world.do(TaskKind.TRAIN)
    world.report()
    world.wait(600)
    assert world.status is JobStatus.COMPLETED


def test_only_features_that_are_there_are_written() -> None:
    world = World(make_job())
    world.do(TaskKind.ANALYZE)
    assert world.open_tasks(TaskKind.TRANSFORM) == []
    world.do(TaskKind.FEATURES)
    world.do(TaskKind.FEATURES, FAILED)
    [task] = world.open_tasks(TaskKind.TRANSFORM)
    assert (task.key, task.payload) == ("transform/dpp1", {"recipe": "dpp1"})


def test_models_beyond_the_best_ones_go_and_what_is_known_of_them_stays() -> None:
    world = World(make_job(max_candidates=5, mode="HYPERPARAMETER_TUNING"), kept_models=2)
    world.search([0.5, 0.9, 0.7, 0.6, 0.8])
    world.report()
    [task] = world.open_tasks()
    assert task.kind is TaskKind.RETAIN
    gone = [candidate for candidate in world.candidates if not candidate.containers]
    assert [candidate.index for candidate in gone] == [1, 3, 4]
    assert all(candidate.metrics and candidate.steps for candidate in gone)
    for candidate, uri in zip(
        sorted(gone, key=lambda c: -(c.score or 0)), task.payload["objects"], strict=True
    ):
        assert uri.endswith(f"/{candidate.name}/output/model.tar.gz")
    world.do(TaskKind.RETAIN)
    assert world.status is JobStatus.COMPLETED
    assert sentences(world.state.job.partial_failures) == ()


def test_ensembles_their_members_and_the_best_keep_their_models() -> None:
    world = World(make_job(max_candidates=5), kept_models=1)
    world.search([0.5, 0.9, 0.7, 0.6])
    world.do(TaskKind.ENSEMBLE, score=0.95)
    world.report()
    kept = {candidate.index for candidate in world.candidates if candidate.containers}
    assert kept == {1, 2, 5}, "the ensemble is of 1 and 2"


def test_a_job_that_keeps_all_models_has_nothing_to_delete() -> None:
    world = World(make_job(max_candidates=2))
    world.search([0.5, 0.9])
    world.report()
    assert world.status is JobStatus.COMPLETED
    assert not any(task.kind is TaskKind.RETAIN for task in world.state.tasks)
    assert all(candidate.containers for candidate in world.candidates)


@pytest.mark.parametrize("status", [DONE, FAILED])
def test_the_endpoint_comes_after_the_models_are_gone(status: TaskStatus) -> None:
    world = World(make_job(max_candidates=2, deploys=True), kept_models=1)
    world.search([0.9, 0.5])
    world.report()
    assert world.secondary is not SecondaryStatus.DEPLOYING_MODEL
    world.do(TaskKind.RETAIN, status)
    world.endpoint_is(EndpointStatus.IN_SERVICE)
    assert world.status is JobStatus.COMPLETED
    told = "Models of discarded candidates could not be deleted: It broke."
    assert sentences(world.state.job.partial_failures) == (() if status is DONE else (told,))


def test_a_notebook_that_is_missing_is_told_and_the_other_is_there() -> None:
    world = World(make_job(definitions_only=True))
    world.do(TaskKind.ANALYZE)
    exploring = world.claim(TaskKind.EXPLORE)
    told = "The candidate definition notebook is missing: It broke."
    missing = Note(NoteCode.DEFINITIONS_MISSING, because=said("It broke."))
    found = {
        "notebook": "s3://bucket/exploration.ipynb",
        "failures": [note_to_json(missing)],
    }
    world._put(replace(exploring, status=DONE, ended=world.now, result=found))
    world.do(TaskKind.SPLIT)
    job = world.state.job
    assert (job.exploration, job.definitions) == ("s3://bucket/exploration.ipynb", "")
    assert sentences(job.partial_failures) == (told,)
    assert job.status is JobStatus.FAILED
    assert reason(job.failure).endswith(f"are missing: {told}")


def test_definitions_for_which_there_was_no_time_fail_the_job_that_was_for_them() -> None:
    world = World(make_job(definitions_only=True))
    world.do(TaskKind.ANALYZE)
    world.claim(TaskKind.EXPLORE)
    world.wait(world.job.limits.max_runtime_s)
    assert world.status is JobStatus.FAILED
    assert "Give the job a longer one" in reason(world.state.job.failure)


def test_a_candidate_waits_for_its_recipe_and_later_ones_wait_behind_it() -> None:
    world = World(make_job())
    world.do(TaskKind.ANALYZE)
    assert world.candidates == ()
    world.do(TaskKind.FEATURES)
    assert [candidate.index for candidate in world.candidates] == [1]
    assert world.secondary is SecondaryStatus.MODEL_TUNING


def test_the_first_candidate_goes_ahead_of_the_others() -> None:
    world = World(make_job())
    world.search([])
    assert [candidate.index for candidate in world.candidates] == [1]
    world.do(TaskKind.TRAIN)
    assert [candidate.index for candidate in world.candidates] == [1, 2, 3, 4]


def test_the_others_begin_though_the_first_candidate_fails() -> None:
    world = World(make_job())
    world.search([])
    world.do(TaskKind.TRAIN, FAILED)
    assert [candidate.index for candidate in world.candidates] == [1, 2, 3, 4]


def test_ensembling_mode_shows_training_models() -> None:
    world = World(make_job(mode="ENSEMBLING"))
    world.search([])
    assert world.secondary is SecondaryStatus.TRAINING_MODELS


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_one_candidate_more_than_workers_is_under_way(workers: int) -> None:
    world = World(make_job(max_candidates=100), workers)
    world.search([0.7])
    assert len(world.open_tasks(TaskKind.TRAIN)) == workers + 1
    world.do(TaskKind.TRAIN)
    assert len(world.open_tasks(TaskKind.TRAIN)) == workers + 1


def test_no_candidate_is_proposed_too_far_ahead_of_the_slowest() -> None:
    world = World(make_job(max_candidates=100), workers=30)
    world.search([0.7])
    assert [c.index for c in world.candidates] == list(range(1, 10))
    slowest = world.claim(TaskKind.TRAIN)
    for _ in range(7):
        world.do(TaskKind.TRAIN)
    assert len(world.candidates) == 9
    world.end(slowest)
    assert len(world.candidates) == 17


def test_a_finished_candidate_carries_score_metrics_steps_and_containers() -> None:
    world = World(make_job())
    world.search([0.7])
    first = world.candidates[0]
    assert (first.status, first.score) == (CandidateStatus.COMPLETED, 0.7)
    assert {(m.name, m.split) for m in first.metrics} == {("F1", "Validation"), ("F1", "Train")}
    assert [str(step.kind) for step in first.steps] == [
        "processing-job",
        "training-job",
        "transform-job",
        "training-job",
    ]
    assert len(first.containers) == 3
    assert world.state.job.best_candidate == first.name


def test_the_best_candidate_is_known_while_others_run() -> None:
    world = World(make_job())
    world.search([0.5, 0.9])
    assert world.state.best is not None
    assert world.state.best.index == 2
    assert world.status is JobStatus.IN_PROGRESS


def test_one_candidates_failure_is_its_own() -> None:
    world = World(make_job())
    world.search([])
    world.do(TaskKind.TRAIN, FAILED)
    first = world.candidates[0]
    assert (first.status, reason(first.failure)) == (CandidateStatus.FAILED, "It broke.")
    assert world.status is JobStatus.IN_PROGRESS
    told = f"LightGBM 1 ({first.name}): It broke."
    assert sentences(world.state.job.partial_failures) == (told,)


def test_five_partial_failures_are_kept() -> None:
    world = World(make_job(max_candidates=20))
    world.search([])
    for _ in range(8):
        world.do(TaskKind.TRAIN, FAILED)
    assert len(world.state.job.partial_failures) == 5


def test_candidates_of_a_recipe_that_cannot_be_made_fail_alone() -> None:
    world = World(make_job(max_candidates=6))
    world.do(TaskKind.ANALYZE)
    world.do(TaskKind.FEATURES, FAILED)
    world.do_all(*SHARED)
    by_status = {c.index: c.status for c in world.candidates}
    assert by_status[1] is CandidateStatus.FAILED
    assert by_status[2] is CandidateStatus.IN_PROGRESS


def test_candidates_leave_one_place_for_the_ensemble() -> None:
    world = World(make_job(max_candidates=3))
    world.search([0.5, 0.6])
    assert len(world.candidates) == 2
    assert [task.kind for task in world.open_tasks()] == [TaskKind.ENSEMBLE]
    world.do(TaskKind.ENSEMBLE, score=0.8)
    world.report()
    assert world.status is JobStatus.COMPLETED
    assert world.secondary is SecondaryStatus.MAX_CANDIDATES_REACHED
    assert world.state.best is not None
    assert world.state.best.algorithm == "ensemble"
    assert len(world.candidates) == 3


@pytest.mark.parametrize(
    ("max_candidates", "mode"), [(1, None), (2, None), (3, "HYPERPARAMETER_TUNING")]
)
def test_some_jobs_have_single_pipelines_only(max_candidates: int, mode: str | None) -> None:
    world = World(make_job(max_candidates=max_candidates, mode=mode))
    world.search([0.5] * max_candidates)
    world.report()
    assert world.status is JobStatus.COMPLETED
    assert len(world.candidates) == max_candidates
    assert not any(task.kind is TaskKind.ENSEMBLE for task in world.state.tasks)


def test_an_ensemble_of_one_is_not_tried() -> None:
    world = World(make_job(max_candidates=3))
    world.search([0.5])
    world.do(TaskKind.TRAIN, FAILED)
    world.report()
    assert world.status is JobStatus.COMPLETED


def test_a_failed_ensemble_leaves_the_best_single_one() -> None:
    world = World(make_job(max_candidates=3))
    world.search([0.5, 0.6])
    world.do(TaskKind.ENSEMBLE, FAILED)
    world.report()
    assert world.status is JobStatus.COMPLETED
    assert world.state.best is not None
    assert world.state.best.index == 2
    assert sentences(world.state.job.partial_failures) == ("The ensemble: It broke.",)


def test_equal_scores_are_decided_by_latency_then_order() -> None:
    world = World(make_job())
    world.search([0.5, 0.5])
    assert world.state.best is not None
    assert world.state.best.index == 1


def test_a_candidate_scored_on_fewer_folds_is_never_the_best() -> None:
    world = World(make_job(max_candidates=3))
    world.search([])
    world.do(TaskKind.TRAIN, score=0.9, folds_used=1)
    assert world.state.best is not None
    assert world.state.best.index == 1, "better than none"
    world.do(TaskKind.TRAIN, score=0.6, folds_used=3)
    assert world.state.best.index == 2
    ensemble = world.claim(TaskKind.ENSEMBLE)
    world._put(replace(ensemble, status=DONE, ended=world.now, result={"outcome": None}))
    world.report()
    assert world.status is JobStatus.COMPLETED, "two that cannot be compared make no ensemble"


def test_a_candidate_that_ran_out_of_time_says_why() -> None:
    world = World(make_job())
    world.search([0.5])
    running = world.claim(TaskKind.TRAIN)
    world.end(running, CANCELLED, failure=said("1 of 5 folds were trained."))
    stopped = world.candidates[1]
    assert stopped.status is CandidateStatus.STOPPED
    assert reason(stopped.failure) == "1 of 5 folds were trained."
    assert sentences(world.state.job.partial_failures) == ()


def test_what_would_not_end_in_time_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def expected(_analysis: object, plan: Plan, _tried: object) -> float:
        return 1.0 if plan.algorithm == "xgboost" else 1e6

    monkeypatch.setattr(cost, "predicted_s", expected)
    world = World(make_job(max_candidates=20), workers=1)
    world.search([])
    for _ in range(3):
        world.do(TaskKind.TRAIN)
    begun_since = [c for c in world.candidates if c.index > 1]
    assert {c.algorithm for c in begun_since} == {"xgboost"}
    assert [c.index for c in begun_since] == [3, 6, 9, 12][: len(begun_since)]


def test_the_search_ends_when_nothing_fits_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "predicted_s", lambda _analysis, _plan, _tried: 1e6)
    world = World(make_job(max_candidates=20), workers=1)
    world.search([0.5])
    assert world.state.job.search_ended is EndOfSearch.RUNTIME
    world.pack()
    assert [task.kind for task in world.open_tasks()] == [TaskKind.INSIGHTS, TaskKind.EXPLAIN]


def test_a_search_in_which_everything_fails_ends() -> None:
    world = World(make_job(max_candidates=250))
    world.search([])
    for _ in range(20):
        if world.open_tasks(TaskKind.TRAIN):
            world.do(TaskKind.TRAIN, FAILED)
    assert world.state.job.search_ended is EndOfSearch.EXHAUSTED
    assert [task.kind for task in world.open_tasks()] == [TaskKind.BASELINE]


def test_the_search_ends_in_time_and_what_waits_is_stopped() -> None:
    world = World(make_job())
    world.search([0.5])
    running = world.claim(TaskKind.TRAIN)
    times = timetable(world.state.job, START)
    world.wait((times.last_start - world.now).total_seconds())
    world.wait((times.search - world.now).total_seconds())
    assert world.state.job.search_ended is None, "one still runs"
    assert world.open_tasks() == [running]
    world.end(running, score=0.9)
    assert world.state.job.search_ended is EndOfSearch.RUNTIME
    world.do(TaskKind.ENSEMBLE)
    world.report()
    assert world.status is JobStatus.COMPLETED
    assert world.secondary is SecondaryStatus.MAX_RUNTIME_REACHED
    assert [c.status for c in world.candidates[:3]] == [
        CandidateStatus.COMPLETED,
        CandidateStatus.COMPLETED,
        CandidateStatus.STOPPED,
    ]


def test_the_end_of_a_silent_worker_is_not_waited_for() -> None:
    world = World(make_job())
    world.search([0.5])
    running = world.claim(TaskKind.TRAIN)
    times = timetable(world.state.job, START)
    world.wait((times.search - world.now).total_seconds() + 4)
    world.report()
    assert world.status is JobStatus.COMPLETED
    late = world.candidates
    world.end(running, score=1.0)
    assert world.candidates == late, "a late result changes nothing"


def test_a_job_without_a_finished_candidate_gets_a_baseline() -> None:
    world = World(make_job(max_candidates=2))
    world.search([])
    world.do(TaskKind.TRAIN, FAILED)
    world.do(TaskKind.TRAIN, FAILED)
    assert [task.kind for task in world.open_tasks()] == [TaskKind.BASELINE]
    world.do(TaskKind.BASELINE)
    world.report()
    assert world.status is JobStatus.COMPLETED
    assert world.state.best is not None
    assert world.state.best.algorithm == "baseline"
    assert "baseline" in sentences(world.state.job.partial_failures)[-1]


def test_the_baseline_stands_in_when_features_took_all_the_time() -> None:
    world = World(make_job())
    world.do(TaskKind.ANALYZE)
    world.claim(TaskKind.FEATURES)
    world.wait(590)
    assert TaskKind.BASELINE in {task.kind for task in world.open_tasks()}


def test_a_job_whose_baseline_fails_says_why() -> None:
    world = World(make_job(max_candidates=1))
    world.search([])
    world.do(TaskKind.TRAIN, FAILED)
    world.do(TaskKind.BASELINE, FAILED)
    assert world.status is JobStatus.FAILED
    assert (
        reason(world.state.job.failure)
        == "No candidate finished, and neither did the baseline: It broke."
    )


def test_the_best_candidate_is_reported_on_before_it_is_deployed() -> None:
    world = World(make_job(max_candidates=2, deploys=True))
    world.search([0.5, 0.6])
    world.pack()
    assert world.secondary is SecondaryStatus.GENERATING_EXPLAINABILITY_REPORT
    reports = [(task.kind, task.payload) for task in world.open_tasks()]
    best = world.state.best
    assert best is not None
    told = {"index": 2, "title": candidate_title(best.algorithm, 2)}
    assert reports == [(TaskKind.INSIGHTS, told), (TaskKind.EXPLAIN, told)]
    world.do(TaskKind.EXPLAIN)
    assert world.secondary is SecondaryStatus.GENERATING_MODEL_INSIGHTS_REPORT
    world.do(TaskKind.INSIGHTS)
    assert world.secondary is SecondaryStatus.DEPLOYING_MODEL
    assert world.state.best is not None
    assert world.state.best.explainability == "s3://bucket/explain"
    assert world.state.best.model_insights == "s3://bucket/insights"


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        (TaskKind.EXPLAIN, SecondaryStatus.EXPLAINABILITY_ERROR),
        (TaskKind.INSIGHTS, SecondaryStatus.MODEL_INSIGHTS_ERROR),
    ],
)
def test_a_failed_report_is_told_and_harms_nothing_else(
    failing: TaskKind, error: SecondaryStatus
) -> None:
    world = World(make_job(max_candidates=1, deploys=True))
    world.search([0.5])
    world.pack()
    for kind in (TaskKind.EXPLAIN, TaskKind.INSIGHTS):
        world.do(kind, FAILED if kind is failing else DONE)
    world.endpoint_is(EndpointStatus.IN_SERVICE)
    assert (world.status, world.secondary) == (JobStatus.COMPLETED, error)
    assert world.state.job.deployed
    assert "report is missing: It broke." in sentences(world.state.job.partial_failures)[0]


def test_reports_that_take_too_long_are_not_waited_for() -> None:
    world = World(make_job(max_candidates=1, deploys=True))
    world.search([0.5])
    world.pack()
    world.claim(TaskKind.EXPLAIN)
    times = timetable(world.state.job, START)
    world.wait((times.reported - world.now).total_seconds() + 1)
    assert world.secondary is SecondaryStatus.GENERATING_EXPLAINABILITY_REPORT
    world.wait((times.reported - world.now).total_seconds() + 4)
    world.endpoint_is(EndpointStatus.IN_SERVICE)
    assert world.secondary is SecondaryStatus.EXPLAINABILITY_ERROR
    assert len(world.state.job.partial_failures) == 2


def test_a_job_is_completed_once_its_endpoint_is_in_service() -> None:
    world = World(make_job(max_candidates=1, deploys=True))
    world.search([0.5])
    world.report()
    assert (world.status, world.secondary) == (
        JobStatus.IN_PROGRESS,
        SecondaryStatus.DEPLOYING_MODEL,
    )
    world.endpoint_is(EndpointStatus.CREATING)
    assert world.status is JobStatus.IN_PROGRESS
    world.endpoint_is(EndpointStatus.IN_SERVICE)
    assert world.status is JobStatus.COMPLETED
    assert world.secondary is SecondaryStatus.MAX_CANDIDATES_REACHED
    assert world.state.job.deployed


@pytest.mark.parametrize("status", [EndpointStatus.FAILED, None])
def test_a_failed_deployment_leaves_the_job_completed(status: EndpointStatus | None) -> None:
    world = World(make_job(max_candidates=1, deploys=True))
    world.search([0.5])
    world.report()
    world.endpoint_is(status)
    assert world.status is JobStatus.COMPLETED
    assert world.secondary is SecondaryStatus.MODEL_DEPLOYMENT_ERROR
    assert not world.state.job.deployed
    assert "could not be deployed" in sentences(world.state.job.partial_failures)[0]
    assert world.state.best is not None


def test_an_endpoint_that_does_not_come_is_not_waited_for_beyond_the_deadline() -> None:
    world = World(make_job(max_candidates=1, deploys=True))
    world.search([0.5])
    world.report()
    world.wait(599)
    assert world.status is JobStatus.IN_PROGRESS
    world.wait(1)
    assert world.secondary is SecondaryStatus.MODEL_DEPLOYMENT_ERROR


def test_stop_before_anything_began_stops_at_once() -> None:
    world = World(make_job())
    world.stop()
    assert (world.status, world.secondary) == (JobStatus.STOPPED, SecondaryStatus.STOPPED)
    assert world.open_tasks() == []


def test_stop_waits_for_what_runs_and_keeps_the_best() -> None:
    world = World(make_job())
    world.search([0.5])
    running = world.claim(TaskKind.TRAIN)
    world.stop()
    assert world.status is JobStatus.STOPPING
    assert world.open_tasks() == [running]
    world.end(running, CANCELLED)
    assert world.status is JobStatus.STOPPED
    assert world.state.best is not None
    assert world.state.best.index == 1
    assert {c.status for c in world.candidates[1:]} == {CandidateStatus.STOPPED}


def test_after_downtime_beyond_the_deadline_nothing_is_trained_and_the_best_is_deployed() -> None:
    world = World(make_job(deploys=True))
    world.search([0.5])
    world.state = replace(world.state, up_since=START + timedelta(hours=5))
    world.wait(5 * 3600)
    assert {task.kind for task in world.open_tasks()} == {TaskKind.PACK}
    world.report()
    assert world.open_tasks() == []
    assert world.secondary is SecondaryStatus.DEPLOYING_MODEL
    world.wait(2)
    assert world.status is JobStatus.IN_PROGRESS
    world.endpoint_is(EndpointStatus.IN_SERVICE)
    assert world.secondary is SecondaryStatus.MAX_RUNTIME_REACHED


def test_a_job_that_slept_through_its_time_before_its_data_were_read_fails_in_words() -> None:
    world = World(make_job())
    world.wait(5 * 3600)
    assert world.status is JobStatus.FAILED
    assert "was reached before its data were read" in reason(world.state.job.failure)


def test_a_job_that_has_ended_does_nothing_more() -> None:
    world = World(make_job(max_candidates=1))
    world.search([0.5])
    world.report()
    ended = world.state
    world.wait(10_000)
    assert world.state == ended


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["claim", "done", "failed", "cancelled", "none", "endpoint", "wait", "stop"]
        ),
        st.integers(0, 10_000),
    ),
    max_size=120,
)
MODES = st.sampled_from([None, "ENSEMBLING", "HYPERPARAMETER_TUNING"])


@settings(max_examples=150, deadline=None)
@given(EVENTS, st.integers(1, 8), st.integers(1, 4), MODES, st.booleans(), st.integers(0, 2))
def test_whatever_happens_a_job_ends_well(
    events: list[tuple[str, int]], n: int, workers: int, mode: str | None, deploys: bool, kept: int
) -> None:
    job = make_job(max_candidates=n, max_runtime_s=60, mode=mode, deploys=deploys)
    world = World(job, workers, kept_models=kept)
    for event, number in events:
        _happen(world, event, number)
        _check_always(world, n)
    for _ in range(200):
        if world.status.is_final:
            break
        _run_out(world)
        _check_always(world, n)
    _check_end(world, events)


def _happen(world: World, event: str, number: int) -> None:
    ready = [t for t in world.open_tasks() if t.status is TaskStatus.READY]
    running = [t for t in world.open_tasks() if t.status is TaskStatus.RUNNING]
    if event == "claim" and ready:
        world.claim(ready[number % len(ready)].kind)
    elif event in ("done", "failed", "cancelled") and running:
        score = number / 10_000
        world.end(running[number % len(running)], TaskStatus(event), score)
    elif event == "endpoint" and world.state.endpoint is not None and not world.status.is_final:
        world.endpoint_is([EndpointStatus.IN_SERVICE, EndpointStatus.FAILED, None][number % 3])
    elif event == "wait":
        world.wait(number / 1000)
    elif event == "stop" and number % 20 == 0 and world.status is JobStatus.IN_PROGRESS:
        world.stop()


def _run_out(world: World) -> None:
    """Workers kill what runs beyond its time; time goes on."""
    for task in world.open_tasks():
        if task.status is TaskStatus.RUNNING:
            world.end(task, CANCELLED)
    world.wait(7)


def _check_always(world: World, max_candidates: int) -> None:
    finished = world.state.having(CandidateStatus.COMPLETED)
    assert len(finished) <= max_candidates
    assert len({c.index for c in world.candidates}) == len(world.candidates)
    assert sum(c.algorithm == "ensemble" for c in world.candidates) <= 1
    assert len(world.state.job.partial_failures) <= 5
    keys = [task.key for task in world.state.tasks]
    assert len(set(keys)) == len(keys)


def _check_end(world: World, events: list[tuple[str, int]]) -> None:
    job = world.state.job
    assert job.status.is_final
    assert job.ended is not None
    assert world.state.having(CandidateStatus.IN_PROGRESS) == ()
    assert all(task.status is TaskStatus.RUNNING for task in world.open_tasks())
    if job.status is JobStatus.COMPLETED:
        assert world.state.best is not None
        assert world.state.best.status is CandidateStatus.COMPLETED
        assert world.state.best.containers
        assert not job.endpoint_name or job.deployed == (
            job.secondary is not SecondaryStatus.MODEL_DEPLOYMENT_ERROR
        )
    if job.status is JobStatus.FAILED:
        assert reason(job.failure)


# modes


def _analysed(mode: str | None, n_bytes: int, **changes: int) -> World:
    world = World(make_job(mode=mode, **changes))
    task = world.claim(TaskKind.ANALYZE)
    found = {"problem_type": "BinaryClassification", "objective": "F1", "n_bytes": n_bytes}
    world._put(replace(task, status=DONE, ended=world.now, result=found))
    return world


SMALL, LARGE = 99_999_999, 100_000_000


@pytest.mark.parametrize(
    ("mode", "n_bytes", "becomes"),
    [
        ("AUTO", SMALL, Mode.ENSEMBLING),
        ("AUTO", LARGE, Mode.TUNING),
        (None, SMALL, Mode.AUTO),
        ("ENSEMBLING", LARGE, Mode.ENSEMBLING),
        ("HYPERPARAMETER_TUNING", SMALL, Mode.TUNING),
    ],
)
def test_the_size_of_the_data_says_what_auto_means(
    mode: str | None, n_bytes: int, becomes: Mode
) -> None:
    assert _analysed(mode, n_bytes).state.job.mode is becomes


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ("ENSEMBLING", ["TrainingModels", "TrainingModels"]),
        ("HYPERPARAMETER_TUNING", ["FeatureEngineering", "ModelTuning"]),
        (None, ["FeatureEngineering", "ModelTuning"]),
    ],
)
def test_a_search_shows_the_statuses_of_its_mode(mode: str | None, shown: list[str]) -> None:
    world = _analysed(mode, SMALL)
    seen = [world.secondary]
    for _ in range(2):
        world.do(TaskKind.FEATURES)
    seen.append(world.secondary)
    assert seen == shown


def test_candidates_of_ensembling_have_one_container_and_numbers_of_trials() -> None:
    world = World(make_job(max_candidates=3, mode="ENSEMBLING"))
    world.search([0.5, 0.9])
    world.do(TaskKind.ENSEMBLE, score=0.95)
    assert [len(candidate.containers) for candidate in world.candidates] == [1, 1, 1]
    for number, candidate in enumerate(world.candidates, start=1):
        assert candidate.name.startswith(f"churn-model-t{number}-1-")
        [container] = candidate.containers
        assert container.model_data_url.endswith(f"/model/{candidate.name}/model.tar.gz")


def test_candidates_of_a_tuning_job_are_compared_with_the_best_known() -> None:
    world = World(make_job(max_candidates=4, mode="HYPERPARAMETER_TUNING"))
    world.search([0.5])
    assert [task.payload.get("rival") for task in world.state.of(TaskKind.TRAIN)] == [None, 1, 1, 1]
    others = World(make_job(max_candidates=4))
    others.search([0.5])
    assert not any(task.payload["rival"] for task in others.state.of(TaskKind.TRAIN))


def test_a_candidate_that_was_given_up_is_stopped_and_counts_as_tried() -> None:
    world = World(make_job(max_candidates=3, mode="HYPERPARAMETER_TUNING"))
    world.search([0.5])
    told = "It was stopped early: its F1 was 0.1."
    poor = world.claim(TaskKind.TRAIN)
    world._put(replace(poor, status=DONE, ended=world.now, result={"outclassed": told}))
    world.do(TaskKind.TRAIN, score=0.7)
    world.report()
    assert (world.status, world.secondary) == (
        JobStatus.COMPLETED,
        SecondaryStatus.MAX_CANDIDATES_REACHED,
    )
    _, given_up, third = world.candidates
    assert (given_up.status, reason(given_up.failure)) == (CandidateStatus.STOPPED, told)
    assert given_up.score is None
    assert world.state.job.best_candidate == third.name
    assert sentences(world.state.job.partial_failures) == ()
    assert not any(task.kind is TaskKind.ENSEMBLE for task in world.state.tasks)


def test_a_search_goes_by_what_the_job_is_limited_to(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def propose(analysis: Analysis, index: int, tried: object, strategy: Strategy) -> Plan:
        seen.append(strategy)
        return fake_propose(analysis, index, tried)

    monkeypatch.setattr(search, "propose", propose)
    job = make_job(max_candidates=2, mode="ENSEMBLING")
    limited = replace(job.spec.search, algorithms=("catboost", "xgboost"))
    World(replace(job, spec=replace(job.spec, search=limited))).search([0.5])
    assert set(seen) == {Strategy(Mode.ENSEMBLING, ("catboost", "xgboost"))}
