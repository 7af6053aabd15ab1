"""A candidate trained again from what is told of it: the same table, plan and folds give the same score to the last
digit, in a service's step job as on one's own machine.

`columns_without` and `plan_of` are imported from here by notebooks that earlier versions have written.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from windvane.engine import stages
from windvane.engine.candidate_io import (
    FULL_FIT,
    SECOND_LAYER,
    read_candidate,
    read_out_of_fold,
    write_candidate,
)
from windvane.engine.candidates import Outcome, Plan
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.dataset import Dataset, read_analysis, read_dataset
from windvane.engine.ensembles.blend import Blend, OutOfFold, Predictions, weighted
from windvane.engine.ensembles.second_layer import SecondLayer
from windvane.engine.ensembles.stacking import stacked, stacking_of
from windvane.engine.evaluation import judge
from windvane.engine.features.cards import RECIPES
from windvane.engine.packages.assembly import write_recipes
from windvane.engine.plan_text import FOLDS, RECIPE, WITHOUT
from windvane.engine.plan_text import columns_without as columns_without
from windvane.engine.plan_text import plan_of as plan_of
from windvane.engine.scoring.calibration import at_temperature
from windvane.engine.training.fold_limits import FoldLimits
from windvane.engine.training.one_thread import one_thread
from windvane.engine.training.trial import TrainLimits
from windvane.engine.tuning.vocabulary import completed
from windvane.errors import CandidateFault, OutOfTime
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_LAYER_AGAIN = Note(NoteCode.STACKED_AGAIN)
_NO_LIMIT_S = 10 * 365 * 24 * 3600.0

_WEIGHTS_SUM = 1e-6


def leave_out(dataset: Path, names: Iterable[str], into: Path) -> Path:
    """Return the dataset folder without some columns: `dataset` itself if there are none to leave out, else `into`, which is
    made. Rows to be predicted still have these columns; nothing is learnt from them.

    raises    CandidateFault if the table has no column of a name
    """
    left_out = set(names)
    if not left_out:
        return dataset
    analysis = read_analysis(dataset)
    known = {column.name for column in analysis.columns}
    if missing := sorted(left_out - known):
        raise CandidateFault(
            f"The hyperparameter '{WITHOUT}' names {missing[0]!r}, which is not a column of "
            f"the table other than its target '{analysis.target}'."
        )
    columns = tuple(
        _unused(column) if column.name in left_out else column for column in analysis.columns
    )
    document = replace(analysis, columns=columns).to_json()
    shutil.copytree(dataset, into)
    (into / "analysis.json").write_text(json.dumps(document, allow_nan=False), encoding="utf-8")
    return into


def rerun(
    dataset: Path,
    plan: Plan,
    folds: int | None,
    features: Path,
    into: Path,
    max_runtime_s: float | None = None,
    memory_mb: float | None = None,
) -> Outcome:
    """Train the plan on exactly so many folds and on all rows, and write `into` as `engine.stages.train` does.

    folds          None for those of one division
    features       the folder of its recipe; the fits that are missing are made in it
    max_runtime_s  wall clock; None for as long as it takes
    memory_mb      this process may hold; None for no limit
    raises         CandidateFault for hyperparameters that cannot be; OutOfTime, a kind of it, rather than a score or
                   model that the time has changed otherwise than the plan's `stops` say
    """
    analysis = read_analysis(dataset)
    plan = completed(analysis, plan)
    wanted = analysis.n_folds if folds is None else folds
    if wanted > analysis.n_fold_fits:
        raise CandidateFault(
            f"The hyperparameter '{FOLDS}' is {wanted}; this table has {analysis.n_fold_fits}."
        )
    time_s = _NO_LIMIT_S if max_runtime_s is None else max_runtime_s
    limits = TrainLimits(time.time() + time_s, FoldLimits(most=wanted), memory_mb=memory_mb)
    with one_thread():
        outcome = stages.train(dataset, features if plan.recipe else None, plan, limits, into)
    was_cut = not outcome.stops.items() <= plan.stops.items()
    if outcome.folds_used < wanted or was_cut or read_candidate(into).recipe_fit != FULL_FIT:
        shutil.rmtree(into)
        raise OutOfTime(
            f"The time limit was too short for its {wanted} folds and the model on all rows."
        )
    return outcome


def fit_transformers(dataset: Path, recipes: Sequence[str], features: Path, into: Path) -> None:
    """Write one transformers package of recipes fitted on all rows, into a folder that is made.

    features    a folder for the folders of the recipes, which are as for `rerun`
    raises      CandidateFault if there is no such recipe; DataFault if no column is of use
    """
    known = [card.name for card in RECIPES]
    for recipe in recipes:
        if recipe not in known:
            raise CandidateFault(
                f"The hyperparameter '{RECIPE}' is {recipe!r}; it must be one of: {', '.join(known)}."
            )
    with one_thread():
        for recipe in recipes:
            stages.fit_features(dataset, recipe, features / recipe, (FULL_FIT,))
    write_recipes(dataset, {recipe: features / recipe / FULL_FIT for recipe in recipes}, into)


def rerun_ensemble(
    dataset: Path,
    members: Mapping[int, Path],
    weights: Mapping[int, float],
    index: int,
    into: Path,
    second_layer: Mapping[str, Any] = MappingProxyType({}),
) -> Outcome:
    """Return the ensemble of candidates (index -> folder) with given weights, written like a candidate. Its score is that of
    the weighted out-of-fold predictions, as `engine.stages.build_ensemble` tells it; its temperature is fitted to them.

    weights       positive, with the sum 1; their order is that of the sum, which counts in the last digit
    second_layer  how one is fitted to the members' predictions again, as `Outcome.second_layer` says; {} without one
    raises        CandidateFault if the weights, or what the members predict, do not fit together, or the second layer's
                  parameters cannot be
    """
    started = time.time()
    _check_weights(weights)
    table = read_dataset(dataset)
    records = {number: read_candidate(folder) for number, folder in members.items()}
    predictions = {
        number: at_temperature(read_out_of_fold(folder), records[number].temperature)
        for number, folder in members.items()
    }
    shapes = {predicted.shape for predicted in predictions.values()}
    if len(shapes) > 1 or next(iter(shapes))[0] != table.y.size:
        raise CandidateFault("Not all members were trained on this table: rows or classes differ.")
    found = weighted(predictions, weights)
    if not found.rows.size:
        raise CandidateFault("No row was scored by all members.")
    found, layer = _stacked(table, predictions, found, second_layer)
    weighting = NoteCode.WEIGHTS_GIVEN
    record = judge.ensemble_record(table, found, records, index, started, weighting)
    if layer is not None:
        told = dict(second_layer)
        record = judge.with_second_layer(record, told, layer.size_bytes, _LAYER_AGAIN)
    out_of_fold = np.full(next(iter(shapes)), np.nan, np.float32)
    out_of_fold[found.rows] = found.in_sample
    into.mkdir(parents=True)
    write_candidate(into, record, out_of_fold)
    if layer is not None:
        layer.save(into / SECOND_LAYER)
    return record.outcome


def _stacked(
    table: Dataset, predictions: Predictions, found: Blend, second_layer: Mapping[str, Any]
) -> tuple[Blend, SecondLayer | None]:
    """Return the ensemble with its second layer, if it is to have one."""
    if not second_layer:
        return found, None
    first = OutOfFold.of(table, predictions)
    return stacked(stacking_of(second_layer), first, found)


def _check_weights(weights: Mapping[int, float]) -> None:
    given = list(weights.values())
    if not given or min(given) <= 0 or not abs(sum(given) - 1) <= _WEIGHTS_SUM:
        raise CandidateFault(f"Weights must be positive and add up to 1; these do not: {given}.")


def _unused(column: ColumnSpec) -> ColumnSpec:
    return replace(column, type=ColumnType.CONSTANT, reason="excluded on request")
