"""Files to a dataset folder: read, settle the target, type every column, check, split, write."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import ProblemSpec
from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Analysis, ReadOptions, SourceFile
from windvane.engine.data.checks import TableFacts, find_all
from windvane.engine.data.dataset import Dataset, write_dataset
from windvane.engine.data.encoded import encode
from windvane.engine.data.plainnumbers import plain_numbers
from windvane.engine.data.power import MOST_ROWS, prediction_power
from windvane.engine.data.profile import describe_numbers
from windvane.engine.data.read import RawTable, read_table
from windvane.engine.data.split import assign_folds, choose_n_folds, target_strata
from windvane.engine.data.target import Target, may_be_numbers, resolve_target
from windvane.engine.data.typed import RawColumn, TypedColumn, add_to_keys, type_column
from windvane.errors import DataFault, JobFault

_LEAST_POWER_ROWS, _POWER_CELLS = 2000, 2_000_000


def analyse(
    files: Sequence[SourceFile], options: ReadOptions, problem: ProblemSpec, into: Path
) -> Analysis:
    """Read, infer types and problem, check, split, and write `into` (a dataset folder, whole or not at all).

    raises    DataFault, whose text is fit to be a FailureReason
    """
    try:
        raw = read_table(files, options, problem.target, problem.seed)
        dataset = _build(raw, problem, options)
        write_dataset(dataset, into)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise JobFault(
            f"The server's disk is full: {error.filename or into} could not be written. Free some space "
            "and start the job again."
        ) from error
    return dataset.analysis


def _build(raw: RawTable, problem: ProblemSpec, options: ReadOptions) -> Dataset:
    cells = raw.columns.pop(problem.target)
    numbers = plain_numbers(problem.target, cells) if may_be_numbers(problem) else None
    target_column = numbers or encode(problem.target, cells)
    target = resolve_target(target_column, problem, options.min_rows)
    columns, row_keys = _type_columns(raw, target)
    _check_learnable(columns)
    powers = _powers(columns, target, problem.seed)
    kept_target = target_column.keep(target.valid)
    facts = TableFacts(
        columns,
        problem.target,
        target,
        kept_target.digests()[0],
        add_to_keys(row_keys, kept_target),
        raw.n_rows,
        raw.n_rows_read,
        powers,
    )
    features = [column for column in columns if column.spec.type.is_feature]
    n_folds = choose_n_folds(facts.n_rows, len(features))
    strata = target_strata(target.y, target.problem_type.is_classification)
    analysis = Analysis(
        target=problem.target,
        problem_type=target.problem_type,
        problem_reason=target.reason,
        objective=target.objective,
        columns=tuple(column.spec for column in columns),
        labels=target.labels,
        label_type=target.label_type,
        class_counts=target.class_counts,
        n_rows=facts.n_rows,
        n_rows_read=raw.n_rows_read,
        n_folds=n_folds,
        seed=problem.seed,
        findings=find_all(facts),
        statistics=_statistics(columns, powers, problem.target, target),
    )
    return Dataset(
        analysis,
        {column.name: column.values for column in features},
        target.y,
        assign_folds(strata, facts.row_keys, n_folds, problem.seed),
    )


def _type_columns(raw: RawTable, target: Target) -> tuple[list[TypedColumn], NDArray[np.uint64]]:
    """Every column but the target typed, and a key for each row; the raw cells are let go on the way."""
    keys = np.zeros(len(target.y), dtype=np.uint64)
    typed: list[TypedColumn] = []
    for name in list(raw.columns):
        cells = raw.columns.pop(name)
        column = _valid_rows(plain_numbers(name, cells) or encode(name, cells), target)
        keys = add_to_keys(keys, column)
        typed.append(type_column(column))
    return typed, keys


def _valid_rows(column: RawColumn, target: Target) -> RawColumn:
    return column if target.valid.all() else column.keep(target.valid)


def _check_learnable(columns: Sequence[TypedColumn]) -> None:
    if any(column.spec.type.is_feature for column in columns):
        return
    told = "; ".join(f"'{column.name}': {column.spec.reason}" for column in columns[:5])
    raise DataFault(
        "There is no column to learn from: "
        + (f"{told}." if columns else "the data hold nothing but the target column.")
    )


def _powers(columns: Sequence[TypedColumn], target: Target, seed: int) -> dict[str, float]:
    """Prediction power of every feature but free text, on a random part of the rows."""
    n_rows = int(np.clip(_POWER_CELLS // max(len(columns), 1), _LEAST_POWER_ROWS, MOST_ROWS))
    rows = np.random.default_rng(seed).permutation(len(target.y))[:n_rows]
    y = target.y[rows]
    return {
        column.name: prediction_power(
            column.values[rows], y, target.problem_type, len(target.labels)
        )
        for column in columns
        if column.spec.type.is_feature and column.spec.type is not ColumnType.TEXT
    }


def _statistics(
    columns: Sequence[TypedColumn], powers: dict[str, float], name: str, target: Target
) -> dict[str, dict[str, object]]:
    statistics = {column.name: dict(column.statistics) for column in columns}
    for column, power in powers.items():
        statistics[column]["prediction_power"] = round(power, 4)
    about_target = (
        {"top": [list(pair) for pair in zip(target.labels, target.class_counts, strict=True)]}
        if target.labels
        else describe_numbers(target.y)
    )
    return statistics | {name: {"missing": target.n_invalid, **about_target}}
