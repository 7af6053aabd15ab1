"""Files to a dataset folder: read, settle the target, type every column, check, split, write."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.domain.features import FeatureType
from windvane.domain.problem import ProblemSpec
from windvane.engine.columns import ColumnType, Values
from windvane.engine.data.analysis import Analysis, ReadOptions, SourceFile, ValidationFiles
from windvane.engine.data.checks.facts import RowKeys, TableFacts
from windvane.engine.data.checks.findings import find_all
from windvane.engine.data.dataset import Dataset, write_dataset
from windvane.engine.data.divide import Divided, divide
from windvane.engine.data.encoded import encode
from windvane.engine.data.mapped import mapped_column
from windvane.engine.data.monotone import check_monotone
from windvane.engine.data.plainnumbers import plain_numbers
from windvane.engine.data.predictive_power import MOST_ROWS, Powers, prediction_power
from windvane.engine.data.profile import describe_numbers
from windvane.engine.data.read import RawTable, read_table
from windvane.engine.data.rowweights import take_weights
from windvane.engine.data.split import HOLD_OUT
from windvane.engine.data.target import Target, may_be_numbers, resolve_target
from windvane.engine.data.typed import (
    RawColumn,
    TypedColumn,
    add_to_keys,
    keep_unused,
    type_column,
)
from windvane.engine.data.units import GROUP, TIME, read_units
from windvane.engine.data.validation import read_both
from windvane.engine.weighted import Weight, taken
from windvane.errors import DataFault, JobFault

_SHARE_OF_COLUMNS = 0.25
"""Of the memory: columns that take more are mapped from disk."""

_LEAST_POWER_ROWS, _POWER_CELLS = 2000, 2_000_000


def analyse(
    files: Sequence[SourceFile],
    options: ReadOptions,
    problem: ProblemSpec,
    into: Path,
    validation: ValidationFiles | None = None,
) -> Analysis:
    """Read, infer types and problem, check, split, and write `into` (a dataset folder, whole or not at all).

    validation    a validation set of its own; None: some of the rows are held out
    raises        DataFault, whose text is fit to be a FailureReason
    """
    if validation is not None and problem.split_column is not None:
        raise DataFault(
            f"Rows are to be split by '{problem.split_column}', and there are separate validation data, whose rows are the "
            "ones that are validated: leave one of the two out."
        )
    others, only = _others(problem), _only(problem)
    try:
        if validation is None:
            raw = read_table(
                files,
                options,
                problem.target,
                problem.seed,
                others,
                only=only,
                group=problem.group_column,
            )
        else:
            raw = read_both(files, validation, options, problem, others, only)
        with tempfile.TemporaryDirectory(dir=options.scratch, prefix="columns-") as shelf:
            is_large = (
                8 * raw.n_rows * len(raw.columns) > _SHARE_OF_COLUMNS * options.memory_mb * 1e6
            )
            dataset = build_dataset(raw, problem, options, Path(shelf) if is_large else None)
            write_dataset(dataset, into)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise JobFault(
            f"The server's disk is full: {error.filename or into} could not be written. Free some space "
            "and start the job again."
        ) from error
    return dataset.analysis


def _others(problem: ProblemSpec) -> dict[str, str]:
    """Return columns that must be there besides the target, and what they are."""
    weight, time, group = problem.sample_weight, problem.time_column, problem.group_column
    return {
        **({} if time is None else {time: TIME}),
        **({} if group is None else {group: GROUP}),
        **({} if weight is None else {weight: "sample weight"}),
        **({} if problem.text_column is None else {problem.text_column: "content"}),
        **dict.fromkeys(problem.monotone, "monotone"),
        **dict.fromkeys(problem.features.columns, "feature"),
    }


def _only(problem: ProblemSpec) -> tuple[str, ...]:
    """Return the columns that are read; () for all."""
    return () if problem.text_column is None else (problem.target, *_others(problem))


def build_dataset(
    raw: RawTable, problem: ProblemSpec, options: ReadOptions, shelf: Path | None = None
) -> Dataset:
    """Return all of an analysis but reading and writing; the cells of `raw` are let go.

    shelf     a folder for columns of numbers, which are mapped from there; None keeps them in memory
    raises    DataFault, as `analyse`
    """
    n_rows_kept, weights = raw.n_rows, None
    raw = replace(raw, units=read_units(raw, problem))
    if problem.sample_weight is not None:
        raw, weights = take_weights(raw, problem.sample_weight)
    cells = raw.columns.pop(problem.target)
    numbers = plain_numbers(problem.target, cells) if may_be_numbers(problem) else None
    target_column = numbers or encode(problem.target, cells)
    target = resolve_target(target_column, problem, options.min_rows, raw.is_validation)
    columns, features, identifiers = _type_columns(raw, target, problem, shelf)
    _check_learnable(columns)
    check_monotone(problem.monotone, columns, target)
    kept_target = target_column.keep(target.valid)
    keys = _row_keys(features, identifiers, kept_target)
    n_features = sum(column.spec.type.is_feature for column in columns)
    divided = divide(raw, target, keys.learned, n_features, problem)
    folds, *repeats = divided.split.divisions
    facts = TableFacts(
        columns,
        problem.target,
        target,
        kept_target.digests()[0],
        {} if target.labels else describe_numbers(target.y),
        keys,
        folds,
        n_rows_kept,
        raw.n_rows_read,
        _powers(columns, target, problem.seed),
        n_weightless=0 if weights is None else weights.n_zero,
        n_unweighted=0 if weights is None else weights.n_invalid,
        unweighted=() if weights is None else weights.examples,
        weight=problem.sample_weight or "",
        has_validation_set=raw.is_validation is not None,
        split_kind=divided.split.kind,
    )
    return Dataset(
        _analysis(facts, problem, divided),
        {column.name: column.values for column in columns},
        target.y,
        folds,
        None if weights is None else _about_one(taken(weights.weight, target.valid)),
        repeats=repeats,
        units=divided.split.units,
    )


def _about_one(weight: Weight) -> Weight:
    """Return the weights scaled to the mean 1."""
    return None if weight is None else weight / weight.mean()


def _analysis(facts: TableFacts, problem: ProblemSpec, divided: Divided) -> Analysis:
    target, split = facts.target, divided.split
    n_folds = int(facts.folds.max()) + 1
    return Analysis(
        target=facts.target_name,
        problem_type=target.problem_type,
        problem_reason=target.reason,
        objective=target.objective,
        columns=tuple(column.spec for column in facts.columns),
        labels=target.labels,
        label_type=target.label_type,
        class_counts=target.class_counts,
        n_rows=facts.n_rows,
        n_rows_read=facts.n_rows_read,
        n_folds=n_folds,
        seed=problem.seed,
        calibrate=problem.calibrate,
        tune_threshold=problem.tune_threshold,
        findings=find_all(facts),
        statistics=_statistics(facts),
        sample_weight=problem.sample_weight,
        monotone=dict(problem.monotone),
        n_held_out=int((facts.folds == 0).sum()) if n_folds == HOLD_OUT else 0,
        has_validation_set=facts.has_validation_set,
        n_repeats=len(split.divisions),
        split_kind=split.kind,
        split_column=None if split.units is None else problem.split_column,
        n_units=divided.n_units,
    )


_Keys = NDArray[np.uint64]


def _type_columns(
    raw: RawTable, target: Target, problem: ProblemSpec, shelf: Path | None
) -> tuple[list[TypedColumn], _Keys, _Keys | None]:
    """Return every column but the target typed; a key for each row of what may be learned from, and one of what may not
    (its identifiers) if there is any. The raw cells are let go on the way.

    shelf    as of `build_dataset`
    """
    features: _Keys = np.zeros(len(target.y), dtype=np.uint64)
    identifiers: _Keys | None = None
    typed: list[TypedColumn] = []
    for name in list(raw.columns):
        cells, forced = raw.columns.pop(name), problem.features.types.get(name)
        if name == problem.text_column:
            forced = FeatureType.TEXT
        may_be_plain = forced in (None, FeatureType.NUMERIC)
        numbers = plain_numbers(name, cells) if may_be_plain else None
        column = _valid_rows(numbers or encode(name, cells), target)
        typed.append(type_column(column, forced) if problem.uses(name) else keep_unused(column))
        if typed[-1].spec.type in (ColumnType.IDENTIFIER, ColumnType.UNUSED):
            before = np.zeros_like(features) if identifiers is None else identifiers
            identifiers = add_to_keys(before, column.words())
        else:
            features = add_to_keys(features, column.words())
        if shelf is not None and typed[-1].values.dtype != object:
            typed[-1] = replace(typed[-1], values=mapped_column(typed[-1].values, shelf))
    return typed, features, identifiers


def _row_keys(features: _Keys, identifiers: _Keys | None, target: RawColumn) -> RowKeys:
    learned = add_to_keys(features, target.words())
    everything = learned if identifiers is None else add_to_keys(learned, identifiers)
    return RowKeys(everything, learned, features)


def _valid_rows(column: RawColumn, target: Target) -> RawColumn:
    return column if target.valid.all() else column.keep(target.valid)


def _check_learnable(columns: Sequence[TypedColumn]) -> None:
    if any(column.spec.type.is_feature for column in columns):
        return
    told = "; ".join(f"'{column.name}': {column.spec.reason}" for column in columns[:5])
    raise DataFault(
        "There is no column to train on: "
        + (f"{told}." if columns else "the data contain only the target column.")
    )


def _powers(columns: Sequence[TypedColumn], target: Target, seed: int) -> Powers:
    """Measure the prediction power of columns on a random part of the rows."""
    n_rows = int(np.clip(_POWER_CELLS // max(len(columns), 1), _LEAST_POWER_ROWS, MOST_ROWS))
    rows = np.random.default_rng(seed).permutation(len(target.y))[:n_rows]
    y = target.y[rows]

    def power(values: Values) -> float:
        return prediction_power(values, y, target.problem_type, len(target.labels))

    by_column = {
        column.name: power(column.values[rows])
        for column in columns
        if column.spec.type.is_feature and column.spec.type is not ColumnType.TEXT
    }
    return Powers(by_column, power(rows.astype(np.float64)), len(rows))


def _statistics(facts: TableFacts) -> dict[str, dict[str, object]]:
    statistics = {column.name: dict(column.statistics) for column in facts.columns}
    for column, power in facts.powers.columns.items():
        statistics[column]["prediction_power"] = round(power, 4)
    target = facts.target
    classes = [list(pair) for pair in zip(target.labels, target.class_counts, strict=True)]
    about_target = {"top": classes} if classes else facts.target_numbers
    return statistics | {facts.target_name: {"missing": target.n_invalid, **about_target}}
