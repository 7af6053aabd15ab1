"""What each action reads and writes, by the names of automl/names.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from windvane.automl import names
from windvane.automl.actions import (
    Action,
    Analyse,
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
from windvane.automl.request import OnAllRows
from windvane.automl.situation import Situation
from windvane.engine.candidate_io import fold_fit

Names = Iterable[str]


def reads(action: Action, at: Situation) -> tuple[str, ...]:
    """Return what must be in the folder of an action that begins now. All of it has been published."""
    further = _READS[type(action)](action, at)
    return tuple(dict.fromkeys((*names.TABLE, *further)))


def writes(action: Action, at: Situation) -> tuple[str, ...]:
    """Return what an action that begins now may leave in its folder."""
    return tuple(dict.fromkeys(_WRITES[type(action)](action, at)))


def _nothing(_action: Action, _at: Situation) -> Names:
    return ()


def _reads_for_first_look(action: FirstLook, at: Situation) -> Names:
    return _training_fits(action.plan.recipe, 1, at)


def _reads_for_candidate(action: TrainCandidate, at: Situation) -> Names:
    yield from _training_fits(action.plan.recipe, at.n_folds or at.analysis.n_fold_fits, at)
    if action.rival is not None:
        yield from names.scored(action.rival)


def _reads_for_fewer_rows(action: TrainOnFewerRows, at: Situation) -> Names:
    return _fits(action.plan.recipe, action.n_folds, at)


def _training_fits(recipe: str, n_folds: int, at: Situation) -> Iterator[str]:
    yield from _fits(recipe, n_folds, at)
    if at.request.on_all_rows is OnAllRows.CANDIDATES:
        yield from names.full_fit(recipe)


def _fits(recipe: str, n_folds: int, at: Situation) -> Names:
    """Name the fits of a recipe that are there, of so many folds: training makes the others itself."""
    return names.fold_fits(recipe, range(min(n_folds, _n_fits(recipe, at))))


def _n_fits(recipe: str, at: Situation) -> int:
    """Return the number of folds that a recipe has been fitted on. An earlier version fitted it on those of one division, and
    counted none."""
    n_fits = at.history.n_fits(recipe)
    return at.analysis.n_folds if n_fits > at.analysis.n_fold_fits else n_fits


def _reads_for_ensemble(action: BuildEnsemble, _at: Situation) -> Names:
    return (name for index in action.members for name in names.scored(index))


def _reads_for_full_fit(action: FitOnAllRows, at: Situation) -> Names:
    """Name what a fit on all rows reads: with a validation set there are no more rows than those of the first fold."""
    return names.fold_fits(action.recipe, [0]) if at.analysis.has_validation_set else ()


def _reads_for_refit(action: Refit, at: Situation) -> Names:
    """Return the fit of a fold, too: that is the model's if there is no time for another."""
    yield from names.candidate(action.index)
    yield from names.full_fit(action.recipe)
    yield from _fits(action.recipe, 1, at)


def _reads_for_packages(action: Pack, at: Situation) -> Names:
    """Return the members' models, and what their features are made by."""
    outcomes = {entry.index: entry.outcome for entry in at.history.entries()}
    best, plans = outcomes[action.index], at.history.plans
    for index in (*action.among, action.index):
        yield from names.scored(index)
    if best is not None and best.second_layer:
        yield from names.answering(action.index)
    for index in (best.members if best is not None else ()) or (action.index,):
        yield from names.refit(index) if index in action.refits else names.answering(index)
        if recipe := plans[index].recipe:
            yield names.fit(recipe, fold_fit(0))[0]
            if at.is_fitted_on_all_rows(recipe):
                yield names.full_fit(recipe)[0]
    if action.has_fewer:
        yield from (*names.scored(FIRST), *names.FEWER)


def _fits_written(action: FitFeatures, at: Situation) -> Names:
    n_fits = min(action.n_fits, at.analysis.n_fold_fits)
    yield from names.fold_fits(action.recipe, range(action.n_before, n_fits))
    if action.n_before == 0 and at.request.on_all_rows is not OnAllRows.NOTHING:
        yield from names.full_fit(action.recipe)


def _candidate_written(action: FirstLook | TrainCandidate, at: Situation) -> Names:
    """Name what training a candidate writes, with the fits that it had to make."""
    plan = action.plan
    return (*names.candidate(plan.index), *_fits_missing(plan.recipe, at))


def _fewer_written(action: TrainOnFewerRows, at: Situation) -> Names:
    return (*names.FEWER, *_fits_missing(action.plan.recipe, at))


def _fits_missing(recipe: str, at: Situation) -> Names:
    return names.fold_fits(recipe, range(_n_fits(recipe, at), at.analysis.n_fold_fits))


_READS: Mapping[type[Action], Callable[[Any, Situation], Names]] = {
    FitFeatures: _nothing,
    FirstLook: _reads_for_first_look,
    TrainCandidate: _reads_for_candidate,
    TrainOnFewerRows: _reads_for_fewer_rows,
    BuildEnsemble: _reads_for_ensemble,
    TrainBaseline: _nothing,
    FitOnAllRows: _reads_for_full_fit,
    Refit: _reads_for_refit,
    Pack: _reads_for_packages,
}
"""Beside the table. An Analyse reads what its driver gives it."""

_WRITES: Mapping[type[Action], Callable[[Any, Situation], Names]] = {
    Analyse: lambda _action, _at: names.TABLE,
    FitFeatures: _fits_written,
    FirstLook: _candidate_written,
    TrainCandidate: _candidate_written,
    TrainOnFewerRows: _fewer_written,
    BuildEnsemble: lambda action, _: names.candidate(action.index),
    TrainBaseline: lambda action, _: names.candidate(action.plan.index),
    FitOnAllRows: lambda action, _: names.full_fit(action.recipe),
    Refit: lambda action, _: names.refit(action.index),
    Pack: lambda _action, _at: (names.PACKAGES,),
}
