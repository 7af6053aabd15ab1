"""A job on a machine that is many times slower than expected: it ends on time, with an answer, or says what took the time."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from unit.work.world import ANALYSIS, START, World, make_job

from windvane.automl.task import task_for
from windvane.domain.job import JobStatus
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.domain.timing import next_change, stop_at
from windvane.executor.base import End, Ended
from windvane.notes.codes import NoteCode
from windvane.notes.sentences import reason
from windvane.work.jobs import learning
from windvane.work.jobs.workflow import ACTIONS, action_of
from windvane.work.workers.roles import Role
from windvane.work.workers.task_outcome import Case, judge

SECONDS = {
    TaskKind.ANALYZE: 1.0,
    TaskKind.BASELINE: 0.5,
    TaskKind.TRAIN: 2.0,
    TaskKind.EXPLORE: 2.5,
    TaskKind.EXPLAIN: 2.5,
    TaskKind.INSIGHTS: 2.5,
}
"""What a task takes on a machine that has nothing else to do; the others half a second."""

LATE_S = 3.5
"""After its time a job may be looked at so much later."""


@dataclass
class Machine:
    """An express worker and two that train; each task takes `slowness` times as long as usual."""

    world: World
    slowness: float
    running: dict[int, tuple[Task, datetime, bool]] = field(default_factory=dict)
    began: dict[TaskKind, datetime] = field(default_factory=dict)

    def run(self) -> World:
        world = self.world
        while not world.status.is_final:
            self._claim()
            ends = [at for _, at, _ in self.running.values()]
            due = next_change(world.state.job, world.up_since, world.now)
            until = min([*ends, due])
            world.wait((until - world.now).total_seconds())
            for number, (task, at, is_killed) in list(self.running.items()):
                if at <= world.now:
                    del self.running[number]
                    self._end(task, at, is_killed)
        return world

    def _claim(self) -> None:
        roles = [Role.EXPRESS, Role.TRAIN, Role.TRAIN]
        for worker, role in enumerate(roles):
            if worker in self.running:
                continue
            ready = [t for t in self.world.state.tasks if t.status is TaskStatus.READY]
            turns = ([t for t in ready if t.kind in kinds] for kinds in role.turns)
            found = next((tasks[0] for tasks in turns if tasks), None)
            if found is not None:
                self._begin(worker, found)

    def _begin(self, worker: int, task: Task) -> None:
        world = self.world
        claimed = replace(task, status=TaskStatus.RUNNING, started=world.now, attempts=1)
        self.began.setdefault(task.kind, world.now)
        world._put(claimed)
        until = stop_at(world.state.job, claimed, world.up_since)
        if task.kind in ACTIONS:
            known = replace(world.state, analysis=ANALYSIS)
            at = learning.situation(known, world.now)
            limits = task_for(action_of(task), at, 1, 1).limits
            until = min(until, datetime.fromtimestamp(limits.kill_at, UTC))
        takes = timedelta(seconds=self.slowness * SECONDS.get(task.kind, 0.5))
        ends = world.now + takes
        self.running[worker] = claimed, min(ends, until), ends > until

    def _end(self, task: Task, until: datetime, is_killed: bool) -> None:
        world = self.world
        known = next(one for one in world.state.tasks if one.id == task.id)
        if not known.status.is_open:
            return
        if not is_killed:
            score = 0.1 if task.kind is TaskKind.BASELINE else 0.5
            world.end(task, score=score, folds_used=1)
            return
        case = Case(world.state.job, task, until, False, 2048)
        ended = judge(case, Ended(task.attempt, End.OUT_OF_TIME), 3)
        world._put(replace(task, status=ended.status, ended=world.now, failure=ended.note))


def run_on(slowness: float, runtime_s: int) -> tuple[World, Machine]:
    job = make_job(max_runtime_s=runtime_s, max_candidates=12, is_counted=False)
    machine = Machine(World(job), slowness)
    return machine.run(), machine


@pytest.mark.parametrize("runtime_s", [30, 60, 240])
@pytest.mark.parametrize("slowness", [1, 5, 10, 30])
def test_a_slow_machine_gives_an_answer_in_time_or_says_what_took_it(
    slowness: float, runtime_s: int
) -> None:
    world, _ = run_on(slowness, runtime_s)
    job = world.state.job
    assert world.now <= START + timedelta(seconds=runtime_s + LATE_S)
    if slowness * SECONDS[TaskKind.ANALYZE] < 0.8 * runtime_s:
        assert job.status is JobStatus.COMPLETED, reason(job.failure)
        assert world.state.best is not None
        return
    assert job.failure is not None
    assert job.failure.code is NoteCode.JOB_LIMIT
    assert reason(job.failure).startswith(
        "The data could not be read and analysed within the job's"
    )


@pytest.mark.parametrize("slowness", [1, 5, 10])
def test_reports_are_made_on_a_slow_machine_if_the_job_has_some_minutes(slowness: float) -> None:
    """A job of four minutes on a busy machine made none: time was kept for those of one that is not."""
    world, _ = run_on(slowness, 240)
    best = world.state.best
    assert best is not None
    assert best.explainability
    assert best.model_insights
    assert not world.state.job.partial_failures


def test_an_answer_is_there_early_where_time_may_be_too_short_for_any_candidate() -> None:
    """The baseline waits for nothing: neither for features nor for the exploration of the data."""
    world, machine = run_on(20, 60)
    baseline = next(task for task in world.state.tasks if task.kind is TaskKind.BASELINE)
    assert baseline.started == machine.began[TaskKind.BASELINE]
    assert baseline.started == START + timedelta(seconds=20), "at once when the data are analysed"
    assert world.state.best is not None
    assert world.state.best.algorithm == "baseline"
    codes = {note.code for note in world.state.job.partial_failures}
    assert NoteCode.BASELINE_ONLY in codes


def test_a_baseline_that_was_made_early_gives_way_to_any_candidate_that_finishes() -> None:
    world, machine = run_on(8, 60)
    assert TaskKind.BASELINE in machine.began
    finished = {c.algorithm for c in world.candidates if c.score is not None}
    assert "baseline" in finished
    assert world.state.best is not None
    assert world.state.best.algorithm != "baseline"
    assert NoteCode.BASELINE_ONLY not in {note.code for note in world.state.job.partial_failures}


def test_a_report_that_did_not_fit_says_what_took_the_time() -> None:
    world, _ = run_on(20, 60)
    missing = [
        reason(note)
        for note in world.state.job.partial_failures
        if note.code in (NoteCode.INSIGHTS_MISSING, NoteCode.EXPLAINABILITY_MISSING)
    ]
    assert missing
    assert all("reading and analysing the data" in one for one in missing), missing


def test_an_analysis_that_was_begun_late_says_how_long_the_data_waited() -> None:
    world = World(make_job(max_runtime_s=600))
    world.wait(400)
    task = world.claim(TaskKind.ANALYZE)
    case = Case(world.state.job, task, world.now, False, 2048)
    ended = judge(case, Ended(task.attempt, End.OUT_OF_TIME), 3)
    assert "of which the data waited 400 s for a free worker" in reason(ended.note)
