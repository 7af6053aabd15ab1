"""What goes wrong with one job, and what the others see of it: the worker that brings all of them forward went down."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from api.records import JOB_ARN, finished_candidate, job_record
from api.steps import put_inputs, training_request
from api.test_leaderboard import ONE, told
from api.test_reports import PIPELINE, dataset_step, post, put_artefacts, refused
from api.world import World, build_world, close
from botocore.exceptions import ClientError
from unit.work.room import room_mb
from unit.work.workers.forking import StageExecutor
from unit.work.world import ANALYSIS, SCOPE, make_job

from windvane.domain.candidate import StepStatus, TrainingJob
from windvane.domain.job import AutoMLJob, EndOfSearch, JobStatus
from windvane.domain.problem import MetricName
from windvane.domain.task import NewTask, TaskKind, TaskStatus
from windvane.executor.base import Work
from windvane.executor.fork_server_executor import ForkServerExecutor
from windvane.executor.forks import OwnProcess, WorkPlace
from windvane.notes.sentences import reason
from windvane.process import volatile
from windvane.store.base import Store, Transaction
from windvane.store.open import open_store
from windvane.store.records import to_json
from windvane.work.jobs.joblines import tell_job
from windvane.work.tasks.stage_context import StageContext
from windvane.work.workers import reconciler as conducting
from windvane.work.workers import stepjobs
from windvane.work.workers.config import WorkConfig
from windvane.work.workers.exchanges import Exchanges
from windvane.work.workers.reconciler import KnownAnalysis, Reconciler, sweep
from windvane.work.workers.roles import Role
from windvane.work.workers.task_handlers import TaskHandlers
from windvane.work.workers.worker import MAX_ATTEMPTS, Worker
from windvane.work.workspace import workspace_of

UP_SINCE = datetime.now(UTC)
VOLUME_KEY = "arn:aws:kms:us-east-1:123456789012:key/0"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store("", tmp_path)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def reconciler(tmp_path: Path) -> Reconciler:
    return Reconciler(Exchanges(tmp_path), UP_SINCE, 2, lambda *_: None)


@pytest.fixture
def unwritable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What becomes of the job "bad" cannot be told."""

    def tell(tx: Transaction, old: Any, new: Any, now: datetime) -> None:
        if new.job.name == "bad":
            raise ValueError("half a character")
        tell_job(tx, old, new, now)

    monkeypatch.setattr(conducting, "tell_job", tell)


def test_a_long_feature_specification_is_no_part_of_the_jobs_record(tmp_path: Path) -> None:
    """Whoever brings all jobs forward reads the records of all of them twice a second: of 60 that named 60,000 columns
    each, that took longer than a task is leased for, so that tasks of everybody were taken from their workers."""
    world = build_world(tmp_path)
    types = {f"column {number}": "text" for number in range(20_000)}
    world.put("s3://data/features.json", json.dumps({"FeatureDataTypes": types}).encode())
    generation = {"FeatureSpecificationS3Uri": "s3://data/features.json"}
    world.create_job("churn", AutoMLJobConfig={"CandidateGenerationConfig": generation})
    with world.store.snapshot() as tx:
        [job] = tx.every(AutoMLJob, list(JobStatus))
        [task] = tx.tasks(job.arn)
    close(world)
    assert len(to_json(job)) < 10_000
    assert task.payload["features"] == {"names": None, "types": types}


def test_what_a_step_job_is_asked_for_is_short(tmp_path: Path) -> None:
    """Whoever tidies up reads the records of all step jobs that have not ended: 200 of 3 MB each took two seconds of a
    processor every ten, in which nobody's job was brought forward, and half a gigabyte."""
    world = build_world(tmp_path)
    put_inputs(world)
    long = {f"k{number}": "\N{GRINNING FACE}" * 500 for number in range(100)}
    request = training_request(HyperParameters=long)
    with pytest.raises(ClientError, match="bytes as ASCII JSON"):
        world.client().create_training_job(**request)
    assert world.client().list_training_jobs()["TrainingJobSummaries"] == []
    close(world)


def test_analyses_of_many_jobs_fill_no_memory_and_are_read_beside_the_store(
    store: Store, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker kept eight of them, however large: of 35 MB each they took 2 GB. Read again, one kept everybody from
    writing for the second that it takes."""
    read: list[str] = []

    def read_one(_: Exchanges, job: AutoMLJob, *__: Any) -> KnownAnalysis:
        with store.transaction():  # which is refused inside another one
            read.append(job.name)
        return KnownAnalysis(None, 30 << 20)  # type: ignore[arg-type]

    monkeypatch.setattr(conducting, "_analysis_in", read_one)
    config = WorkConfig(reconciler.exchanges.data_dir, "run", UP_SINCE, 2, room_mb())
    duties, now = TaskHandlers(config, reconciler, 3), datetime.now(UTC)
    first, second = opened(store, "first"), opened(store, "second")
    for job in (first, second):
        analysed(store, reconciler, job, now)
    for job in (first, first, second, first):
        with store.transaction() as tx:
            task = next(one for one in tx.tasks(job.arn) if one.kind is TaskKind.SPLIT)
            duty = duties.of(tx, task, now)
        assert duty is not None
        duty.prepare()
        assert len(reconciler._analyses) == 1
    assert read == ["first", "second", "first"]


def test_whoever_looks_after_all_jobs_reads_no_analyses_of_theirs(
    store: Store, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The analyses of all jobs in progress were read every ten seconds, one in place of the other: of 24 with 10,000 columns
    of long texts that took longer than a task is leased for, so that tasks of everybody were taken from their workers."""
    read: list[str] = []

    def read_one(_: Exchanges, job: AutoMLJob, *__: Any) -> KnownAnalysis:
        with store.transaction():  # which is refused inside another one
            read.append(job.name)
        return KnownAnalysis(ANALYSIS, 30 << 20)

    now = datetime.now(UTC)
    for name in ("first", "second", "third"):
        analysed(store, reconciler, opened(store, name), now)
    monkeypatch.setattr(conducting, "_analysis_in", read_one)
    for seconds in (0, 11, 22):
        sweep(store, reconciler, now + timedelta(seconds=seconds), MAX_ATTEMPTS)
    assert read == []
    with store.snapshot() as tx:
        jobs = tx.every(AutoMLJob, [JobStatus.IN_PROGRESS])
        assert all(
            any(task.kind is TaskKind.FEATURES for task in tx.tasks(job.arn)) for job in jobs
        )
    sweep(store, reconciler, now + timedelta(seconds=590), MAX_ATTEMPTS)
    assert read == ["first", "second", "third"]


def test_an_analysis_is_read_beside_the_store_when_it_has_been_made_and_after_the_search(
    store: Store, tmp_path: Path, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that names millions of columns with a direction took eight seconds of a processor to be refused, in which nobody
    else might write: when its task ended, and whenever a job waited for its endpoint without a package."""
    read: list[str] = []

    def read_one(_: Exchanges, job: AutoMLJob, *__: Any) -> KnownAnalysis:
        with store.transaction():  # which is refused inside another one
            read.append(job.name)
        return KnownAnalysis(ANALYSIS, 30 << 20)

    def analyse(_: StageContext) -> dict[str, Any]:
        return {"problem_type": "BinaryClassification", "objective": "F1"}

    monkeypatch.setattr(conducting, "_analysis_in", read_one)
    job, now = opened(store, "job"), datetime.now(UTC)
    sweep(store, reconciler, now, MAX_ATTEMPTS)
    config = WorkConfig(tmp_path, "run", UP_SINCE, 2, room_mb())
    assert Worker(config, Role.TRAIN, "run/a", store, StageExecutor(tmp_path, analyse)).work_once()
    assert read == ["job"]
    with store.transaction() as tx:
        tx.cancel_ready_tasks(job.arn, list(TaskKind), now)
        tx.update(replace(look(store, job), search_ended=EndOfSearch.RUNTIME))
    sweep(store, reconciler, now, MAX_ATTEMPTS)
    assert read == ["job", "job"]


@pytest.mark.parametrize(
    "left", ['["x"]', "7", '{"columns": ["x"], "n_rows": 9, "target": "y"}', '{"columns": [[]]}']
)
def test_an_analysis_that_is_none_ends_no_worker(
    store: Store, tmp_path: Path, reconciler: Reconciler, left: str
) -> None:
    """What a task left in the place of its analysis ended each worker that was at another task of its job, and the one that
    brings all jobs forward whenever the time of the job was over."""
    now = datetime.now(UTC)
    job = opened(store, "bad")
    attempt = analysed(store, reconciler, job, now)
    dataset = workspace_of(tmp_path, job).dataset
    dataset.mkdir(parents=True)
    (dataset / "analysis.json").write_text(left)
    reconciler.prepare(job, attempt)
    sweep(store, reconciler, now + timedelta(seconds=590), MAX_ATTEMPTS)
    assert "cannot be read" in reason(look(store, job).failure)


def test_a_data_set_that_cannot_be_looked_at_ends_no_worker(
    store: Store, tmp_path: Path, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task on a volume with a key put a link to a name that is too long in the place of its data set. Whether the volume was
    lost was asked of it twice a second, for as long as its job was not over: that ended the worker that brings all jobs
    forward, and each that took its place, also after the server had been started anew."""
    monkeypatch.setattr(volatile, "SHARED_MEMORY", tmp_path)
    now = datetime.now(UTC)
    job, good = opened(store, "bad", volume_key=VOLUME_KEY), opened(store, "good")
    folder = workspace_of(tmp_path, job).folder
    (folder / "dataset").mkdir(parents=True)
    analysed(store, reconciler, job, now)
    (folder / "dataset").rmdir()
    (folder / "dataset").symlink_to("x" * 300)
    sweep(store, reconciler, now + timedelta(seconds=590), MAX_ATTEMPTS)
    assert "cannot be read" in reason(look(store, job).failure)
    with store.snapshot() as tx:
        assert [task.kind for task in tx.tasks(good.arn)] == [TaskKind.ANALYZE]


def analysed(store: Store, reconciler: Reconciler, job: AutoMLJob, now: datetime) -> str:
    """Have the data of a job analysed, so that features of theirs wait to be made, and return which attempt has done it."""
    with store.transaction() as tx:
        tx.add_tasks(job.arn, [NewTask(TaskKind.ANALYZE, "analyze")], now)
        task = tx.claim_task([TaskKind.ANALYZE], "run/a", now, now + timedelta(hours=1))
        assert task is not None
        reconciler._analyses[task.attempt] = KnownAnalysis(ANALYSIS, 0)
        result = {"problem_type": "BinaryClassification", "objective": "F1"}
        assert tx.finish_task(task, TaskStatus.DONE, now, result=result)
        reconciler.bring_forward(tx, job.arn, now)
    reconciler._analyses.clear()
    return task.attempt


def opened(store: Store, name: str, volume_key: str = "") -> AutoMLJob:
    with store.transaction() as tx:
        return opened_in(tx, name, volume_key)


def opened_in(tx: Transaction, name: str, volume_key: str = "") -> AutoMLJob:
    now, deadline = datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=600)
    made = make_job(name=name)
    job = replace(made, created=now, modified=now, deadline=deadline, volume_key=volume_key)
    assert tx.insert(job)
    return job


def look(store: Store, job: AutoMLJob) -> AutoMLJob:
    with store.snapshot() as tx:
        found = tx.by_arn(AutoMLJob, job.arn)
    assert found is not None
    return found


@pytest.mark.usefixtures("unwritable")
def test_a_job_that_cannot_be_written_fails_and_no_other_with_it(
    store: Store, reconciler: Reconciler, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = opened(store, "bad"), opened(store, "good")
    sweep(store, reconciler, datetime.now(UTC), MAX_ATTEMPTS)
    failed = look(store, bad)
    assert failed.status is JobStatus.FAILED
    assert "half a character" in reason(failed.failure)
    assert f"{bad.arn} cannot be brought forward" in caplog.text
    with store.snapshot() as tx:
        assert [task.kind for task in tx.tasks(good.arn)] == [TaskKind.ANALYZE]
        assert not tx.tasks(bad.arn)


def test_a_job_that_cannot_even_fail_is_left_alone_for_a_while(
    store: Store, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def write(tx: Transaction, old: Any, new: Any, now: datetime) -> None:
        tried.append(new.job.name)
        raise RuntimeError("no")

    monkeypatch.setattr(conducting, "write_changes", write)
    opened(store, "bad")
    now = datetime.now(UTC)
    for seconds in (0, 1, 59):
        sweep(store, reconciler, now + timedelta(seconds=seconds), MAX_ATTEMPTS)
    assert tried == ["bad"] * 2
    sweep(store, reconciler, now + timedelta(seconds=61), MAX_ATTEMPTS)
    assert tried == ["bad"] * 4


def test_a_task_that_cannot_be_begun_ends_its_job_and_not_the_worker(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its claim was undone with the transaction, so that each worker that came after claimed it again."""

    def begin(*_: object) -> None:
        raise KeyError("no")

    monkeypatch.setattr(stepjobs, "begin", begin)
    now = datetime.now(UTC)
    job = TrainingJob(scope=SCOPE, name="bad", created=now, modified=now, details={})
    with store.transaction() as tx:
        assert tx.insert(job)
        tx.add_tasks(job.arn, [NewTask(TaskKind.STEP, "step")], now)
    config = WorkConfig(tmp_path, "run", UP_SINCE, 2, room_mb())
    worker = Worker(config, Role.TRAIN, "run/a", store, StageExecutor(tmp_path))
    assert not worker.work_once()
    with store.snapshot() as tx:
        assert [task.status for task in tx.tasks(job.arn)] == [TaskStatus.FAILED]
        ended = tx.by_arn(TrainingJob, job.arn)
    assert ended is not None
    assert ended.status is StepStatus.FAILED
    assert "internal error" in reason(ended.failure)


def test_a_task_whose_folder_cannot_be_made_ends_its_job_and_not_the_worker(
    store: Store, tmp_path: Path
) -> None:
    """A job on a volume with a key that had made as many files as the machine's memory holds kept the folder of every other
    such job from being made: each ended three workers, and 200 may wait."""

    def place_of(_: Work) -> WorkPlace:
        raise OSError(errno.ENOSPC, "No space left on device")

    now = datetime.now(UTC)
    job = TrainingJob(scope=SCOPE, name="bad", created=now, modified=now, details={})
    with store.transaction() as tx:
        assert tx.insert(job)
        tx.add_tasks(job.arn, [NewTask(TaskKind.STEP, "step")], now)
    config = WorkConfig(tmp_path, "run", UP_SINCE, 2, room_mb())
    executor = ForkServerExecutor(OwnProcess([]), place_of)
    worker = Worker(config, Role.TRAIN, "run/a", store, executor)
    for _ in range(MAX_ATTEMPTS):
        assert worker.work_once()
        with store.transaction() as tx:
            tx.release_expired(datetime.now(UTC), MAX_ATTEMPTS)
    executor.close()
    with store.snapshot() as tx:
        assert [task.status for task in tx.tasks(job.arn)] == [TaskStatus.FAILED]
        ended = tx.by_arn(TrainingJob, job.arn)
    assert ended is not None
    assert "No space left" in reason(ended.failure)


def test_no_task_of_any_kind_takes_more_training_workers_than_an_account_may_hold(
    store: Store, tmp_path: Path
) -> None:
    """Those that train candidates were counted alone: whatever else training workers help with, and does not end, took all
    of them for as long as its job may run."""
    with store.transaction() as tx:
        for name in ("first", "second"):
            beside = [NewTask(TaskKind.SPLIT, "split"), NewTask(TaskKind.TRANSFORM, "transform")]
            tx.add_tasks(opened_in(tx, name).arn, beside, datetime.now(UTC))
    config = WorkConfig(tmp_path, "run", UP_SINCE, 2, room_mb(), workers_per_account=1)
    first, second = (
        Worker(config, Role.TRAIN, f"run/train-{number}/1", store, StageExecutor(tmp_path))
        for number in (1, 2)
    )
    assert first._claim() is not None
    assert second._claim() is None
    assert (
        Worker(config, Role.EXPRESS, "run/express-0/1", store, StageExecutor(tmp_path))._claim()
        is not None
    )


def test_a_step_job_whose_end_cannot_be_told_fails(
    store: Store, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(*_: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(stepjobs, "tell_step", tell)
    now = datetime.now(UTC)
    stopping = StepStatus.STOPPING
    job = TrainingJob(
        scope=SCOPE, name="bad", created=now, modified=now, details={}, status=stopping
    )
    with store.transaction() as tx:
        assert tx.insert(job)
        tx.add_tasks(job.arn, [NewTask(TaskKind.STEP, "step")], now)
    sweep(store, reconciler, now, MAX_ATTEMPTS)
    with store.snapshot() as tx:
        ended = tx.by_arn(TrainingJob, job.arn)
        assert not [task for task in tx.tasks(job.arn) if task.status.is_open]
    assert ended is not None
    assert ended.status is StepStatus.FAILED


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "server").mkdir()
    made = build_world(tmp_path / "server")
    yield made
    close(made)


def test_no_job_of_a_client_stands_for_a_step_of_anothers(world: World) -> None:
    """Steps are looked up by names that can be foreseen: whoever gave one to a processing job of their own before the step
    began had others' reports made of data of theirs, and their job shown as the step."""
    now = world.clock()
    world.insert(job_record(now, objective=MetricName.F1))
    world.insert(finished_candidate(now, containers=PIPELINE))
    put_artefacts(world)
    own = replace(dataset_step(world), parent="")
    world.insert(own)
    status, _, text = refused(post(world))
    assert (status, "the processing job db-1, which writes them, is missing" in text) == (400, True)
    step = told(world, ONE)["Steps"][0]
    assert (step["CandidateStepName"], "Status" in step) == ("db-1", False)
    world.update(replace(own, parent=JOB_ARN))
    assert told(world, ONE)["Steps"][0]["Status"] == "Completed"
    assert post(world)[0] == 202
