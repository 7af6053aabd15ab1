"""What is told of a best candidate that is not packaged with what it learned from everything. Pure, as all of work/jobs/flow.py."""

from __future__ import annotations

from windvane.domain.task import TaskKind
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.work.jobs.partial_failures import MAX_PARTIAL_FAILURES, with_partial_failure
from windvane.work.jobs.state import JobState

NO_TIME = Note(NoteCode.NO_TIME_TO_PACK)


def with_note_why_unpacked(state: JobState) -> JobState:
    """Return the state with why its best candidate is not packaged anew, if it could not be."""
    for task in state.of(TaskKind.PACK):
        if task.result is None:
            state = without_packing(state, task.failure or NO_TIME)
    return state


def without_packing(state: JobState, why: Note) -> JobState:
    """Tell that the best candidate is not packaged anew, and answers as it did when it was scored."""
    told = Note(NoteCode.NOT_PACKED, because=why)
    return with_partial_failure(state, told, at_most=MAX_PARTIAL_FAILURES - 1)
