"""The search of a job: which candidate is trained next, and what has to be there for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from windvane.automl.actions import (
    Action,
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    Pack,
    Refit,
    TrainBaseline,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.history import FIRST
from windvane.automl.situation import Situation
from windvane.automl.steps import Status
from windvane.engine.candidates import Plan, baseline_plan, sample_of
from windvane.engine.tuning.first_look import FIRST_LOOK, first_look
from windvane.engine.tuning.long_run import Predecessor, long_run
from windvane.engine.tuning.pacing import is_in_vain, next_plan
from windvane.engine.tuning.rows import fewer_rows, rows_to_learn_from
from windvane.engine.tuning.search import LOOKBACK, recipes_for, rival
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

OF_THE_SEARCH = (FitFeatures, FirstLook, TrainCandidate, TrainOnFewerRows)
_AFTER_IT = (BuildEnsemble, FitOnAllRows, Refit, Pack)


@dataclass(frozen=True)
class CannotBegin:
    """A candidate that is asked for and fails at once, because its features could not be made."""

    action: TrainCandidate
    reason: Note


def next_of_search(at: Situation) -> Action | CannotBegin | None:
    """Return what the search is to begin now; None if nothing can be begun before something ends, or the search is
    over."""
    return None if _is_over(at) else next(_beginnings(at), None)


def _is_over(at: Situation) -> bool:
    """Return whether what follows the search has begun; a baseline in place of the first look is part of it."""
    has_baseline = any(s.action.plan.index != FIRST_LOOK for s in at.history.of(TrainBaseline))
    return has_baseline or at.history.has_any(*_AFTER_IT)


def has_all_candidates(at: Situation) -> bool:
    """Return whether as many candidates have been proposed as were asked for."""
    return at.history.next_index > at.n_pipelines


def _beginnings(at: Situation) -> Iterator[Action | CannotBegin]:
    """Yield what may be begun, the most urgent first; nothing beside the long run, which has all cores."""
    long_run = at.history.long_run
    if long_run is not None and long_run.status.is_open:
        return
    yield from _fewer_rows(at)
    yield from _first_look(at)
    yield from _candidate(at)


def _fewer_rows(at: Situation) -> Iterator[TrainOnFewerRows]:
    """Yield the first candidate again, once it has finished; not if a long run learns from all rows anyway."""
    first = at.history.first
    if at.has_long_run:
        return
    outcome = None if first is None else first.result.outcome
    is_worth_it = at.is_long and at.has_useful_time
    if first is None or outcome is None or not is_worth_it or at.history.has_any(TrainOnFewerRows):
        return
    plan = first.action.plan
    plan = replace(plan, n_rows=sample_of(plan, outcome.stops))
    n_rows = fewer_rows(at.analysis, plan)
    if n_rows is not None:
        is_repeated = outcome.folds_used > at.analysis.n_folds
        n_folds = outcome.folds_used if is_repeated else 1
        yield TrainOnFewerRows(replace(plan, n_rows=n_rows), n_folds)


def _first_look(at: Situation) -> Iterator[FirstLook | TrainBaseline]:
    """Yield the first look; none where the candidates that are asked for are counted. Where the time may not be enough for any
    candidate it is the baseline, which needs no features."""
    if at.history.has_any(FirstLook, TrainBaseline):
        return
    if at.is_short and at.has_useful_time and not at.history.candidates:
        yield TrainBaseline(baseline_plan(FIRST_LOOK, at.analysis.seed))
        return
    if at.request.max_candidates is not None:
        return
    n_rows = rows_to_learn_from(at.analysis, at.candidate_s)
    plan = first_look(at.analysis, n_rows, at.request.strategy)
    if _is_ready(at, plan.recipe, 1):
        yield FirstLook(plan)


def _candidate(at: Situation) -> Iterator[Action | CannotBegin]:
    """Yield the next candidate, or the features that it needs, or others where it has to wait."""
    plan = _upcoming(at)
    if plan is None:
        return
    n_fits = at.n_folds or 1
    candidate = TrainCandidate(plan, _rival(at, plan.index), at.is_turn_of_long_run)
    recipe = at.history.recipe(plan.recipe, n_fits)
    if recipe is None:
        yield FitFeatures(plan.recipe, n_fits, at.history.n_fits(plan.recipe))
    elif recipe.status is Status.FAILED:
        reason = Note(NoteCode.RECIPE_FAILED, {"recipe": plan.recipe}, recipe.failure)
        yield CannotBegin(candidate, reason)
    elif recipe.status is Status.DONE and _may_begin(at, plan):
        yield candidate
    elif not at.is_turn_of_long_run:
        yield from _other_features(at, n_fits)


def _upcoming(at: Situation) -> Plan | None:
    """Return the next plan worth starting, if its turn has come."""
    history, index = at.history, at.history.next_index
    if index > at.n_pipelines or not at.has_useful_time or is_in_vain(history.tried):
        return None
    if index >= (history.first_open or index) + LOOKBACK:
        return None
    if at.is_turn_of_long_run:
        first, cores = history.first, at.request.cores * at.long_run_nodes
        predecessor = (
            None if first is None else Predecessor(first.action.plan, first.result.round_s)
        )
        return long_run(at.analysis, index, at.left_s, cores, at.request.strategy, predecessor)
    return next_plan(
        at.analysis,
        index,
        at.n_pipelines,
        history.tried,
        at.left_s,
        at.candidate_s,
        at.request.strategy,
        0 if history.long_run is None else 1,
    )


def _may_begin(at: Situation, plan: Plan) -> bool:
    """Return whether a candidate may begin: not before it is plain what it is compared on, and with whom if that may
    end it early. The long run begins when nothing else is under way."""
    if at.is_turn_of_long_run:
        return not at.history.is_busy(*OF_THE_SEARCH)
    if plan.index == FIRST:
        return True
    first = at.history.first
    if at.request.strategy.gives_up_early and (first is None or first.status.is_open):
        return False
    return at.n_folds is not None


def _other_features(at: Situation, n_fits: int) -> Iterator[FitFeatures]:
    begun = at.history.begun_recipes
    needed = recipes_for(at.analysis, at.request.strategy, at.n_pipelines)
    yield from (FitFeatures(recipe, n_fits) for recipe in needed if recipe not in begun)


def _is_ready(at: Situation, recipe: str, n_fits: int) -> bool:
    step = at.history.recipe(recipe, n_fits)
    return step is not None and step.status is Status.DONE


def _rival(at: Situation, index: int) -> int | None:
    if not at.request.strategy.gives_up_early:
        return None
    return rival(at.analysis, index, at.history.tried)
