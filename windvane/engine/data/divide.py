"""The rows of a table, divided into folds as the job asks for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import ProblemSpec
from windvane.engine.data.read import RawTable
from windvane.engine.data.split import (
    HOLD_OUT,
    assign_folds,
    choose_n_folds,
    choose_n_repeats,
    held_out_share,
    target_strata,
)
from windvane.engine.data.target import Target
from windvane.engine.data.unit_folds import group_folds, time_folds
from windvane.engine.data.units import settled
from windvane.engine.data.validation import check_usable
from windvane.engine.splits import Split, SplitKind, Units


@dataclass(frozen=True)
class Divided:
    """A split, and how many groups or times it has."""

    split: Split
    n_units: int = 0


def divide(
    raw: RawTable,
    target: Target,
    keys: NDArray[np.uint64],
    n_features: int,
    problem: ProblemSpec,
) -> Divided:
    """Return the rows with a valid target, divided into folds, once or again and again.

    keys      (n_rows,) equal for rows that are equal to a model
    raises    DataFault if groups, times or a validation set cannot divide them
    """
    if raw.is_validation is not None:
        is_validation = raw.is_validation[target.valid]
        check_usable(is_validation, raw.is_validation, problem.target, target)
        return Divided(Split((np.where(is_validation, 0, -1).astype(np.int8),)))
    n_rows = len(target.y)
    n_folds = choose_n_folds(n_rows, n_features)
    if problem.validation_fraction is not None:
        n_folds = HOLD_OUT
    if raw.units is not None:
        return _by_units(raw.units[target.valid], target, n_folds, problem)
    share = problem.validation_fraction
    strata = _strata(target)
    divisions = [
        assign_folds(strata, keys, n_folds, problem.seed + repeat, share)
        for repeat in range(choose_n_repeats(n_rows, n_folds))
    ]
    return Divided(Split(divisions, n_folds))


def _by_units(units: Units, target: Target, n_folds: int, problem: ProblemSpec) -> Divided:
    share = problem.validation_fraction
    share = held_out_share(units.size) if share is None else share
    if problem.group_column is not None:
        groups, n_groups = settled(units, SplitKind.GROUPS, problem.group_column)
        return Divided(_by_groups(groups, target, n_folds, share, problem.seed), n_groups)
    times, n_times = settled(units, SplitKind.TIME, str(problem.time_column))
    return Divided(_in_order(times, target, n_folds, share), n_times)


def _by_groups(groups: Units, target: Target, n_folds: int, share: float, seed: int) -> Split:
    """Return folds of whole groups: as many as usual, or as groups if there are fewer."""
    n_groups = int(groups.max()) + 1
    n_folds = HOLD_OUT if n_folds == HOLD_OUT else min(n_folds, n_groups)
    n_repeats = choose_n_repeats(groups.size, n_folds) if n_groups > n_folds else 1
    divisions = [
        group_folds(groups, _strata(target), n_folds, seed + repeat, share)
        for repeat in range(n_repeats)
    ]
    return Split(divisions, n_folds, SplitKind.GROUPS, groups)


def _in_order(times: Units, target: Target, n_folds: int, share: float) -> Split:
    """Return folds in the order of time, without those that would be trained on rows of a single class."""
    folds = time_folds(times, n_folds, share)
    while target.problem_type.is_classification and folds.max() > 0:
        earliest = target.y[folds < 0]
        if earliest.size and earliest.min() < earliest.max():
            break
        folds[folds == folds.max()] = -1
    return Split((folds,), int(folds.max()) + 1, SplitKind.TIME, times)


def _strata(target: Target) -> NDArray[np.int64]:
    return target_strata(target.y, target.problem_type.is_classification)
