"""A job at one moment, and what follows from that alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

from windvane.automl.actions import (
    Analyse,
    TrainCandidate,
)
from windvane.automl.history import FIRST, History
from windvane.automl.request import OnAllRows, Request
from windvane.automl.steps import Status
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.split import HOLD_OUT
from windvane.engine.training.fold_limits import FoldLimits
from windvane.engine.tuning.long_run import (
    LONG_RUN,
    SCOUT_SHARE,
    has_enough_rows,
    has_long_run,
)
from windvane.engine.tuning.pacing import (
    candidate_s,
    fold_limits,
    least_folds,
    refit_s,
    settled_folds,
    settles_after_s,
)

_LEAST_USEFUL_SHARE = 0.02
_LEAST_USEFUL_S = 0.5
"""A candidate that would have less is not begun: a share of the job's time, and seconds."""

_LONG_S = 20.0
"""A search of so many seconds has the time for what pays in the long run alone."""

_SHORT = 4.0
"""A search of less than so many times what the analysis took may end before a first candidate has: its features are made and
it is trained, scored and packed, each of which takes about as long."""

_MANY_ROWS = 1_000_000
"""More than so many make the analysis slower, and nothing that comes after the search: that has samples of them, and models."""

_OTHERS = 3
"""Candidates that the search does not propose: the first look and the ensembles."""


@dataclass(frozen=True)
class Situation:
    """A job at the moment `now`, a time.time(). The table has been analysed."""

    request: Request
    analysis: Analysis
    history: History
    now: float

    @cached_property
    def search_s(self) -> float:
        """Seconds from the start of the search to its end."""
        done = [s for s in self.history.of(Analyse) if s.status is Status.DONE]
        began = done[-1].ended if done else self.request.schedule.started
        return self.request.schedule.search_end - began

    @cached_property
    def analysis_s(self) -> float:
        """Seconds that the analysis took on this machine, as busy as it is; 0 if that is not known."""
        done = [s for s in self.history.of(Analyse) if s.status is Status.DONE]
        return max(0.0, done[-1].ended - done[-1].began) if done else 0.0

    @property
    def pace_s(self) -> float:
        """Seconds that the analysis of at most a million rows takes on this machine, as busy as it is: what ends a job takes as
        many times longer as that does."""
        return self.analysis_s * min(1.0, _MANY_ROWS / max(1, self.analysis.n_rows))

    @property
    def is_short(self) -> bool:
        """Return whether the search may end before any candidate has, going by how long the analysis took."""
        return self.search_s < _SHORT * self.analysis_s

    @property
    def is_long(self) -> bool:
        """Whether the search has the time for what pays in the long run alone."""
        return self.search_s >= _LONG_S

    @property
    def candidate_s(self) -> float:
        """Seconds that one candidate may take."""
        if self.is_before_long_run:
            return SCOUT_SHARE * self.search_s
        return candidate_s(self.search_s, self.request.max_candidates)

    @cached_property
    def has_long_run(self) -> bool:
        """Return whether one candidate learns from all rows for most of the time, so that none is trained on all rows again:
        not if the first one has shown that more rows do not help."""
        found, first = self.history.long_run, self.history.first
        is_lost = found is not None and found.status is Status.FAILED
        outcome = None if first is None else first.result.outcome
        if found is None and first is not None and outcome is not None:
            is_lost = has_enough_rows(first.action.plan, outcome)
        return self.is_long and not is_lost and has_long_run(self.analysis, self.request.strategy)

    @property
    def is_before_long_run(self) -> bool:
        """Whether that candidate is still to come."""
        return self.has_long_run and self.history.long_run is None

    @property
    def is_turn_of_long_run(self) -> bool:
        """Whether it is the next one."""
        turn = min(LONG_RUN, self.n_pipelines)
        return self.is_before_long_run and self.history.next_index >= turn

    @property
    def long_run_nodes(self) -> int:
        """The number of nodes that may train the long run together; 1 if the table is too small for it, or scored by folds."""
        told, analysis = self.request.data_parallel, self.analysis
        is_large = told.is_on and analysis.n_rows >= told.rows
        return told.nodes if is_large and analysis.n_folds == HOLD_OUT else 1

    @property
    def n_pipelines(self) -> int:
        """How many candidates the search may propose."""
        most = self.request.max_candidates
        if most is None:
            return self.request.most_candidates - _OTHERS
        return most - 1 if self.request.has_place_for_ensemble else most

    @cached_property
    def left_s(self) -> float:
        """Seconds until no candidate is to be under way: the likely members of the model are then trained on all rows."""
        request, history, likely = self.request, self.history, self.history.likely_members
        if self.has_long_run:
            return request.schedule.search_end - self.now
        runtime_s = request.schedule.runtime_s
        plans = history.plans
        recipes = {plans[index].recipe for index in likely}
        recipes = {recipe for recipe in recipes if not self.is_fitted_on_all_rows(recipe)}
        models_s = refit_s(history.refits_s(likely), request.workers, runtime_s)
        return request.schedule.search_end - history.fit_s(recipes) - models_s - self.now

    @property
    def has_useful_time(self) -> bool:
        """Whether it is worth beginning a candidate."""
        runtime_s = self.request.schedule.runtime_s
        return self.left_s > max(_LEAST_USEFUL_S, _LEAST_USEFUL_SHARE * runtime_s)

    def is_fitted_on_all_rows(self, recipe: str) -> bool:
        """Return whether a recipe has been fitted on all rows."""
        is_at_once = self.request.on_all_rows is not OnAllRows.NOTHING
        is_fitted = is_at_once and self.history.n_fits(recipe) > 0
        return is_fitted or recipe in self.history.refitted_recipes

    @cached_property
    def n_folds(self) -> int | None:
        """The number of folds on which candidates are compared; None while the first one alone may be under way."""
        settled, first = settled_folds(self.analysis), self.history.first
        if settled is not None or first is None:
            return settled
        if first.n_folds is not None:
            return first.n_folds
        if not first.status.is_open:
            outcome = first.result.outcome
            return least_folds(self.analysis) if outcome is None else outcome.folds_used
        if first.status is Status.WAITING:
            return None
        return 1 if self.now >= self._silent_until(first.began) else None

    @property
    def fold_count_due(self) -> float:
        """The time at which `n_folds` becomes known though nothing is said of it; inf if it is not to be waited for."""
        first = self.history.first
        if self.n_folds is not None or first is None or first.status is not Status.RUNNING:
            return math.inf
        return self._silent_until(first.began)

    def folds_of(self, action: TrainCandidate) -> FoldLimits:
        """Return what a candidate that begins now is scored on."""
        known = None if action.plan.index == FIRST else self.n_folds
        used = [known] if known else []
        most = self.request.max_candidates
        limits = fold_limits(self.analysis, self.left_s, self.search_s, most, used)
        if action.is_long:
            return replace(limits, fold_s=self.left_s)
        if self.is_before_long_run:
            return replace(limits, fold_s=min(limits.fold_s, self.candidate_s))
        return limits

    def one_fold_at(self, action: TrainCandidate) -> float:
        """Return when it is plain that a candidate that begins now is scored on one fold: if its first one is not over
        by then. inf for all but the first candidate."""
        if action.plan.index != FIRST:
            return math.inf
        first = self.history.first
        is_running = first is not None and first.status is Status.RUNNING
        return self._one_fold_at(first.began if first is not None and is_running else self.now)

    def _silent_until(self, began: float) -> float:
        """Return until when the first candidate, which began then, may still say that it is scored on more than one."""
        return self._one_fold_at(began) + self.request.said_within_s

    def _one_fold_at(self, began: float) -> float:
        first = fold_limits(
            self.analysis, self.left_s, self.search_s, self.request.max_candidates, ()
        )
        return began + settles_after_s(self.analysis, first.further_s)
