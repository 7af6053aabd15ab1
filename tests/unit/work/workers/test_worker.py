"""Workers with real forks and a real store, and stages that do what a test wants."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from migrated import migrated_store
from unit.work.newer import body_of, write_newer
from unit.work.room import room_mb
from unit.work.workers.forking import StageExecutor, attend, pid_of
from unit.work.world import ANALYSIS, RECIPES, make_job, outcome

from windvane.domain.candidate import (
    Candidate,
    CandidateStatus,
    ProcessingJob,
    StepStatus,
    TrainingJob,
    TransformJob,
)
from windvane.domain.deployment import Endpoint, EndpointStatus
from windvane.domain.job import AutoMLJob, JobStatus, SecondaryStatus
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.errors import CandidateFault, DataFault
from windvane.executor.base import End, Ended, News, Work
from windvane.names import arn
from windvane.notes.note import said
from windvane.notes.sentences import reason, sentences
from windvane.store.base import Store
from windvane.tracing.context import TraceContext
from windvane.tracing.span import Span, SpanKind
from windvane.work.tasks.stage_context import Result, StageContext
from windvane.work.workers.attendance import LEASE
from windvane.work.workers.config import WorkConfig
from windvane.work.workers.exchanges import Exchanges
from windvane.work.workers.process_times import ProcessTimes
from windvane.work.workers.reconciler import KnownAnalysis, Reconciler, left_over, sweep
from windvane.work.workers.roles import Role
from windvane.work.workers.task_outcome import MAX_LOSSES
from windvane.work.workers.worker import MAX_ATTEMPTS, Worker
from windvane.work.workspace import Keys, workspace_of


def plain_stage(context: StageContext) -> Result:
    """Everything goes well."""
    task = context.task
    if task.kind is TaskKind.ANALYZE:
        return {"problem_type": "BinaryClassification", "objective": "F1"}
    if task.kind in (TaskKind.FEATURES, TaskKind.REFIT, TaskKind.RETAIN):
        return {}
    if task.kind in (TaskKind.SPLIT, TaskKind.TRANSFORM):
        return {"rows": {"train": 480, "validation": 120}}
    if task.kind is TaskKind.EXPLORE:
        return {
            "notebook": "s3://bucket/exploration.ipynb",
            "definitions": "s3://bucket/definitions.ipynb",
            "failures": [],
        }
    if task.kind in (TaskKind.EXPLAIN, TaskKind.INSIGHTS):
        return {"prefix": f"s3://bucket/{task.kind}"}
    if task.kind in (TaskKind.TRAIN, TaskKind.FEWER_ROWS):
        plan = task.payload["plan"]
        return {"outcome": outcome(plan["index"], 0.5 + plan["index"] / 100), "tag": plan["recipe"]}
    index = task.payload.get("plan", task.payload)["index"]
    members = {str(n): 0.5 for n in task.payload.get("members", ())}
    tag = task.payload.get("made_by", task.key).replace("/", "-")
    return {"outcome": outcome(index, 0.9, members), "tag": tag}


def training(what: Callable[[], object]) -> Callable[[StageContext], Result]:
    """Training does `what`; everything else goes well."""

    def stage(context: StageContext) -> Result:
        if context.task.kind is TaskKind.TRAIN:
            what()
        return plain_stage(context)

    return stage


@dataclass
class Shop:
    """A store, a job in it, and a clock that can be put forward."""

    store: Store
    folder: Path
    ahead: timedelta = timedelta()
    job: AutoMLJob = field(default_factory=make_job)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def open(self, job: AutoMLJob) -> None:
        now = self.now()
        deadline = now + timedelta(seconds=job.limits.max_runtime_s)
        self.job = replace(job, created=now, modified=now, deadline=deadline)
        with self.store.transaction() as tx:
            tx.insert(self.job)
        self.sweep()

    def config(self, memory_mb: int | None = None) -> WorkConfig:
        return WorkConfig(self.folder, "run", datetime.now(UTC), 2, memory_mb or room_mb())

    def worker(
        self,
        stage: Callable[[StageContext], Result] = plain_stage,
        name: str = "run/a",
        role: Role = Role.TRAIN,
        **config: int,
    ) -> Worker:
        return Worker(
            self.config(**config),
            role,
            name,
            self.store,
            StageExecutor(self.folder, stage),
            clock=self.now,
        )

    def sweep(self) -> None:
        sweep(self.store, self.reconciler(), self.now(), MAX_ATTEMPTS)

    def reconciler(self) -> Reconciler:
        return Reconciler(Exchanges(self.folder), datetime.now(UTC), 2, lambda *_: None)

    def look(self) -> AutoMLJob:
        with self.store.snapshot() as tx:
            job = tx.by_arn(AutoMLJob, self.job.arn)
        assert job is not None
        return job

    def candidates(self) -> list[Candidate]:
        with self.store.snapshot() as tx:
            return sorted(tx.children(Candidate, self.job.arn), key=lambda c: c.index)

    def tasks(self, *kinds: TaskKind) -> list[Task]:
        with self.store.snapshot() as tx:
            tasks = tx.tasks(self.job.arn)
        return [task for task in tasks if not kinds or task.kind in kinds]

    def stop_job(self) -> None:
        with self.store.transaction() as tx:
            job = tx.by_arn(AutoMLJob, self.job.arn)
            assert job is not None
            tx.update(replace(job, status=JobStatus.STOPPING, secondary=SecondaryStatus.STOPPING))

    def prepare(self) -> None:
        """Up to the first candidate, which waits to be trained."""
        self.write_data()
        assert self.tasks(TaskKind.TRAIN)

    def train(self) -> None:
        """One more candidate, and what has to be there for it."""
        worker, n_ended = self.worker(), self.n_trained()
        while self.n_trained() == n_ended:
            assert worker.work_once()

    def n_trained(self) -> int:
        return sum(not task.status.is_open for task in self.tasks(TaskKind.TRAIN))

    def report(self) -> None:
        """The best candidate is packed and reported on."""
        worker = self.worker()
        for kind in (TaskKind.INSIGHTS, TaskKind.EXPLAIN):
            while not any(task.status is TaskStatus.DONE for task in self.tasks(kind)):
                assert worker.work_once()

    def write_data(self) -> None:
        """Whatever is to be done besides training."""
        worker = self.worker(role=Role.EXPRESS, name="run/express")
        while worker.work_once():
            pass


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(
        "windvane.work.workers.reconciler._analysis_in", lambda *_: KnownAnalysis(ANALYSIS, 0)
    )
    store = migrated_store(tmp_path)
    yield Shop(store, tmp_path)
    store.close()


def test_a_job_that_a_newer_version_has_written_is_left_alone_and_others_go_on(shop: Shop) -> None:
    newer = make_job(name="newer", max_candidates=1)
    shop.open(newer)
    written = write_newer(shop.store, newer)
    with shop.store.snapshot() as tx:
        waiting = tx.tasks(newer.arn)
    shop.open(make_job(max_candidates=1))
    worker = shop.worker()
    while shop.look().status is JobStatus.IN_PROGRESS:
        worker.work_once()
        shop.sweep()
    assert shop.look().status is JobStatus.COMPLETED
    with shop.store.snapshot() as tx:
        assert tx.tasks(newer.arn) == waiting, "not claimed, and not failed"
    assert body_of(shop.store, newer) == written


def test_one_worker_brings_a_job_to_its_end_and_every_step_can_be_looked_up(shop: Shop) -> None:
    shop.open(make_job(max_candidates=4))
    worker = shop.worker()
    while worker.work_once():
        pass
    job = shop.look()
    assert (job.status, job.secondary) == (
        JobStatus.COMPLETED,
        SecondaryStatus.MAX_CANDIDATES_REACHED,
    ), reason(job.failure)
    assert [c.algorithm for c in shop.candidates()][-1] == "ensemble"
    assert job.best_candidate == shop.candidates()[-1].name
    kinds = (ProcessingJob, TrainingJob, TransformJob)
    with shop.store.snapshot() as tx:
        known = {
            (kind.kind, record.name): record
            for kind in kinds
            for record in tx.children(kind, shop.job.arn)
        }
    for candidate in shop.candidates():
        for step in candidate.steps:
            assert known[step.kind, step.name].status is StepStatus.COMPLETED


def test_the_tasks_of_a_job_are_part_of_the_trace_of_its_request(shop: Shop) -> None:
    spans: list[Span] = []

    def timed(context: StageContext) -> Result:
        seen = ProcessTimes()
        return seen.added_to(plain_stage(context))

    request = TraceContext("4" * 32, "5" * 16, True)
    shop.open(replace(make_job(max_candidates=1), traceparent=request.header))
    executor = StageExecutor(shop.folder, timed)
    worker = Worker(
        shop.config(), Role.TRAIN, "run/a", shop.store, executor, record_span=spans.append
    )
    while worker.work_once():
        pass
    assert shop.look().status is JobStatus.COMPLETED
    of_tasks = [span for span in spans if span.kind is SpanKind.CONSUMER]
    assert {span.attributes["windvane.task"] for span in of_tasks} == {
        task.key for task in shop.tasks() if task.started
    }
    assert {(span.context.trace_id, span.parent_id) for span in of_tasks} == {("4" * 32, "5" * 16)}
    of_processes = {span.parent_id for span in spans if span.name == "task process"}
    assert of_processes == {span.context.span_id for span in of_tasks}
    assert all("times" not in (task.result or {}) for task in shop.tasks())


def test_a_step_can_be_looked_up_as_soon_as_a_candidate_names_it(shop: Shop) -> None:
    shop.open(make_job(max_candidates=1))
    shop.prepare()
    [candidate] = shop.candidates()
    with shop.store.snapshot() as tx:
        found = [tx.by_arn(kind, arn) for kind, arn in _step_arns(candidate)]
    assert [step.status for step in found if step is not None] == [
        StepStatus.COMPLETED,
        StepStatus.COMPLETED,
        StepStatus.COMPLETED,
        StepStatus.IN_PROGRESS,
    ]
    worker = shop.worker()
    while worker.work_once():
        pass
    with shop.store.snapshot() as tx:
        found = [tx.by_arn(kind, arn) for kind, arn in _step_arns(candidate)]
    assert {step.status for step in found if step is not None} == {StepStatus.COMPLETED}
    assert all(step.ended for step in found if step is not None)


def test_models_are_not_kept_where_the_server_is_told_so(shop: Shop) -> None:
    shop.open(make_job(max_candidates=3, mode="HYPERPARAMETER_TUNING"))
    executor = StageExecutor(shop.folder, plain_stage)
    config = replace(shop.config(), kept_models=1)
    worker = Worker(config, Role.TRAIN, "run/a", shop.store, executor)
    while worker.work_once():
        pass
    assert shop.look().status is JobStatus.COMPLETED
    assert [bool(c.containers) for c in shop.candidates()] == [False, False, True]
    with shop.store.snapshot() as tx:
        steps = {c.index: tx.find(TrainingJob, c.scope, c.name) for c in shop.candidates()}
    has_model = {index: "ModelArtifacts" in step.details for index, step in steps.items() if step}
    assert has_model == {1: False, 2: False, 3: True}


def test_a_job_is_deployed_by_the_same_rules_as_a_clients(shop: Shop) -> None:
    shop.open(make_job(max_candidates=1, deploys=True))
    worker = shop.worker()
    while worker.work_once():
        pass
    assert shop.look().secondary is SecondaryStatus.DEPLOYING_MODEL
    with shop.store.transaction() as tx:
        endpoint = tx.find(Endpoint, shop.job.scope, shop.job.endpoint_name)
        assert endpoint is not None
        tx.update(replace(endpoint, status=EndpointStatus.IN_SERVICE))
    shop.sweep()
    assert shop.look().status is JobStatus.COMPLETED
    assert shop.look().deployed


def test_a_taken_endpoint_name_leaves_the_job_completed_and_nothing_behind(shop: Shop) -> None:
    shop.open(make_job(name="first", max_candidates=1, deploys=True))
    worker = shop.worker()
    while worker.work_once():
        pass
    second = replace(make_job(name="second", max_candidates=1), endpoint_name="first-endpoint")
    shop.open(second)
    while worker.work_once():
        pass
    job = shop.look()
    assert (job.status, job.secondary) == (
        JobStatus.COMPLETED,
        SecondaryStatus.MODEL_DEPLOYMENT_ERROR,
    )
    assert "already exist" in sentences(job.partial_failures)[0]


def test_data_at_fault_end_the_job(shop: Shop) -> None:
    def stage(context: StageContext) -> Result:
        raise DataFault("The column 'y' is missing; there are: a, b.")

    shop.open(make_job())
    shop.worker(stage).work_once()
    assert reason(shop.look().failure) == "The column 'y' is missing; there are: a, b."


def test_a_dead_workers_task_is_taken_over(shop: Shop) -> None:
    shop.open(make_job(max_candidates=1))
    shop.prepare()
    assert shop.worker(name="run/dead")._claim() is not None
    other = shop.worker(name="run/b")
    assert not other.work_once(), "the lease still holds"
    shop.ahead = LEASE + timedelta(seconds=1)
    shop.sweep()
    assert other.work_once()
    [task] = shop.tasks(TaskKind.TRAIN)
    assert (task.status, task.attempts, task.worker) == (TaskStatus.DONE, 2, "run/b")
    shop.report()
    assert shop.look().status is JobStatus.COMPLETED


def test_tasks_of_the_servers_last_life_are_given_back_at_once(shop: Shop) -> None:
    shop.open(make_job(max_candidates=1))
    shop.prepare()
    shop.worker(name="past/a")._claim()
    with shop.store.transaction() as tx:
        tx.release_foreign({"run"})
    assert shop.worker().work_once()
    assert shop.tasks(TaskKind.TRAIN)[-1].attempts == 1


def test_a_late_result_of_a_silent_worker_is_refused(shop: Shop) -> None:
    shop.open(make_job(max_candidates=1))
    shop.prepare()
    zombie = shop.worker(name="run/zombie")
    claimed = zombie._claim()
    assert claimed is not None
    attendance = zombie._begin(claimed)
    [ended] = zombie._executor.poll(10)
    shop.ahead = LEASE + timedelta(seconds=1)
    shop.sweep()
    shop.worker(training(_fail), name="run/b").work_once()
    before = shop.candidates()
    assert before[0].status is CandidateStatus.FAILED
    attendance.take(ended)
    assert shop.candidates() == before
    assert shop.tasks(TaskKind.TRAIN)[0].status is TaskStatus.FAILED


def test_a_task_taken_from_a_slow_worker_is_dropped_by_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windvane.work.workers.attendance._RENEW_S", 0.0)
    shop.open(make_job(max_candidates=1))
    shop.prepare()
    slow = shop.worker(training(_sleep), name="run/slow")
    claimed = slow._claim()
    assert claimed is not None
    slow._begin(claimed)
    pid = pid_of(slow)
    with shop.store.transaction() as tx:
        tx.release_foreign({"other"})
    attend(slow)
    assert shop.tasks(TaskKind.TRAIN)[0].status is TaskStatus.READY
    assert not Path(f"/proc/{pid}").exists()


def test_others_begin_once_the_first_candidate_says_on_how_many_folds_it_is_scored(
    shop: Shop,
) -> None:
    def stage(context: StageContext) -> Result:
        if context.task.kind is TaskKind.TRAIN:
            context.say({"n_folds": 5})
            _sleep()
        return plain_stage(context)

    shop.open(make_job(max_candidates=4))
    shop.prepare()
    first, others = shop.worker(stage), shop.worker(role=Role.EXPRESS, name="run/express")
    claimed = first._claim()
    assert claimed is not None
    attendance = first._begin(claimed)
    while others.work_once():
        pass
    assert len(shop.tasks(TaskKind.TRAIN)) == 1, "it is not known on how many"
    [news] = first._executor.poll(10)
    attendance.take(news)
    assert shop.tasks(TaskKind.TRAIN)[0].said == {"n_folds": 5}
    while others.work_once():
        pass
    assert len(shop.tasks(TaskKind.TRAIN)) > 1
    first._executor.close()


def test_stop_ends_a_candidate_that_never_ends(shop: Shop) -> None:
    shop.open(make_job())
    shop.prepare()
    shop.worker().work_once()
    worker = shop.worker(training(_sleep))
    claimed = worker._claim()
    assert claimed is not None
    worker._begin(claimed)
    pid = pid_of(worker)
    shop.stop_job()
    began = time.monotonic()
    attend(worker)
    assert time.monotonic() - began < 240
    assert not Path(f"/proc/{pid}").exists()
    job = shop.look()
    assert job.status is JobStatus.STOPPED
    assert job.best_candidate == shop.candidates()[0].name


def test_a_candidate_without_bounds_runs_out_of_memory_alone(shop: Shop) -> None:
    shop.open(make_job(max_candidates=2))
    shop.prepare()
    shop.worker(training(_eat), memory_mb=3 * 200).work_once()
    shop.train()
    first, second = shop.candidates()
    assert first.status is CandidateStatus.FAILED
    assert "200 MiB" in reason(first.failure)
    assert second.status is CandidateStatus.COMPLETED
    shop.report()
    shop.write_data()
    job = shop.look()
    assert job.status is JobStatus.COMPLETED
    assert len(job.partial_failures) == 1


def test_a_candidate_is_killed_at_its_own_limit(shop: Shop) -> None:
    job = make_job(max_candidates=2)
    shop.open(replace(job, limits=replace(job.limits, max_candidate_runtime_s=1)))
    shop.prepare()
    began = time.monotonic()
    shop.worker(training(_sleep)).work_once()
    assert 0.5 < time.monotonic() - began < 240
    assert "MaxRuntimePerTrainingJobInSeconds (1 s)" in reason(shop.candidates()[0].failure)


def test_a_candidate_is_killed_when_the_search_ends(shop: Shop) -> None:
    shop.open(make_job(max_candidates=2))
    shop.prepare()
    worker = shop.worker(training(_sleep))
    claimed = worker._claim()
    assert claimed is not None
    soon = replace(claimed, stop_at=shop.now() + timedelta(seconds=0.5))
    worker._begin(soon)
    shop.ahead = timedelta(seconds=595)
    attend(worker)
    assert shop.candidates()[0].status is CandidateStatus.STOPPED
    assert sentences(shop.look().partial_failures) == ()


def test_a_worker_told_to_end_gives_its_task_back_unharmed(shop: Shop) -> None:
    shop.open(make_job(max_candidates=1))
    shop.prepare()
    worker = shop.worker(training(_sleep))
    previous = signal.signal(signal.SIGALRM, lambda *_: worker.stop())
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    began = time.monotonic()
    worker.run()
    signal.signal(signal.SIGALRM, previous)
    assert time.monotonic() - began < 240
    [task] = shop.tasks(TaskKind.TRAIN)
    assert (task.status, task.attempts) == (TaskStatus.READY, 0)


def test_what_may_pass_is_tried_three_times(shop: Shop) -> None:
    def no_space() -> None:
        raise OSError(28, "No space left on device")

    shop.open(make_job(max_candidates=2))
    shop.prepare()
    for _ in range(MAX_ATTEMPTS):
        assert shop.worker(training(no_space)).work_once()
        shop.sweep()
    first = shop.candidates()[0]
    assert first.status is CandidateStatus.FAILED
    assert "No space left on device" in reason(first.failure)


def test_a_worker_may_have_several_tasks_in_hand(shop: Shop) -> None:
    """On a cluster one process has the tasks of many machines."""
    shop.open(make_job(max_candidates=4))
    shop.prepare()
    shop.train()
    worker = shop.worker()
    assert worker._begin_one()
    assert worker._begin_one()
    both = [task.key for task in shop.tasks() if task.status is TaskStatus.RUNNING]
    assert len(both) == 2
    attend(worker)
    assert {task.status for task in shop.tasks() if task.key in both} == {TaskStatus.DONE}
    slow = shop.worker(training(_sleep), name="run/slow")
    for _ in range(2):
        assert slow._begin_one()
    slow.stop()
    slow.run()
    assert not [task for task in shop.tasks() if task.status is TaskStatus.RUNNING]
    assert {task.attempts for task in shop.tasks(TaskKind.TRAIN) if task.status.is_open} == {0}


class OnNodes(StageExecutor):
    """An executor of which work goes on elsewhere when its process is gone.

    left    keys of such work
    """

    left: tuple[str, ...] = ()

    def left_behind(self) -> list[str]:
        return list(self.left)

    def take_over(self, work: Work) -> None:
        self.submit(work)


def test_a_task_whose_worker_is_gone_is_attended_to_by_another_and_not_done_again(
    shop: Shop,
) -> None:
    shop.open(make_job(max_candidates=1))
    shop.prepare()
    gone = shop.worker(training(_sleep), name="gone/train-1/1")
    assert gone._begin_one()
    [task] = [one for one in shop.tasks() if one.status is TaskStatus.RUNNING]
    worker = shop.worker(name="run/train-1/1")
    worker._executor = executor = OnNodes(shop.folder, plain_stage)
    assert not worker._take_over_one()
    executor.left = ("999999-1", task.attempt)
    assert worker._take_over_one()
    [taken] = [one for one in shop.tasks() if one.status is TaskStatus.RUNNING]
    assert (taken.id, taken.worker, taken.token) == (task.id, "run/train-1/1", task.token)
    assert taken.attempts == task.attempts
    assert not worker._take_over_one()
    attend(worker)
    gone._executor.kill(task.attempt)
    attend(gone)  # which changes nothing any more
    [done] = [one for one in shop.tasks() if one.id == task.id]
    assert (done.status, done.attempts, done.losses) == (TaskStatus.DONE, 1, 0)


def test_a_task_of_a_newer_version_is_not_taken_over(shop: Shop) -> None:
    shop.open(make_job(max_candidates=1))
    shop.prepare()
    gone = shop.worker(training(_sleep), name="gone/train-1/1")
    assert gone._begin_one()
    [task] = [one for one in shop.tasks() if one.status is TaskStatus.RUNNING]
    write_newer(shop.store, shop.job)
    worker = shop.worker(name="run/train-1/1")
    worker._executor = executor = OnNodes(shop.folder, plain_stage)
    executor.left = (task.attempt,)
    assert not worker._take_over_one()
    [same] = [one for one in shop.tasks() if one.id == task.id]
    assert same.worker == "gone/train-1/1"
    gone._executor.close()


def test_a_crash_of_one_candidate_is_its_own(shop: Shop) -> None:
    shop.open(make_job(max_candidates=2))
    shop.prepare()
    shop.worker(training(lambda: os.kill(os.getpid(), signal.SIGKILL))).work_once()
    shop.train()
    assert [c.status for c in shop.candidates()] == [
        CandidateStatus.FAILED,
        CandidateStatus.COMPLETED,
    ]


def test_a_task_that_is_lost_is_done_again_and_not_for_ever(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training that crashes is not tried again; but that a machine is gone is not a candidate's doing."""

    def lost(self: StageExecutor, timeout_s: float) -> list[News]:
        [key] = self._running
        self.kill(key)
        self._news.clear()
        return [Ended(key, End.LOST, note=said("The machine is gone."))]

    shop.open(make_job(max_candidates=2))
    shop.prepare()
    for losses in range(1, MAX_LOSSES + 1):
        with monkeypatch.context() as patch:
            patch.setattr(StageExecutor, "poll", lost)
            assert shop.worker().work_once()
        [task, *_] = shop.tasks(TaskKind.TRAIN)
        if losses < MAX_LOSSES:
            assert (task.status, task.attempts, task.losses) == (TaskStatus.READY, 0, losses)
    assert task.status is TaskStatus.FAILED
    assert "was gone" in reason(shop.candidates()[0].failure)
    shop.train()
    assert shop.candidates()[1].status is CandidateStatus.COMPLETED


def test_the_workspace_of_an_ended_job_is_cleared_and_that_of_another_kept(shop: Shop) -> None:
    shop.open(make_job(name="done", definitions_only=True))
    for _ in range(3):
        shop.worker().work_once()
    done = workspace_of(shop.folder, shop.job)
    shop.open(make_job(name="going"))
    shop.worker().work_once()
    going = workspace_of(shop.folder, shop.job)
    for one in left_over(shop.store, shop.reconciler()):
        one.remove()
    assert not done.folder.exists()
    assert going.folder.exists()


def test_a_quiet_job_is_looked_at_again_when_something_concerns_it(shop: Shop) -> None:
    shop.open(make_job())
    shop.prepare()
    reconciler = shop.reconciler()

    def is_due(after_s: float = 0.0) -> bool:
        with shop.store.snapshot() as tx:
            now = shop.now() + timedelta(seconds=after_s)
            return reconciler.is_due(tx, shop.look(), now)

    assert not is_due()
    assert not is_due()
    assert is_due(after_s=590)
    shop.stop_job()
    assert is_due()


def test_an_error_of_ours_while_deciding_ends_that_job_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def propose(*_: object) -> object:
        raise ZeroDivisionError("oops")

    shop.open(make_job())
    monkeypatch.setattr("windvane.engine.tuning.search.propose", propose)
    while shop.worker().work_once():
        pass
    job = shop.look()
    assert job.status is JobStatus.FAILED
    assert "ZeroDivisionError" in reason(job.failure)


def _step_arns(candidate: Candidate) -> list[tuple[type[ProcessingJob], str]]:
    kinds = {kind.kind: kind for kind in (ProcessingJob, TrainingJob, TransformJob)}
    return [
        (kinds[step.kind], arn(candidate.scope, step.kind, step.name)) for step in candidate.steps
    ]


def _sleep() -> None:
    time.sleep(600)


def _fail() -> None:
    raise CandidateFault("It cannot learn.")


def _eat() -> None:
    kept = []
    while True:
        kept.append(np.ones(1024**2))


_OF_ANALYSIS = ({}, {"problem_type": "None", "objective": ["F1"], "n_rows": "many"})
_OF_TRAINING = (
    {},
    {"outcome": "none", "tag": []},
    {"outcome": {"index": {}}, "tag": 7},
    {"outclassed": {"a": 1}},
)
_OF_OTHERS = ({"rows": 5, "prefix": 7, "notebook": {}, "failures": 3},)
_LIKELY = [
    *((TaskKind.ANALYZE, result) for result in _OF_ANALYSIS),
    *((TaskKind.TRAIN, result) for result in _OF_TRAINING),
    *((TaskKind.SPLIT, result) for result in _OF_OTHERS),
]
_UNLIKELY = [
    (kind, result)
    for kind in (TaskKind.ANALYZE, TaskKind.TRAIN, TaskKind.SPLIT, TaskKind.EXPLORE)
    for result in (*_OF_ANALYSIS, *_OF_TRAINING[1:], *_OF_OTHERS)
    if (kind, result) not in _LIKELY
]


@pytest.mark.parametrize(
    ("kind", "result"),
    [*_LIKELY, *(pytest.param(*one, marks=pytest.mark.long) for one in _UNLIKELY)],
)
def test_a_result_that_is_none_is_its_jobs_affair(
    shop: Shop, kind: TaskKind, result: dict[str, object]
) -> None:
    """Code that took over a task may leave anything; the worker and the jobs of others go on."""

    def stage(context: StageContext) -> Result:
        return result if context.task.kind is kind else plain_stage(context)

    shop.open(make_job(max_candidates=1))
    worker = shop.worker(stage)
    for _ in range(40):
        if not worker.work_once():
            break
        shop.sweep()
    shop.ahead = timedelta(hours=2)
    shop.sweep()
    while worker.work_once():
        shop.sweep()
    assert shop.look().status.is_final


def test_a_clients_job_with_the_name_of_a_step_stops_nothing(shop: Shop) -> None:
    """Whoever knows a job can work out what its next candidates are called: a training job of that name ended every worker
    that came to record the candidate, those of other accounts' jobs too, again and again."""
    shop.open(make_job(max_candidates=3))
    taken = Keys(shop.look()).candidate_name(2)
    theirs = TrainingJob(
        scope=shop.job.scope,
        name=taken,
        created=shop.now(),
        modified=shop.now(),
        details={"RoleArn": "theirs"},
    )
    with shop.store.transaction() as tx:
        assert tx.insert(theirs)
    worker = shop.worker()
    while worker.work_once():
        pass
    assert shop.look().status is JobStatus.COMPLETED
    assert taken in {candidate.name for candidate in shop.candidates()}
    with shop.store.snapshot() as tx:
        assert tx.find(TrainingJob, shop.job.scope, taken) == theirs


def test_a_clients_job_with_the_name_of_a_shared_step_stays_as_it_is(shop: Shop) -> None:
    shop.open(make_job(max_candidates=1))
    name = Keys(shop.look()).transformers_name(RECIPES[0])
    theirs = TrainingJob(
        scope=shop.job.scope, name=name, created=shop.now(), modified=shop.now(), details={}
    )
    with shop.store.transaction() as tx:
        assert tx.insert(theirs)
    worker = shop.worker()
    while worker.work_once():
        pass
    assert shop.look().status is JobStatus.COMPLETED
    with shop.store.snapshot() as tx:
        assert tx.find(TrainingJob, shop.job.scope, name) == theirs


def test_a_worker_that_finds_nothing_to_do_takes_no_turn_of_writers(shop: Shop, monkeypatch):
    def transaction() -> None:
        raise AssertionError("It is a writer.")

    monkeypatch.setattr(shop.store, "transaction", transaction)
    assert not shop.worker().work_once()
