"""Step jobs that clients create, in workers with real forks and a real store."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from migrated import migrated_store
from unit.work.room import room_mb
from unit.work.workers.forking import StageExecutor, attend, pid_of
from unit.work.world import SCOPE

from windvane.domain.candidate import (
    Candidate,
    CandidateStatus,
    Metric,
    ProcessingJob,
    StepStatus,
    TrainingJob,
    TransformJob,
)
from windvane.domain.problem import MetricName
from windvane.domain.task import NewTask, Task, TaskKind, TaskStatus
from windvane.errors import CandidateFault, OutOfTime
from windvane.notes.sentences import reason
from windvane.store.base import Store
from windvane.work.tasks.stage_context import Result
from windvane.work.tasks.step_context import StepContext
from windvane.work.workers import stepjobs
from windvane.work.workers.attendance import LEASE
from windvane.work.workers.config import WorkConfig
from windvane.work.workers.exchanges import Exchanges
from windvane.work.workers.reconciler import Reconciler, left_over, sweep
from windvane.work.workers.roles import Role
from windvane.work.workers.worker import MAX_ATTEMPTS, Worker
from windvane.work.workspace import workspace_of

SCORES = {"scores": [{"metric": "F1", "value": 0.75, "standard_error": 0.01}]}


def plain(step: StepContext) -> Result:
    return SCORES if isinstance(step.job, TrainingJob) else {}


def doing(what: Callable[[], object]) -> Callable[[StepContext], Result]:
    def work(step: StepContext) -> Result:
        what()
        return plain(step)

    return work


def fail(error: BaseException) -> Callable[..., object]:
    def what(*_: object) -> object:
        raise error

    return what


@dataclass
class Shop:
    """A store with one step job, and a clock that can be put forward."""

    store: Store
    folder: Path
    ahead: timedelta = timedelta()
    job: ProcessingJob = field(init=False)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def open(
        self, kind: type[ProcessingJob] = TrainingJob, max_runtime_s: int = 60, name: str = "step"
    ) -> ProcessingJob:
        now = self.now()
        details = {"StoppingCondition": {"MaxRuntimeInSeconds": max_runtime_s}}
        self.job = kind(scope=SCOPE, name=name, created=now, modified=now, details=details)
        with self.store.transaction() as tx:
            assert tx.insert(self.job)
            tx.add_tasks(self.job.arn, [NewTask(TaskKind.STEP, "step")], now)
        return self.job

    def config(self) -> WorkConfig:
        return WorkConfig(self.folder, "run", datetime.now(UTC), 2, room_mb())

    def worker(
        self,
        work: Callable[[StepContext], Result] = plain,
        name: str = "run/a",
        role: Role = Role.TRAIN,
    ) -> Worker:
        executor = StageExecutor(self.folder, run_errand=work)
        return Worker(self.config(), role, name, self.store, executor, clock=self.now)

    def reconciler(self) -> Reconciler:
        return Reconciler(Exchanges(self.folder), datetime.now(UTC), 2, lambda *_: None)

    def sweep(self) -> None:
        sweep(self.store, self.reconciler(), self.now(), MAX_ATTEMPTS)

    def look(self) -> ProcessingJob:
        with self.store.snapshot() as tx:
            found = tx.by_arn(type(self.job), self.job.arn)
        assert found is not None
        return found

    def task(self) -> Task:
        with self.store.snapshot() as tx:
            [task] = tx.tasks(self.job.arn)
        return task

    def stop(self) -> None:
        with self.store.transaction() as tx:
            tx.update(replace(self.look(), status=StepStatus.STOPPING))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    store = migrated_store(tmp_path)
    yield Shop(store, tmp_path)
    store.close()


def test_a_training_job_ends_with_its_scores(shop: Shop) -> None:
    shop.open()
    assert shop.worker().work_once()
    job = shop.look()
    assert job.status is StepStatus.COMPLETED
    assert isinstance(job, TrainingJob)
    assert job.metrics == (Metric(MetricName.F1, 0.75, "Validation", 0.01),)
    assert job.started is not None
    assert job.ended is not None
    assert job.created <= job.started <= job.ended
    assert not shop.worker().work_once()


def test_a_processing_job_ends_as_well(shop: Shop) -> None:
    shop.open(ProcessingJob)
    assert shop.worker().work_once()
    assert shop.look().status is StepStatus.COMPLETED


def test_a_transform_job_has_no_stopping_condition_and_30_days(shop: Shop) -> None:
    job = shop.open(TransformJob)
    with shop.store.transaction() as tx:
        tx.update(replace(job, details={}))
    handler = shop.worker()._claim()
    assert handler is not None
    assert handler.stop_at - handler.task.started == timedelta(days=30)
    with shop.store.transaction() as tx:
        tx.release_task(handler.task)
    assert shop.worker().work_once()
    assert shop.look().status is StepStatus.COMPLETED


def test_jobs_take_turns_and_the_express_worker_is_kept_free(shop: Shop) -> None:
    shop.open(name="first")
    shop.open(name="second")
    assert not shop.worker(role=Role.EXPRESS).work_once()
    claimed = [shop.worker()._claim() for _ in range(2)]
    assert [one.owner for one in claimed if one] == ["first", "second"]


def test_what_is_wrong_is_its_failure_reason(shop: Shop) -> None:
    shop.open()
    shop.worker(doing(fail(CandidateFault("It must be 3.")))).work_once()
    job = shop.look()
    assert (job.status, reason(job.failure)) == (StepStatus.FAILED, "It must be 3.")


def test_what_may_pass_is_tried_again_and_no_more_than_often_enough(shop: Shop) -> None:
    shop.open()
    worker = shop.worker(doing(fail(OSError("The disk is tired."))))
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert shop.look().status is StepStatus.IN_PROGRESS, attempt
        assert worker.work_once()
        shop.sweep()
    assert shop.look().status is StepStatus.FAILED
    assert "The disk is tired." in reason(shop.look().failure)


@pytest.mark.parametrize("kind", [TrainingJob, ProcessingJob])
def test_a_job_is_killed_when_its_time_is_over(shop: Shop, kind: type[ProcessingJob]) -> None:
    shop.open(kind, max_runtime_s=1)
    began = time.monotonic()
    shop.worker(doing(lambda: time.sleep(600))).work_once()
    assert 0.5 < time.monotonic() - began < 240
    job = shop.look()
    assert (job.status, job.out_of_time) == (StepStatus.STOPPED, True)
    assert reason(job.failure) == "It did not finish within MaxRuntimeInSeconds (1 s)."


def test_a_job_that_sees_that_its_time_is_over_ends_the_same(shop: Shop) -> None:
    shop.open()
    shop.worker(doing(fail(OutOfTime("Too late.")))).work_once()
    assert (shop.look().status, shop.look().out_of_time) == (StepStatus.STOPPED, True)


def test_stop_kills_a_job_that_never_ends(shop: Shop) -> None:
    shop.open()
    worker = shop.worker(doing(lambda: time.sleep(600)))
    handler = worker._claim()
    assert handler is not None
    worker._begin(handler)
    pid = pid_of(worker)
    shop.stop()
    shop.sweep()
    assert shop.look().status is StepStatus.STOPPING, "its worker has it still"
    attend(worker)
    assert not Path(f"/proc/{pid}").exists()
    job = shop.look()
    assert (job.status, job.out_of_time, reason(job.failure)) == (StepStatus.STOPPED, False, "")


def test_a_job_that_waits_is_stopped_without_a_worker(shop: Shop) -> None:
    shop.open()
    shop.stop()
    shop.sweep()
    assert shop.look().status is StepStatus.STOPPED
    assert shop.task().status is TaskStatus.CANCELLED
    assert not shop.worker().work_once()


def test_a_silent_workers_job_goes_to_another_and_its_late_result_is_refused(shop: Shop) -> None:
    shop.open()
    zombie = shop.worker(name="run/zombie")
    handler = zombie._claim()
    assert handler is not None
    attendance = zombie._begin(handler)
    [ended] = zombie._executor.poll(10)
    shop.ahead = LEASE + timedelta(seconds=1)
    shop.sweep()
    shop.worker(doing(fail(CandidateFault("No."))), name="run/b").work_once()
    before = shop.look()
    assert before.status is StepStatus.FAILED
    attendance.take(ended)
    assert shop.look() == before


def test_a_job_whose_workers_all_die_fails(shop: Shop) -> None:
    shop.open()
    for _ in range(MAX_ATTEMPTS):
        assert shop.worker()._claim() is not None
        shop.ahead += LEASE + timedelta(seconds=1)
        shop.sweep()
    assert shop.look().status is StepStatus.FAILED
    assert "each time the worker died" in reason(shop.look().failure)


def test_the_folder_of_a_job_is_there_until_it_ends(shop: Shop) -> None:
    job = shop.open()
    folder = workspace_of(shop.folder, job).folder
    folder.mkdir(parents=True)
    for one in left_over(shop.store, shop.reconciler()):
        one.remove()
    assert folder.exists()
    shop.worker().work_once()
    for one in left_over(shop.store, shop.reconciler()):
        one.remove()
    assert not folder.exists()


def test_steps_of_automl_jobs_are_left_alone(shop: Shop) -> None:
    job = shop.open()
    with shop.store.transaction() as tx:
        tx.update(replace(job, parent="arn:aws:sagemaker:us-east-1:000000000000:automl-job/a"))
        stepjobs.advance(tx, job.arn, shop.now())
        assert list(stepjobs.unfinished(tx)) == []


# reports on a candidate


def reported(shop: Shop) -> Candidate:
    with shop.store.snapshot() as tx:
        found = tx.find(Candidate, SCOPE, "c-1")
    assert found is not None
    return found


@pytest.fixture
def reporting(shop: Shop) -> Shop:
    """A processing job that makes reports on the candidate c-1."""
    now = shop.now()
    candidate = Candidate(
        scope=SCOPE,
        name="c-1",
        created=now,
        modified=now,
        parent="arn:aws:sagemaker:us-east-1:000000000000:automl-job/a",
        index=1,
        algorithm="xgboost",
        recipe="dpp0",
        hyperparameters={},
        status=CandidateStatus.COMPLETED,
    )
    outputs = [
        {"OutputName": name, "S3Output": {"S3Uri": f"s3://b/{name}"}}
        for name in ("explanation", "insights")
    ]
    job = shop.open(ProcessingJob)
    details = {**job.details, "ProcessingOutputConfig": {"Outputs": outputs}}
    with shop.store.transaction() as tx:
        assert tx.insert(candidate)
        tx.update(replace(job, details=details, reports_on=candidate.arn))
    return shop


def test_a_candidate_has_its_reports_from_the_end_of_their_job_on(reporting: Shop) -> None:
    reporting.worker().work_once()
    assert reporting.look().status is StepStatus.COMPLETED
    told = reported(reporting)
    assert (told.explainability, told.model_insights) == ("s3://b/explanation", "s3://b/insights")
    with reporting.store.transaction() as tx:
        stepjobs.advance(tx, reporting.job.arn, reporting.now())
    assert reported(reporting) == told


def test_job_and_candidate_are_told_together_or_not_at_all(
    reporting: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash in the middle the task is done again."""
    with monkeypatch.context() as broken:
        broken.setattr(stepjobs, "reported", fail(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            reporting.worker().work_once()
    assert reporting.task().status is TaskStatus.RUNNING
    assert reporting.look().status is StepStatus.IN_PROGRESS
    assert reported(reporting).explainability == ""
    reporting.ahead = LEASE + timedelta(seconds=1)
    reporting.sweep()
    assert reporting.worker(name="run/b").work_once()
    assert reporting.look().status is StepStatus.COMPLETED
    assert reported(reporting).explainability == "s3://b/explanation"


def test_a_report_that_fails_changes_nothing_else(reporting: Shop) -> None:
    before = reported(reporting)
    reporting.worker(doing(fail(CandidateFault("It is damaged.")))).work_once()
    assert reason(reporting.look().failure) == "It is damaged."
    assert reported(reporting) == before


@pytest.mark.parametrize(
    "scores", [3, [{}], [{"metric": "None", "value": 1, "standard_error": 0}], ["F1"]]
)
def test_a_result_that_is_none_fails_the_job(shop: Shop, scores: object) -> None:
    """Code that took over a task may leave anything; the worker goes on."""
    shop.open()
    shop.worker(lambda _: {"scores": scores}).work_once()
    job = shop.look()
    assert (job.status, reason(job.failure)) == (
        StepStatus.FAILED,
        "The task ended with an invalid result.",
    )
