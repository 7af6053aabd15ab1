import random

import pytest

from benchmarks.cluster.recorded import RecordedJob, recorded_jobs
from benchmarks.cluster.simulated_job import Workflow
from windvane.domain.job import JobStatus
from windvane.domain.task import TaskKind, TaskStatus
from windvane.work.jobs.state import JobState

CANDIDATES = 6


def finished(flow: Workflow, seed: int) -> JobState:
    """Return a job whose tasks have run, some at a time, in an order that was drawn."""
    drawn, state, at_s = random.Random(seed), flow.begun(), 0.0
    while not state.job.status.is_final:
        ready = [task for task in state.tasks if task.status is TaskStatus.READY]
        running = [task for task in state.tasks if task.status is TaskStatus.RUNNING]
        if ready and len(running) < 3:
            state = flow.running(state, ready[0], at_s)
            claimed = next(task for task in state.tasks if task.id == ready[0].id)
            state = flow.told(state, claimed, at_s)
        else:
            task = drawn.choice(running)
            at_s += flow.of(task).seconds
            state = flow.ended(state, task, at_s)
    return state


@pytest.fixture(params=recorded_jobs(), ids=lambda recorded: recorded.name)
def recorded(request: pytest.FixtureRequest) -> RecordedJob:
    found: RecordedJob = request.param
    return found


def test_a_job_tries_its_candidates_and_completes(recorded: RecordedJob):
    flow = Workflow(recorded, workers=2, max_candidates=CANDIDATES)
    for seed in range(2):
        state = finished(flow, seed)
        assert state.job.status is JobStatus.COMPLETED
        assert len(state.candidates) == CANDIDATES
        assert all(task.status is TaskStatus.DONE for task in state.tasks)
        kinds = {task.kind for task in state.tasks}
        assert kinds >= {TaskKind.ANALYZE, TaskKind.TRAIN, TaskKind.PACK, TaskKind.EXPLAIN}


def test_what_one_job_has_passed_through_is_known_to_the_next(recorded: RecordedJob):
    flow = Workflow(recorded, workers=2, max_candidates=CANDIDATES)
    finished(flow, seed=0)
    n_known = len(flow._known)
    finished(flow, seed=0)
    assert len(flow._known) == n_known


def test_a_task_that_was_not_recorded_is_like_another_of_its_algorithm(recorded: RecordedJob):
    algorithms = [task.algorithm for task in recorded.tasks if task.kind is TaskKind.TRAIN]
    found = recorded.like(TaskKind.TRAIN, "candidate/999", algorithms[-1])
    assert found.algorithm == algorithms[-1]
    with pytest.raises(LookupError, match="step"):
        recorded.like(TaskKind.STEP, "step", "")
