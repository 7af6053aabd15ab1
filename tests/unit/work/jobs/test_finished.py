"""What a task that begins finds done: the same whichever way tasks exchange what they make."""

import json
from dataclasses import replace
from datetime import timedelta

from unit.work.world import START, World, make_job

from windvane.domain.task import TaskKind, TaskStatus
from windvane.work.jobs import learning
from windvane.work.jobs.finished import Finished


def test_candidates_that_finished_are_known_the_best_first():
    world = World(make_job(max_candidates=6), workers=1)
    world.search([0.4, 0.9, 0.6])
    running = world.claim(TaskKind.TRAIN)
    found = learning.finished(world.state, world.now)
    assert found.candidates == (2, 3, 1)
    assert not found.is_packed
    world.end(running, score=0.8)
    assert learning.finished(world.state, world.now).candidates == (2, 4, 3, 1)
    assert found.candidates == (2, 3, 1), "what a task found does not change while it runs"


def test_fewer_folds_come_after_more():
    world = World(make_job(max_candidates=3), workers=1)
    world.search([0.4])
    world.do(TaskKind.TRAIN, score=0.9, folds_used=2)
    assert learning.finished(world.state, world.now).candidates == (1, 2)


def test_attempts_are_told_in_the_order_in_which_they_ended():
    world = World(make_job(), workers=1)
    world.do(TaskKind.ANALYZE)
    world.do(TaskKind.EXPLORE)
    first, second = (task for task in world.state.tasks if task.status is TaskStatus.DONE)
    others = (task for task in world.state.tasks if task not in (first, second))
    tasks = (
        replace(first, token=3, ended=START + timedelta(seconds=9)),
        replace(second, token=1, ended=START + timedelta(seconds=5)),
        *(replace(task, status=TaskStatus.FAILED) for task in others),
    )
    found = learning.finished(replace(world.state, tasks=tasks), world.now)
    assert found.attempts == (f"{second.id}-1", f"{first.id}-3")
    assert Finished.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_what_answers_is_there_once_it_is_packed():
    world = World(make_job(max_candidates=1), workers=1)
    world.search([0.5])
    world.pack()
    assert learning.finished(world.state, world.now).is_packed
