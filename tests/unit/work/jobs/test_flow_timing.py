"""A job's time is divided so that the whole ends by its deadline."""

from dataclasses import replace
from datetime import timedelta

import pytest
from unit.work.world import START, World, make_job

from windvane.domain.task import Task, TaskKind
from windvane.domain.timing import explanation_s, next_change, reserve_s, stop_at, timetable


@pytest.mark.parametrize(
    ("runtime_s", "reserve", "slow"),
    [
        (10, 3.2, 5),
        (30, 9.6, 15),
        (60, 17.2, 29),
        (120, 20, 53),
        (600, 96, 264),
        (3600, 360, 600),
        (86_400, 360, 600),
    ],
)
def test_the_reserve_grows_with_the_job_within_bounds(
    runtime_s: int, reserve: float, slow: float
) -> None:
    job = make_job(max_runtime_s=runtime_s, deploys=True)
    assert reserve_s(job) == pytest.approx(reserve)
    assert reserve_s(replace(job, analysis_s=10_000.0)) == pytest.approx(slow)


@pytest.mark.parametrize(
    ("runtime_s", "analysis_s", "reserve"),
    [(10, 0.1, 2.4), (60, 0.4, 8.6), (60, 1.5, 12.05), (600, 0.4, 23.2), (3600, 1.0, 104.5)],
)
def test_what_a_table_that_is_soon_analysed_needs_not_is_for_the_search(
    runtime_s: int, analysis_s: float, reserve: float
) -> None:
    job = replace(make_job(max_runtime_s=runtime_s), analysis_s=analysis_s)
    assert reserve_s(job) == pytest.approx(reserve)


def test_a_job_that_deploys_nothing_keeps_no_time_for_it() -> None:
    assert reserve_s(make_job(max_runtime_s=60)) == pytest.approx(13.2)
    alone, deployed = (make_job(max_runtime_s=60, deploys=deploys) for deploys in (False, True))
    searches = [timetable(job, START).search for job in (alone, deployed)]
    assert searches[0] - searches[1] == timedelta(seconds=4)


@pytest.mark.parametrize("analysis_s", [None, 0.5])
@pytest.mark.parametrize("runtime_s", [1, 10, 60, 600, 86_400])
def test_the_parts_come_in_order_and_end_by_the_deadline(
    runtime_s: int, analysis_s: float | None
) -> None:
    job = replace(make_job(max_runtime_s=runtime_s), analysis_s=analysis_s)
    times = timetable(job, START)
    parts = (times.search, times.ensemble, times.reported, times.finish)
    assert sorted({times.last_start, *parts}) == [times.last_start, *parts]
    assert abs(times.finish - job.deadline) < timedelta(milliseconds=1)


def test_a_clock_that_is_set_back_while_data_are_read_gives_the_search_no_more_time() -> None:
    """The analysis took less than no time, and the search ended hours after the job's deadline."""
    world = World(make_job(max_runtime_s=600))
    reading = world.claim(TaskKind.ANALYZE)
    world.now -= timedelta(hours=1)
    world.end(reading)
    assert world.state.job.analysis_s == 0
    assert timetable(world.state.job, START).search < world.job.deadline


@pytest.mark.parametrize(
    ("runtime_s", "waited_s", "given_s"),
    [(20, 5, 0), (20, 17, 17), (60, 16, 16), (100, 60, 20), (600, 60, 0)],
)
def test_a_long_wait_for_a_process_to_read_the_data_is_given_back(
    runtime_s: int, waited_s: float, given_s: float
) -> None:
    """A short job of a server that had just started had no time left when its data began to be read."""
    world = World(make_job(max_runtime_s=runtime_s, deploys=True))
    given = timedelta(seconds=given_s)
    before = timetable(world.job, START)
    world.wait(waited_s)
    reading = world.claim(TaskKind.ANALYZE)
    times = timetable(world.state.job, START)
    assert world.state.job.deadline == START + timedelta(seconds=runtime_s) + given
    assert world.state.job.began == START + given
    assert times.finish == before.finish + given
    assert stop_at(world.state.job, reading, START) == before.ensemble + given
    world.wait(1)
    assert timetable(world.state.job, START) == times, "it is given once"


def test_after_downtime_there_is_a_short_while_to_finish() -> None:
    job = make_job(max_runtime_s=3600)
    late = job.deadline + timedelta(hours=1)
    times = timetable(job, late)
    assert times.search < job.deadline
    assert times.reported >= late + timedelta(seconds=explanation_s(job))
    assert times.reported < times.finish <= late + timedelta(seconds=300)


def test_a_candidate_ends_at_its_own_limit_or_with_the_search() -> None:
    job = make_job(max_runtime_s=600)
    job = replace(job, limits=replace(job.limits, max_candidate_runtime_s=60))
    search = timetable(job, START).search
    task = Task(id=1, job_arn="", kind=TaskKind.TRAIN, key="", payload={}, created=START)
    early, late = START + timedelta(seconds=100), search - timedelta(seconds=5)
    assert stop_at(job, replace(task, started=early), START) == early + timedelta(seconds=60)
    assert stop_at(job, replace(task, started=late), START) == search


def test_the_next_change_is_the_next_point_of_the_timetable() -> None:
    job = make_job(max_runtime_s=600)
    times = timetable(job, START)
    assert next_change(job, START, START) == times.last_start
    assert next_change(job, START, times.search) == times.search + timedelta(seconds=3)
    assert next_change(job, START, job.deadline + timedelta(days=1)).year == 9999
