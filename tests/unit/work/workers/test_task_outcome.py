"""What the end of a child means for its task."""

from dataclasses import replace
from datetime import timedelta

import pytest
from unit.work.world import START, make_job

from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.executor.base import End, Ended
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, said
from windvane.notes.sentences import reason
from windvane.work.workers.task_outcome import Case, judge

OURS = ("DataFault", "JobFault", "WindvaneError", "Exception", "BaseException")
LATE = ("OutOfTime", "CandidateFault", "WindvaneError", "Exception", "BaseException")
DISK = ("OSError", "Exception", "BaseException")
STORE = ("StoreUnusable", "WindvaneError", "Exception", "BaseException")
BUG = ("KeyError", "LookupError", "Exception", "BaseException")

TIME = Ended("1-1", End.OUT_OF_TIME)
CRASH = Ended("1-1", End.CRASHED, note=Note(NoteCode.SIGNALLED, {"signal": "SIGSEGV"}))
LOST = Ended("1-1", End.LOST, note=said("The machine is gone."))


def _case(kind: TaskKind, *, attempts: int = 1, stopped: bool = False, own_s: int = 600) -> Case:
    job = make_job()
    job = replace(job, limits=replace(job.limits, max_candidate_runtime_s=own_s))
    task = Task(
        id=1,
        job_arn=job.arn,
        kind=kind,
        key="k",
        payload={},
        status=TaskStatus.RUNNING,
        attempts=attempts,
        created=START,
        started=START,
    )
    stop_at = START + timedelta(seconds=min(own_s, 500))
    return Case(job, task, stop_at, stopped, 512)


@pytest.mark.parametrize(
    ("kind", "end", "status"),
    [
        (TaskKind.TRAIN, Ended("1-1", End.FINISHED), TaskStatus.DONE),
        (TaskKind.TRAIN, TIME, TaskStatus.CANCELLED),
        (
            TaskKind.TRAIN,
            Ended("1-1", End.FAILED, note=said("Late."), error_classes=LATE),
            TaskStatus.CANCELLED,
        ),
        (TaskKind.FEATURES, TIME, TaskStatus.CANCELLED),
        (TaskKind.ENSEMBLE, TIME, TaskStatus.CANCELLED),
        (TaskKind.ANALYZE, TIME, TaskStatus.FAILED),
        (TaskKind.BASELINE, TIME, TaskStatus.FAILED),
        (TaskKind.TRAIN, Ended("1-1", End.OUT_OF_MEMORY), TaskStatus.FAILED),
        (
            TaskKind.ANALYZE,
            Ended("1-1", End.FAILED, note=said("No column y."), error_classes=OURS),
            TaskStatus.FAILED,
        ),
        (
            TaskKind.ANALYZE,
            Ended("1-1", End.FAILED, note=said("Disk."), error_classes=DISK),
            TaskStatus.READY,
        ),
        (
            TaskKind.ANALYZE,
            Ended("1-1", End.FAILED, note=said("The store is busy."), error_classes=STORE),
            TaskStatus.READY,
        ),
        (
            TaskKind.TRAIN,
            Ended("1-1", End.FAILED, note=said("Disk."), error_classes=DISK),
            TaskStatus.READY,
        ),
        (
            TaskKind.TRAIN,
            Ended("1-1", End.FAILED, note=said("A bug."), error_classes=BUG),
            TaskStatus.FAILED,
        ),
        (TaskKind.TRAIN, CRASH, TaskStatus.FAILED),
        (TaskKind.ANALYZE, CRASH, TaskStatus.READY),
        (TaskKind.ANALYZE, LOST, TaskStatus.READY),
        (TaskKind.TRAIN, LOST, TaskStatus.READY),
    ],
)
def test_verdicts(kind: TaskKind, end: Ended, status: TaskStatus) -> None:
    assert judge(_case(kind), end, 3).status is status


def test_what_passes_is_not_tried_for_ever() -> None:
    end = Ended("1-1", End.FAILED, note=said("Disk."), error_classes=DISK)
    assert judge(_case(TaskKind.ANALYZE, attempts=3), end, 3).status is TaskStatus.FAILED


def test_the_end_of_a_stopped_job_is_no_failure() -> None:
    assert judge(_case(TaskKind.ANALYZE, stopped=True), CRASH, 3).status is TaskStatus.CANCELLED


def test_a_result_that_came_before_the_stop_counts() -> None:
    end = Ended("1-1", End.FINISHED)
    assert judge(_case(TaskKind.TRAIN, stopped=True), end, 3).status is TaskStatus.DONE


def test_a_candidate_beyond_its_own_limit_fails_and_names_the_limit() -> None:
    verdict = judge(_case(TaskKind.TRAIN, own_s=30), TIME, 3)
    assert verdict.status is TaskStatus.FAILED
    assert "MaxRuntimePerTrainingJobInSeconds (30 s)" in reason(verdict.note)


def test_the_text_of_an_error_of_ours_is_handed_on_as_it_is() -> None:
    assert judge(
        _case(TaskKind.ANALYZE), Ended("1-1", End.FAILED, note=said("No y."), error_classes=OURS), 3
    ).note == said("No y.")


def test_want_of_memory_is_told_with_the_cap_and_where_to_raise_it() -> None:
    error = reason(judge(_case(TaskKind.TRAIN), Ended("1-1", End.OUT_OF_MEMORY), 3).note)
    assert "512 MiB" in error
    assert "memory_mb" in error
