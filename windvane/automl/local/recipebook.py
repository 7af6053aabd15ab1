"""How far the recipes of a job are fitted."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from windvane.process.child import Ending, Exit


class Fitting(StrEnum):
    """How far a recipe is."""

    UNDER_WAY = "under way"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class Features:
    """The work of fitting a recipe to the first folds."""

    recipe: str
    n_fits: int


class RecipeBook:
    """What was begun and how it went."""

    def __init__(self) -> None:
        self._states: dict[str, Fitting] = {}
        self._reasons: dict[str, str] = {}
        self._n_fits: dict[str, int] = {}
        self._fit_s: dict[str, float] = {}
        self._began: dict[str, float] = {}

    @property
    def fitted(self) -> list[str]:
        """Recipes that were fitted to one fold at least."""
        return list(self._n_fits)

    def state(self, recipe: str, n_fits: int) -> Fitting | None:
        """READY if it is fitted to so many folds; None if work on it may begin."""
        state = self._states.get(recipe)
        is_short = state is Fitting.READY and self._n_fits[recipe] < n_fits
        return None if is_short else state

    def reason(self, recipe: str) -> str:
        """Why it failed."""
        return self._reasons[recipe]

    def unknown(self, recipes: Iterable[str]) -> str | None:
        """The first of them on which no work has begun."""
        return next((name for name in recipes if name not in self._states), None)

    def fit_s(self, recipes: Iterable[str]) -> float:
        """Of one fit, of the slowest of these fitted recipes."""
        return max((self._fit_s[recipe] for recipe in recipes), default=0.0)

    def begin(self, work: Features) -> None:
        self._states[work.recipe] = Fitting.UNDER_WAY
        self._began[work.recipe] = time.time()

    def end(self, work: Features, ended: Exit) -> None:
        if ended.ending is not Ending.FINISHED:
            self._states[work.recipe] = Fitting.FAILED
            self._reasons[work.recipe] = f"The feature recipe {work.recipe} failed: {ended.text}"
            return
        n_made = work.n_fits - self._n_fits.get(work.recipe, 0)
        self._states[work.recipe] = Fitting.READY
        self._n_fits[work.recipe] = work.n_fits
        self._fit_s[work.recipe] = (time.time() - self._began[work.recipe]) / n_made
