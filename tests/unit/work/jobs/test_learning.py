"""What a job does between the analysis of its data and its reports, beyond what test_flow tells."""

from dataclasses import asdict, replace

import pytest
from unit.work.world import ANALYSIS, SHARED, START, World, make_job, outcome

from windvane.automl import names
from windvane.automl.actions import (
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    TrainBaseline,
    TrainCandidate,
)
from windvane.automl.situation import Situation
from windvane.automl.steps import Status
from windvane.automl.task import task_for
from windvane.domain.candidate import CandidateStatus
from windvane.domain.job import JobStatus
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.domain.timing import timetable
from windvane.engine.candidates import Plan
from windvane.notes.sentences import sentences
from windvane.work.jobs import flow, learning, trials
from windvane.work.jobs.workflow import action_of, history_of, request_of, words_of

DONE, FAILED, CANCELLED = TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.CANCELLED


def _first_looked(**changes: int) -> World:
    """A job that gives no number of candidates, up to its first look."""
    world = World(make_job(is_counted=False, **changes))
    world.do(TaskKind.ANALYZE)
    world.do(TaskKind.FEATURES)
    return world


def test_a_job_without_a_number_of_candidates_looks_first() -> None:
    world = _first_looked()
    actions = [action_of(task) for task in world.open_tasks(TaskKind.TRAIN)]
    assert [type(action) for action in actions][:1] == [FirstLook]
    look = world.candidates[0]
    assert (look.index, look.status) == (0, CandidateStatus.IN_PROGRESS)
    world.do(TaskKind.TRAIN, score=0.4, folds_used=1)
    assert world.state.best is not None
    assert world.state.best.index == 0, "better than none"
    world.do(TaskKind.TRAIN, score=0.3)
    assert world.state.best.index == 1, "it is scored on more folds"


def test_a_job_has_no_more_candidates_than_the_server_allows() -> None:
    world = _first_looked(max_candidates=6)
    while world.open_tasks(TaskKind.TRAIN):
        world.do(TaskKind.TRAIN)
    assert [candidate.index for candidate in world.candidates] == [0, 1, 2, 3]
    world.do(TaskKind.ENSEMBLE, score=0.9)
    assert len(world.candidates) == 5


def _training_first() -> World:
    """A job whose first candidate is trained; the others wait for what it says."""
    world = World(make_job(max_candidates=5))
    world.do(TaskKind.ANALYZE)
    world.do_all(*SHARED)
    world.claim(TaskKind.TRAIN)
    world.do_all(*SHARED)
    return world


@pytest.mark.parametrize("n_folds", [3, 5])
def test_others_begin_once_the_first_has_said_on_how_many_folds_it_is_scored(n_folds: int) -> None:
    world = _training_first()
    [first] = world.open_tasks(TaskKind.TRAIN)
    assert learning.waits_for_fold_count(world.state)
    world._put(replace(first, said={"n_folds": n_folds}))
    assert not learning.waits_for_fold_count(world.state)
    world.do_all(*SHARED)
    assert len(world.open_tasks(TaskKind.TRAIN)) > 1
    fits = [action_of(task) for task in world.state.of(TaskKind.FEATURES)]
    assert {fit.n_fits for fit in fits if isinstance(fit, FitFeatures)} == {1, n_folds}


def test_silence_of_the_first_means_one_fold_where_one_is_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large = replace(ANALYSIS, n_rows=6000, class_counts=(3000, 3000))
    monkeypatch.setattr("unit.work.world.ANALYSIS", large)
    world = _training_first()
    at = learning.situation(replace(world.state, analysis=large), world.now)
    due = at.fold_count_due - world.now.timestamp()
    assert 3 < due < 200
    world.wait(due - 0.1)
    world.do_all(*SHARED)
    assert len(world.open_tasks(TaskKind.TRAIN)) == 1
    world.wait(0.2)
    world.do_all(*SHARED)
    assert len(world.open_tasks(TaskKind.TRAIN)) > 1


def test_tasks_of_earlier_versions_are_understood() -> None:
    """A job under way at an upgrade goes on: what its tasks were, and what they have left."""
    plan = asdict(Plan(1, "dpp0", "lightgbm", {"depth": 3}, seed=1))
    other = {**plan, "index": 2}
    told: list[tuple[TaskKind, str, dict[str, object], dict[str, object] | None]] = [
        (TaskKind.ANALYZE, "analyze", {}, {"problem_type": "BinaryClassification"}),
        (TaskKind.FEATURES, "features/dpp0", {"recipe": "dpp0"}, {}),
        (
            TaskKind.TRAIN,
            "candidate/1",
            {"plan": plan, "rival": None},
            {"outcome": outcome(1, 0.5)},
        ),
        (TaskKind.TRAIN, "candidate/2", {"plan": other, "rival": 1}, None),
        (TaskKind.ENSEMBLE, "ensemble", {"index": 3, "members": [1]}, None),
        (TaskKind.BASELINE, "baseline", {"index": 4}, None),
    ]
    tasks = [
        Task(
            id=number,
            job_arn="job",
            kind=kind,
            key=key,
            payload=payload,
            status=TaskStatus.READY if result is None else DONE,
            created=START,
            result=result,
        )
        for number, (kind, key, payload, result) in enumerate(told, 1)
    ]
    job = make_job()
    request = request_of(job, timetable(job, START), 2)
    at = Situation(request, ANALYSIS, history_of(tasks, (), ()), START.timestamp() + 60)
    features, _, second, ensemble, baseline = (task_for(action_of(t), at, 1, 1) for t in tasks[1:])
    fits = ("fold0", "fold1", "fold2", "fold3", "fold4")
    assert names.fits_in(features.writes, "dpp0") == (*fits, "full")
    assert names.fits_in(second.reads, "dpp0") == (*fits, "full")
    assert set(names.scored(1)) <= set(second.reads)
    assert ensemble.reads == (*names.TABLE, *names.scored(1))
    assert baseline.writes == names.candidate(4)


@pytest.mark.parametrize(("told", "known"), [(5, 5), ("5", None), (None, None)])
def test_what_the_first_has_said_holds_when_it_has_ended(told: object, known: int | None) -> None:
    """Though it was scored on fewer in the end: others are compared on as many before and after it."""
    [first] = _training_first().open_tasks(TaskKind.TRAIN)
    result = {"outcome": outcome(1, 0.5), "n_folds": told}
    ended = replace(first, status=DONE, ended=START, result=result)
    [step] = history_of([ended], (), ()).candidates
    assert step.n_folds == known


@pytest.mark.parametrize(
    "said", [{}, {"n_folds": 0}, {"n_folds": 10**9}, {"n_folds": "5"}, {"n_folds": True}, {"n": 5}]
)
def test_what_is_no_number_of_folds_is_not_kept(said: dict[str, object]) -> None:
    [first] = _training_first().open_tasks(TaskKind.TRAIN)
    assert words_of(first, said) is None
    assert words_of(first, {"n_folds": 5, **dict.fromkeys("abc")}) == {"n_folds": 5}
    assert words_of(replace(first, kind=TaskKind.PACK), {"n_folds": 5}) is None


def test_the_best_candidate_answers_with_what_it_learnt_from_all_rows() -> None:
    world = World(make_job(max_candidates=2, mode="HYPERPARAMETER_TUNING"))
    world.search([0.5, 0.9])
    before = world.candidates
    [refit] = world.open_tasks(TaskKind.REFIT)
    assert refit.payload["index"] == 2
    world.pack()
    first, second = world.candidates
    assert first == before[0]
    assert sentences(second.notes) == ("learnt from all rows",)
    assert second.score == before[1].score


@pytest.mark.parametrize("status", [FAILED, CANCELLED])
def test_a_refit_that_does_not_end_leaves_the_model_of_a_fold(status: TaskStatus) -> None:
    world = World(make_job(max_candidates=1))
    world.search([0.5])
    world.do(TaskKind.REFIT, status)
    [pack] = world.open_tasks(TaskKind.PACK)
    assert pack.payload["refits"] == []
    world.report()
    assert world.status is JobStatus.COMPLETED


def test_a_model_that_cannot_be_packed_answers_as_it_was_scored() -> None:
    world = World(make_job(max_candidates=1))
    world.search([0.5])
    [before] = world.candidates
    world.do_all(TaskKind.FEATURES, TaskKind.REFIT)
    world.do(TaskKind.PACK, FAILED)
    for kind in (TaskKind.EXPLAIN, TaskKind.INSIGHTS):
        world.do(kind)
    assert world.status is JobStatus.COMPLETED
    assert world.candidates[0].containers == before.containers
    told = "could not be packaged again, so its earlier package is used: It broke."
    assert sentences(world.state.job.partial_failures)[0].endswith(told)


def test_refits_are_not_waited_for_beyond_their_time() -> None:
    world = World(make_job(max_candidates=1))
    world.search([0.5])
    world.claim(TaskKind.REFIT)
    times = timetable(world.state.job, START)
    world.wait((times.packing - world.now).total_seconds() + 2)
    assert world.open_tasks(TaskKind.PACK) == []
    world.wait(2)
    assert [task.payload["refits"] for task in world.open_tasks(TaskKind.PACK)] == [[]]


def test_without_the_analysis_nothing_is_begun_and_what_is_late_is_given_up() -> None:
    world = World(make_job())
    world.search([0.5])
    assert flow.advance(world.state, world.now) == world.state
    times = timetable(world.state.job, START)
    later = flow.advance(world.state, times.last_start)
    assert {task.status for task in later.of(TaskKind.TRAIN)} == {DONE, CANCELLED}
    assert later.queued == ()


def test_a_job_is_idle_once_nothing_of_it_is_under_way() -> None:
    world = World(make_job(max_candidates=2))
    world.search([0.5])
    assert not learning.is_idle(world.state)
    ended = tuple(
        replace(task, status=CANCELLED) if task.status.is_open else task
        for task in world.state.tasks
    )
    assert learning.is_idle(replace(world.state, tasks=ended))
    stopping = replace(world.state.job, status=JobStatus.STOPPING)
    assert not learning.is_idle(replace(world.state, tasks=ended, job=stopping))


def _task(kind: TaskKind, key: str, **payload: object) -> Task:
    return Task(id=1, job_arn="job", kind=kind, key=key, payload=payload, created=START)


PLAN = {"index": 3, "recipe": "dpp1", "algorithm": "xgboost", "hyperparameters": {}, "seed": 7}


def test_tasks_of_versions_that_named_no_action_are_understood() -> None:
    train = _task(TaskKind.TRAIN, "train/0003", plan=PLAN, rival=1)
    assert action_of(train) == TrainCandidate(Plan(3, "dpp1", "xgboost", {}, 7), 1)
    ensemble = _task(TaskKind.ENSEMBLE, "ensemble", index=5, members=[1, 3])
    assert action_of(ensemble) == BuildEnsemble(5, (1, 3))
    baseline = action_of(_task(TaskKind.BASELINE, "baseline", index=2))
    assert isinstance(baseline, TrainBaseline)
    assert baseline.plan.index == 2
    features = replace(_task(TaskKind.FEATURES, "features/dpp1", recipe="dpp1"), status=DONE)
    assert isinstance(action_of(features), FitFeatures)
    known = history_of([features, train], (), ())
    assert known.recipe("dpp1", ANALYSIS.n_fold_fits) is not None, "it was fitted to every fold"
    assert [step.status for step in known.candidates] == [Status.WAITING]


def test_what_became_of_a_candidate_counts_not_what_its_task_brought_later() -> None:
    world = World(make_job())
    world.search([0.5])
    running = world.claim(TaskKind.TRAIN)
    times = timetable(world.state.job, START)
    world.wait((times.search - world.now).total_seconds() + 4)
    world.end(running, score=1.0)
    known = learning.history(world.state, world.now)
    step = next(one for one in known.candidates if one.action.plan.index == 2)
    assert step.status is Status.FAILED
    assert world.state.best is not None
    assert world.state.best.index == 1


def test_the_first_candidate_on_fewer_rows_takes_nothing_from_its_rank() -> None:
    world = World(make_job(max_candidates=2, mode="HYPERPARAMETER_TUNING"), kept_models=1)
    world.do(TaskKind.ANALYZE)
    world.do(TaskKind.FEATURES)
    world.end(world.claim(TaskKind.TRAIN), score=0.9)
    world.do(TaskKind.FEWER_ROWS, score=0.2, folds_used=1)
    world.do_all(TaskKind.FEATURES, TaskKind.TRANSFORM)
    world.do(TaskKind.TRAIN, score=0.5)
    assert [one.index for one in trials.comparable(world.state)] == [1, 2]
    assert [one.index for one in trials.spare(world.state)] == [2]
