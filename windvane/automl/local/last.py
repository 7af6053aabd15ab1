"""What a search ends with: an ensemble, or the baseline if nothing finished; and a second ensemble that is quick, if the
first is slow."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from windvane.automl.local.crew import Crew
from windvane.automl.local.job import Entry, Job
from windvane.automl.local.telling import Teller
from windvane.engine import stages
from windvane.engine.outcomes import read_candidate
from windvane.engine.tuning.pacing import has_place_for_ensemble
from windvane.errors import JobFault
from windvane.process.child import Ending, Exit

ENSEMBLE = "ensemble"

QUICK_S = 1e-3
"""A row may take so long in many a service: if the best candidate takes longer, an ensemble within it is tried too."""

_LAST_RESORT_S = 20.0
"""What analysis, baseline and packing may take even if the time is over: a job leaves a model whatever
happens."""


def last_entries(job: Job, entries: Sequence[Entry], teller: Teller) -> list[Entry]:
    """The ensemble if there is time and place for it and it is of use; the baseline if nothing finished.

    raises    JobFault if not even that can be had
    """
    finished = [entry.index for entry in entries if entry.outcome is not None]
    index = max((entry.index for entry in entries), default=0) + 1
    if not finished:
        return [_baseline(job, index)]
    if len(finished) < 2 or not has_place_for_ensemble(job.max_candidates, job.strategy):
        return []
    with teller.stage("ensemble"):
        return _ensemble(job, finished, index)


@dataclass(frozen=True)
class QuickEnsemble:
    """The best ensemble within QUICK_S of the best candidate's members, still to be made: all candidates would be too
    many to choose from at the end of a job."""

    index: int
    members: tuple[int, ...]

    def make(self, job: Job) -> None:
        """Written like a candidate, if it beats the best of its members that are quick."""
        members = {number: job.candidate(number) for number in self.members}
        into = job.candidate(self.index)
        stages.build_ensemble(job.dataset, members, self.index, into, QUICK_S, job.packing_starts)

    def entries(self, job: Job, ended: Exit) -> list[Entry]:
        """What the leaderboard gets of it."""
        return _ensemble_entries(job.candidate(self.index), self.index, ended)


def quick_ensemble(job: Job, order: Sequence[Entry]) -> QuickEnsemble | None:
    """For the front of the leaderboard, if the first candidate takes longer than QUICK_S. Latencies are measured: where
    the number of candidates is given, the same leaderboard is to come out each time, and there is none.

    order    best first
    """
    best = order[0].outcome
    if job.max_latency_s is not None or job.max_candidates is not None:
        return None
    if best is None or len(best.members) < 2 or best.latency_s <= QUICK_S:
        return None
    return QuickEnsemble(1 + max(one.index for one in order), tuple(best.members))


def last_resort(job: Job) -> float:
    """When, as time.time(), that must be over without which there is no model."""
    return max(job.deadline, time.time() + _LAST_RESORT_S)


def alone(
    job: Job,
    function: Callable[[], None],
    kill_at: float,
    meanwhile: Callable[[], bool] = lambda: False,
) -> Exit:
    """`function` in a child with all of the job's memory; `meanwhile` is called here while it runs."""
    crew: Crew[None] = Crew(1, job.memory_mb)
    try:
        crew.start(None, function, kill_at)
        return crew.next_ended(meanwhile)[1]
    finally:
        crew.stop()


def _ensemble(job: Job, finished: Sequence[int], index: int) -> list[Entry]:
    members = {number: job.candidate(number) for number in finished}
    into, ends = job.candidate(index), job.packing_starts

    def work() -> None:
        stages.build_ensemble(job.dataset, members, index, into, job.max_latency_s, ends)

    return _ensemble_entries(into, index, alone(job, work, ends))


def _ensemble_entries(into: Path, index: int, ended: Exit) -> list[Entry]:
    if ended.ending is not Ending.FINISHED:
        return [Entry(index, ENSEMBLE, None, None, ended.text)]
    if not into.exists():
        return []
    return [Entry(index, ENSEMBLE, None, read_candidate(into).outcome)]


def _baseline(job: Job, index: int) -> Entry:
    into = job.candidate(index)

    def work() -> None:
        stages.train_baseline(job.dataset, index, into)

    ended = alone(job, work, last_resort(job))
    if ended.ending is not Ending.FINISHED:
        raise JobFault(f"No candidate finished, and neither did the baseline. {ended.text}")
    record = read_candidate(into)
    return Entry(index, stages.BASELINE, record.plan, record.outcome)
