"""What has happened in a job, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar, cast

from windvane.automl.actions import (
    Action,
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    Refit,
    Step,
    TrainBaseline,
    TrainCandidate,
)
from windvane.automl.leaderboard import LeaderboardRow
from windvane.automl.steps import ActionHistory, Status
from windvane.engine.candidates import Plan, Tried
from windvane.notes.note import Note

FIRST = 1
"""Index of the candidate that shows on how many folds the others are compared."""

ENSEMBLE = "ensemble"
"""The algorithm of an ensemble, as the leaderboard has it."""

A = TypeVar("A", bound=Action)


@dataclass(frozen=True)
class History(ActionHistory[Step[Action]]):
    """The steps of a job on a table, oldest first."""

    def of(self, kind: type[A]) -> list[Step[A]]:
        """Return the steps whose actions are of this type."""
        return [cast("Step[A]", step) for step in self.steps if isinstance(step.action, kind)]

    def with_asked(self, action: Action, now: float) -> History:
        """Return a history in which an action has been asked for."""
        return self.with_step(Step(action, Status.WAITING, began=now))

    def with_failed(self, action: Action, why: Note, now: float) -> History:
        """Return a history in which an action that could not be begun has failed."""
        return self.with_step(Step(action, Status.FAILED, began=now, ended=now, failure=why))

    @property
    def candidates(self) -> list[Step[TrainCandidate]]:
        """The candidates of the search."""
        return self.of(TrainCandidate)

    @property
    def first(self) -> Step[TrainCandidate] | None:
        """The candidate FIRST."""
        return next((step for step in self.candidates if step.action.plan.index == FIRST), None)

    @property
    def long_run(self) -> Step[TrainCandidate] | None:
        """The candidate that is trained on all rows and all cores, once it has been asked for."""
        return next((step for step in self.candidates if step.action.is_long), None)

    @property
    def tried(self) -> list[Tried]:
        """The candidates of the search that have ended, by index; without the long run, whose time and hyperparameters say
        little of those of others."""
        ended = (step for step in self.candidates if not step.status.is_open)
        tried = [_tried(step) for step in ended if not step.action.is_long]
        return sorted(tried, key=lambda one: one.plan.index)

    @property
    def next_index(self) -> int:
        """The index that the search's next candidate has at least."""
        return 1 + max((step.action.plan.index for step in self.candidates), default=0)

    @property
    def first_open(self) -> int | None:
        """The lowest index of a candidate that has not ended."""
        is_open = (step for step in self.candidates if step.status.is_open)
        return min((step.action.plan.index for step in is_open), default=None)

    @property
    def plans(self) -> dict[int, Plan]:
        """The plan of each candidate that is no ensemble, by its index."""
        plans = (
            *(step.action.plan for step in self.of(FirstLook)),
            *(step.action.plan for step in self.candidates),
            *(step.action.plan for step in self.of(TrainBaseline)),
        )
        return {plan.index: plan for plan in plans}

    @property
    def likely_members(self) -> tuple[int, ...]:
        """Indices of the candidates that the model would be made of now."""
        done = [step for step in self.candidates if step.result.likely_members]
        return max(done, key=lambda step: step.ended).result.likely_members if done else ()

    def refits_s(self, indices: Iterable[int]) -> list[float]:
        """Return what training each of these candidates on all rows takes."""
        taken = {step.action.plan.index: step.result.refit_s for step in self.candidates}
        return [taken[index] for index in indices]

    def recipe(self, name: str, n_fits: int) -> Step[FitFeatures] | None:
        """Return the step that decides whether a recipe is there: the one that is open or failed, or one that fitted it to
        so many folds. None if work on it may begin."""
        steps = (step for step in self.of(FitFeatures) if step.action.recipe == name)
        return next(
            (s for s in steps if s.status is not Status.DONE or s.action.n_fits >= n_fits), None
        )

    def n_fits(self, recipe: str) -> int:
        """Return the number of folds that a recipe has been fitted on."""
        done = (s for s in self.of(FitFeatures) if s.status is Status.DONE)
        return max((s.action.n_fits for s in done if s.action.recipe == recipe), default=0)

    @property
    def begun_recipes(self) -> set[str]:
        """Names of those on which work has begun."""
        return {step.action.recipe for step in self.of(FitFeatures)}

    def fit_s(self, recipes: Iterable[str]) -> float:
        """Return the seconds of one fit of the slowest of these recipes."""
        return max((self._fit_s(recipe) for recipe in recipes), default=0.0)

    def _fit_s(self, recipe: str) -> float:
        n_before, took_s = 0, 0.0
        for step in self.of(FitFeatures):
            if step.action.recipe == recipe and step.status is Status.DONE:
                took_s = (step.ended - step.began) / max(1, step.action.n_fits - n_before)
                n_before = step.action.n_fits
        return took_s

    @property
    def refitted(self) -> tuple[int, ...]:
        """Indices of the candidates whose models are of all rows now."""
        done = (step for step in self.of(Refit) if step.status is Status.DONE)
        return tuple(step.action.index for step in done)

    @property
    def refitted_recipes(self) -> set[str]:
        """Names of the recipes that were fitted on all rows."""
        done = (step for step in self.of(FitOnAllRows) if step.status is Status.DONE)
        return {step.action.recipe for step in done}

    def entries(self) -> list[LeaderboardRow]:
        """Return the rows of the leaderboard, in the order of their indices: whatever has ended, as it was scored."""
        ended = (step for step in self.steps if not step.status.is_open)
        found = (_entry(step) for step in ended)
        return sorted((one for one in found if one is not None), key=lambda one: one.index)


def _tried(step: Step[TrainCandidate]) -> Tried:
    outcome = step.result.outcome
    took_s = step.ended - step.began
    return Tried(step.action.plan, None if outcome is None else outcome.objective, took_s)


def _entry(step: Step[Action]) -> LeaderboardRow | None:
    action, outcome = step.action, step.result.outcome
    if isinstance(action, FirstLook | TrainCandidate | TrainBaseline):
        plan = action.plan
        return LeaderboardRow(plan.index, plan.algorithm, plan, outcome, step.failure)
    if isinstance(action, BuildEnsemble) and (outcome is not None or step.failure):
        return LeaderboardRow(action.index, ENSEMBLE, None, outcome, step.failure)
    return None
