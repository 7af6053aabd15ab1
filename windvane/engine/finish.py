"""The end of a job: the members of the model that is kept are trained once more, on all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from windvane.engine import stages
from windvane.engine.crew import Crew
from windvane.engine.job import Entry, Job
from windvane.engine.outcomes import read_candidate
from windvane.engine.trial import TrainLimits
from windvane.process.child import Ending

_KILL_GRACE_S = 0.4


def refit_members(job: Job, recipes: Mapping[str, Path], chosen: Entry) -> dict[int, Path]:
    """Folders shaped like candidates' (index -> folder) of those whose model is of all rows now; the others'
    models stay those of the first fold. The members of the greatest weight go first.

    recipes    the folders of the recipes that were fitted
    """
    waiting = _by_weight(chosen)
    crew: Crew[int] = Crew(job.threads, job.memory_mb // job.threads)
    done: dict[int, Path] = {}
    try:
        while True:
            while waiting and crew.has_room:
                _start(job, recipes, crew, waiting.pop(0))
            if crew.is_idle:
                return done
            index, ended = crew.next_ended()
            if ended.ending is Ending.FINISHED:
                done[index] = job.refit(index)
    finally:
        crew.stop()


def with_refits(entries: Sequence[Entry], refits: Mapping[int, Path]) -> list[Entry]:
    """The leaderboard with what is known of the models of all rows."""
    outcomes = {index: read_candidate(folder).outcome for index, folder in refits.items()}
    return [
        replace(entry, outcome=outcomes[entry.index]) if entry.index in outcomes else entry
        for entry in entries
    ]


def _by_weight(chosen: Entry) -> list[int]:
    if chosen.outcome is None:
        return []
    weights = chosen.outcome.members or ({chosen.index: 1.0} if _has_features(chosen) else {})
    return sorted(weights, key=lambda index: (-weights[index], index))


def _has_features(entry: Entry) -> bool:
    return entry.plan is not None and bool(entry.plan.recipe)


def _start(job: Job, recipes: Mapping[str, Path], crew: Crew[int], index: int) -> None:
    plan = read_candidate(job.candidate(index)).plan
    if plan is None:
        raise AssertionError(f"Candidate {index} is an ensemble; its members should be refitted.")
    limits = TrainLimits(job.packing_starts)
    features = recipes[plan.recipe]

    def work() -> None:
        stages.refit(job.dataset, features, job.candidate(index), limits, job.refit(index))

    crew.start(index, work, limits.stop_at + _KILL_GRACE_S)
