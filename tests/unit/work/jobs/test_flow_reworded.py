"""With every sentence worded otherwise a job goes its way, and candidates are what they are."""

from __future__ import annotations

import pytest
from unit.notes.rewording import reword
from unit.work.jobs.test_flow import (
    test_a_candidate_that_was_given_up_is_stopped_and_counts_as_tried,
    test_five_partial_failures_are_kept,
)
from unit.work.jobs.test_records import (
    test_what_time_cut_short_is_known_of_the_candidate_its_step_and_its_ensemble,
)
from unit.work.world import World, make_job

from windvane.domain.task import TaskKind, TaskStatus
from windvane.engine.candidates import Outcome, with_latency
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.notes.sentences import sentence
from windvane.work.jobs.joblines import notes

__all__ = [
    "test_a_candidate_that_was_given_up_is_stopped_and_counts_as_tried",
    "test_five_partial_failures_are_kept",
    "test_what_time_cut_short_is_known_of_the_candidate_its_step_and_its_ensemble",
]


@pytest.fixture(autouse=True)
def _reworded(monkeypatch: pytest.MonkeyPatch) -> None:
    reword(monkeypatch)


def test_the_words_are_others() -> None:
    assert sentence(Note(NoteCode.NO_TIME)).startswith("Worded otherwise")


def test_the_failure_of_a_candidate_is_told_with_the_candidate() -> None:
    world = World(make_job(max_candidates=3))
    world.search([])
    before = world.state
    world.do(TaskKind.TRAIN, TaskStatus.FAILED)
    told = [note.code for note in notes(before, world.state)]
    assert NoteCode.CANDIDATE_ENDED in told
    assert NoteCode.CANDIDATE_FAILED not in told


def test_an_outcome_is_known_by_its_notes() -> None:
    found = (Note(NoteCode.CUT_SHORT, {"folds": ("1",)}), Note(NoteCode.LATENCY_ADDED))
    outcome = Outcome(1, 0.5, (), 1.0, 0.1, 1, 5, notes=found)
    assert outcome.is_cut_short
    measured = with_latency(outcome, 0.2)
    assert measured.notes == found[:1]
    assert measured.latency_s == 0.2
