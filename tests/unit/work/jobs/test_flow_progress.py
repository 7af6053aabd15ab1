"""The phases of a job agree with what the job shows, whatever its way."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise

import pytest
from unit.work.world import World, make_job

from windvane.domain.deployment import EndpointStatus
from windvane.domain.job import JobStatus, SecondaryStatus
from windvane.domain.progress import Phase, finishes, phases
from windvane.domain.task import TaskKind, TaskStatus
from windvane.domain.timing import timetable

MODES = [None, "ENSEMBLING", "HYPERPARAMETER_TUNING"]


@dataclass
class Watched(World):
    """A second passes before whatever happens, and what the job then shows is compared with its phases."""

    shown: list[SecondaryStatus] = field(default_factory=list)

    def advance(self) -> None:
        super().advance()
        job, found = self.state.job, _phases(self)
        began = [phase for phase in found if phase.began is not None]
        times = [phase.began for phase in began]
        assert times == sorted(times)
        assert [one.ended for one in began[:-1]] == times[1:]
        assert began[-1].ended == job.ended
        assert all(one.ended is None for one in found if one.began is None)
        if job.status is JobStatus.IN_PROGRESS:
            assert began[-1].secondary is job.secondary
            self.shown.append(job.secondary)
        self.now += timedelta(seconds=1)


def _phases(world: World) -> tuple[Phase, ...]:
    state = world.state
    return phases(state.job, state.tasks, timetable(state.job, state.up_since))


def _began(world: World) -> list[SecondaryStatus]:
    return [phase.secondary for phase in _phases(world) if phase.began is not None]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("deploys", [False, True])
def test_each_phase_is_told_as_it_is_shown(mode: str | None, deploys: bool) -> None:
    world = Watched(make_job(max_candidates=3, mode=mode, deploys=deploys))
    world.search([0.5, 0.9])
    if mode != "HYPERPARAMETER_TUNING":
        world.do(TaskKind.ENSEMBLE, score=0.95)
    else:
        world.do(TaskKind.TRAIN)
    world.report()
    if deploys:
        world.endpoint_is(EndpointStatus.IN_SERVICE)
    assert world.status is JobStatus.COMPLETED
    assert _began(world) == list(dict.fromkeys(world.shown))
    assert {phase.secondary for phase in _phases(world)} == set(world.shown)


def test_reports_for_which_there_was_no_time_have_no_times() -> None:
    world = Watched(make_job(max_candidates=1))
    world.search([])
    training = world.claim(TaskKind.TRAIN)
    world.now = timetable(world.job, world.up_since).reported
    world.end(training)
    assert world.status is JobStatus.COMPLETED
    assert _began(world)[-1] is SecondaryStatus.MODEL_TUNING
    assert len(_phases(world)) == 6


def test_a_job_that_fails_on_its_data_was_in_its_second_phase() -> None:
    world = Watched(make_job(deploys=True))
    world.do(TaskKind.ANALYZE, TaskStatus.FAILED)
    assert _began(world) == [SecondaryStatus.STARTING, SecondaryStatus.ANALYZING_DATA]


def test_a_job_that_is_stopped_ends_the_phase_it_was_in() -> None:
    world = Watched(make_job())
    world.do(TaskKind.ANALYZE)
    world.stop()
    assert world.status is JobStatus.STOPPED
    assert _began(world)[-1] is SecondaryStatus.FEATURE_ENGINEERING


def test_a_failed_deployment_was_one() -> None:
    world = Watched(make_job(max_candidates=1, deploys=True))
    world.search([0.5])
    world.report()
    world.endpoint_is(EndpointStatus.FAILED)
    assert _began(world)[-1] is SecondaryStatus.DEPLOYING_MODEL


def test_definitions_are_made_while_the_data_are_analysed() -> None:
    world = Watched(make_job(definitions_only=True))
    for kind in (TaskKind.ANALYZE, TaskKind.EXPLORE, TaskKind.SPLIT):
        world.do(kind)
    assert world.status is JobStatus.COMPLETED
    shown = [phase.secondary for phase in _phases(world)]
    assert shown == [SecondaryStatus.STARTING, SecondaryStatus.ANALYZING_DATA]


@pytest.mark.parametrize("mode", MODES)
def test_what_is_planned_ends_in_order_and_by_the_deadline(mode: str | None) -> None:
    world = World(make_job(mode=mode, deploys=True))
    ends = [phase.planned_end for phase in _phases(world)]
    assert all(one <= next_one for one, next_one in pairwise(ends))
    assert abs(ends[-1] - world.job.deadline) < timedelta(milliseconds=1)


def test_ranks_and_the_best_so_far_agree_with_what_the_job_calls_its_best() -> None:
    world = Watched(make_job(max_candidates=5))
    world.search([0.5])
    world.do(TaskKind.TRAIN, score=0.9, folds_used=2)
    world.do(TaskKind.TRAIN, score=0.7)
    world.do(TaskKind.TRAIN, score=0.6)
    world.do(TaskKind.ENSEMBLE, score=0.65)
    found = finishes(world.candidates, world.state.job)
    assert [(one.score, one.is_best) for one in found] == [
        (0.5, True),
        (0.9, False),
        (0.7, True),
        (0.6, False),
        (0.65, False),
    ]
    ranked = sorted(found, key=lambda one: one.rank)
    assert [one.score for one in ranked] == [0.7, 0.65, 0.6, 0.5, 0.9]
    assert ranked[0].candidate.name == world.state.job.best_candidate


def test_a_candidate_scored_on_more_folds_begins_the_curve_anew() -> None:
    world = Watched(make_job(max_candidates=4))
    world.search([])
    for score, folds_used in ((0.9, 2), (0.5, 5), (0.6, 5)):
        world.do(TaskKind.TRAIN, score=score, folds_used=folds_used)
    found = finishes(world.candidates, world.state.job)
    singles = [one for one in found if one.candidate.algorithm != "ensemble"]
    assert [(one.score, one.is_best) for one in singles] == [(0.9, True), (0.5, True), (0.6, True)]


def test_of_equal_scores_the_one_that_the_job_calls_its_best_has_the_first_rank() -> None:
    world = Watched(make_job(max_candidates=4))
    world.search([])
    for _ in range(2):
        world.do(TaskKind.TRAIN, score=0.5)
    job = world.state.job
    timed = [replace(one, latency_s=1 / one.index) for one in world.candidates if one.score]
    ranked = sorted(finishes(timed, job), key=lambda one: one.rank)
    assert ranked[0].candidate.name == job.best_candidate
    assert ranked[0].candidate.latency_s == max(one.latency_s for one in timed if one.latency_s)
