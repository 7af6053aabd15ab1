"""What goes on beside the search: the data are explored, and written for clients to see. Pure, as all of work/jobs/flow.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from windvane.domain.task import NewTask, TaskKind, TaskStatus
from windvane.domain.timing import timetable
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.notes.untrusted import read_untrusted_note
from windvane.work.jobs import records
from windvane.work.jobs.partial_failures import MAX_PARTIAL_FAILURES, with_partial_failure
from windvane.work.jobs.state import JobState

_KINDS = frozenset({TaskKind.EXPLORE, TaskKind.SPLIT, TaskKind.TRANSFORM})

_MISSING = {
    TaskKind.EXPLORE: NoteCode.NOTEBOOKS_MISSING,
    TaskKind.SPLIT: NoteCode.SPLITS_MISSING,
    TaskKind.TRANSFORM: NoteCode.TRANSFORMED_MISSING,
}


def explored(state: JobState) -> JobState:
    """Return the data as they were read are written, which takes less, and explored."""
    split = NewTask(TaskKind.SPLIT, records.SPLIT)
    return state.with_task(split).with_task(NewTask(TaskKind.EXPLORE, "explore"))


def series_explored(state: JobState) -> JobState:
    """Return the series of a forecasting job are explored."""
    return state.with_task(NewTask(TaskKind.EXPLORE, "explore"))


def transformed(state: JobState) -> JobState:
    """What a recipe makes of the data is written when it is there."""
    for features in state.of(TaskKind.FEATURES):
        if features.status is TaskStatus.DONE:
            recipe = features.payload["recipe"]
            payload = {"recipe": recipe}
            task = NewTask(TaskKind.TRANSFORM, records.transform_key(recipe), payload)
            state = state.with_task(task)
    return state


def goes_on(state: JobState, now: datetime) -> bool:
    """Return whether any of it is still to be waited for."""
    is_open = any(task.kind in _KINDS for task in state.queued) or any(
        task.kind in _KINDS and task.status.is_open for task in state.tasks
    )
    return is_open and now < timetable(state.job, state.up_since).finish


def taken_in(state: JobState) -> JobState:
    """Return the state with where the notebooks are; what failed is told and harms nothing else."""
    for task in state.of(TaskKind.EXPLORE):
        if task.result is not None:
            found = task.result
            job = replace(
                state.job,
                exploration=found.get("notebook", ""),
                definitions=found.get("definitions", ""),
            )
            state = replace(state, job=job)
            for told in found.get("failures", ())[:MAX_PARTIAL_FAILURES]:
                state = with_partial_failure(state, read_untrusted_note(told))
    for kind, code in _MISSING.items():
        for task in state.of(kind):
            if task.status is TaskStatus.FAILED:
                state = with_partial_failure(state, Note(code, because=task.failure))
    return state
