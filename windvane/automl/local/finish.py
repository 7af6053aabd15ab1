"""The end of a job: the members of the best candidate are trained once more, on all rows, and beside that a quick ensemble
of them is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path

from windvane.automl.local.crew import Crew
from windvane.automl.local.job import Entry, Job
from windvane.automl.local.last import QuickEnsemble
from windvane.engine import stages
from windvane.engine.outcomes import FULL_FIT, read_candidate
from windvane.engine.training.trial import TrainLimits
from windvane.process.child import Ending

_KILL_GRACE_S = 0.4


@dataclass(frozen=True)
class Recipe:
    """Work: the recipe fitted on all rows."""

    name: str


@dataclass(frozen=True)
class Member:
    """Work: a member trained on all rows."""

    index: int
    recipe: str


Work = Recipe | Member | QuickEnsemble


@dataclass(frozen=True)
class Finished:
    """refits    folders shaped like candidates' (index -> folder) of those whose model is of all rows now; the others'
              models stay those of the first fold
    quick     entries of the quick ensemble
    """

    refits: dict[int, Path]
    quick: list[Entry]


def refit_members(
    job: Job, recipes: Mapping[str, Path], chosen: Entry, quick: QuickEnsemble | None = None
) -> Finished:
    """The members of the greatest weight go first; the quick ensemble is made while the last ones are under way.

    recipes    the folders of the recipes that were fitted
    """
    members = _members(job, chosen)
    waiting: list[Work] = [Recipe(name) for name in dict.fromkeys(one.recipe for one in members)]
    waiting += members
    if quick is not None:
        waiting.append(quick)
    crew: Crew[Work] = Crew(job.threads, job.memory_mb // job.threads)
    done = Finished({}, [])
    fitted: set[str] = set()
    try:
        while True:
            while crew.has_room and (work := _startable(waiting, fitted)) is not None:
                waiting.remove(work)
                crew.start(work, _task(job, recipes, work), _kill_at(job, work))
            if crew.is_idle:
                return done
            work, ended = crew.next_ended()
            if ended.ending is Ending.FINISHED and isinstance(work, Recipe):
                fitted.add(work.name)
            elif ended.ending is Ending.FINISHED and isinstance(work, Member):
                done.refits[work.index] = job.refit(work.index)
            elif isinstance(work, QuickEnsemble):
                done.quick.extend(work.entries(job, ended))
    finally:
        crew.stop()


def with_refits(entries: Sequence[Entry], refits: Mapping[int, Path]) -> list[Entry]:
    """The leaderboard with what is known of the models of all rows."""
    outcomes = {index: read_candidate(folder).outcome for index, folder in refits.items()}
    return [
        replace(entry, outcome=outcomes[entry.index]) if entry.index in outcomes else entry
        for entry in entries
    ]


def _members(job: Job, chosen: Entry) -> list[Member]:
    """Of what was chosen, those that learn from features, by weight."""
    if chosen.outcome is None:
        return []
    weights = chosen.outcome.members or {chosen.index: 1.0}
    by_weight = sorted(weights, key=lambda index: (-weights[index], index))
    plans = [read_candidate(job.candidate(index)).plan for index in by_weight]
    return [Member(plan.index, plan.recipe) for plan in plans if plan is not None and plan.recipe]


def _startable(waiting: Sequence[Work], fitted: AbstractSet[str]) -> Work | None:
    for work in waiting:
        if isinstance(work, QuickEnsemble):
            return work if len(waiting) == 1 else None
        if isinstance(work, Recipe) or work.recipe in fitted:
            return work
    return None


def _kill_at(job: Job, work: Work) -> float:
    return job.packing_starts + (0 if isinstance(work, QuickEnsemble) else _KILL_GRACE_S)


def _task(job: Job, recipes: Mapping[str, Path], work: Work) -> Callable[[], None]:
    if isinstance(work, QuickEnsemble):
        return lambda: work.make(job)
    if isinstance(work, Recipe):
        folder = recipes[work.name]
        return lambda: stages.fit_features(job.dataset, work.name, folder, (FULL_FIT,))
    candidate, into = job.candidate(work.index), job.refit(work.index)
    features, limits = recipes[work.recipe], TrainLimits(job.packing_starts)

    def refit() -> None:
        stages.refit(job.dataset, features, candidate, limits, into)

    return refit
