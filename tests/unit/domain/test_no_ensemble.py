"""Why a job has no ensemble, told of jobs as they really went."""

from dataclasses import replace

import pytest
from unit.work.world import World, make_job

from windvane.domain.job import JobStatus
from windvane.domain.no_ensemble import why_no_ensemble
from windvane.domain.task import TaskKind, TaskStatus
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.notes.sentences import sentence


def _told(job, world, tasks=None):
    over = replace(job, status=JobStatus.COMPLETED)
    found = world.state.tasks if tasks is None else tasks
    note = why_no_ensemble(over, world.candidates, found)
    return "" if note is None else sentence(note)


def _searched(**asked):
    world = World(make_job(**asked))
    world.search([])
    for score in (0.5, 0.6):
        world.do(TaskKind.TRAIN, score=score)
    return world


@pytest.fixture
def world():
    return _searched(max_candidates=3)


def test_a_job_that_is_not_over_is_not_asked(world):
    job = world.state.job
    assert why_no_ensemble(job, world.candidates, world.state.tasks) is None


def test_time_is_the_reason_if_none_was_built(world):
    others = [task for task in world.state.tasks if task.kind is not TaskKind.ENSEMBLE]
    assert "no time was left" in _told(world.state.job, world, others)


def test_an_ensemble_that_was_tried_and_not_kept_was_no_better(world):
    built = [task for task in world.state.tasks if task.kind is TaskKind.ENSEMBLE]
    assert built
    done = [replace(one, status=TaskStatus.DONE) for one in built]
    told = _told(world.state.job, world, done)
    assert "scored better than the best of them alone" in told


def test_a_job_with_an_ensemble_says_nothing(world):
    world.do(TaskKind.ENSEMBLE, score=0.7)
    assert _told(world.state.job, world) == ""


def test_a_failure_that_is_told_already_is_not_told_again(world):
    failed = Note(NoteCode.ENSEMBLE_FAILED)
    assert _told(replace(world.state.job, partial_failures=(failed,)), world, []) == ""


def test_the_mode_and_the_number_of_candidates_are_reasons():
    tuned = _searched(mode="HYPERPARAMETER_TUNING", max_candidates=3)
    assert "HYPERPARAMETER_TUNING" in _told(tuned.state.job, tuned)
    few = _searched(max_candidates=2)
    assert "MaxCandidates" in _told(few.state.job, few)


def test_one_candidate_makes_no_ensemble(world):
    note = why_no_ensemble(
        replace(world.state.job, status=JobStatus.COMPLETED),
        world.candidates[:1],
        world.state.tasks,
    )
    assert note is not None
    assert "fewer than two candidates" in sentence(note)
