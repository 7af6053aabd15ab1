"""Training data and a validation set of their own as one table, of which it is known which rows are which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from windvane.domain.problem import MetricName, ProblemSpec
from windvane.engine.data.analysis import ReadOptions, SourceFile, ValidationFiles
from windvane.engine.data.read import RawTable, read_table
from windvane.engine.data.target import Target
from windvane.errors import DataFault

_NEEDING_TWO = (MetricName.AUC, MetricName.R2)
"""Objectives that rows of a single target do not tell."""

_TRAINING_SHARE = 0.75
"""Of the memory, where both are read."""


def read_both(
    files: Sequence[SourceFile],
    validation: ValidationFiles,
    options: ReadOptions,
    problem: ProblemSpec,
    others: Mapping[str, str],
    only: Sequence[str] = (),
) -> RawTable:
    """Return the rows of the training data, then those of the validation data.

    others, only
              as for `read_table`
    raises    DataFault as `read_table` does, and if the two do not have the same columns
    """
    training = read_table(
        files, _within(options, _TRAINING_SHARE), problem.target, problem.seed, others, only=only
    )
    held_out = read_table(
        validation.files,
        replace(
            _within(options, 1 - _TRAINING_SHARE),
            format=validation.format,
            compression=validation.compression,
            max_bytes=validation.max_bytes,
        ),
        problem.target,
        problem.seed,
        others,
        like=tuple(training.columns),
        only=only,
    )
    return RawTable(
        {name: _after(cells, held_out.columns[name]) for name, cells in training.columns.items()},
        training.n_rows + held_out.n_rows,
        training.n_rows_read + held_out.n_rows_read,
        np.arange(training.n_rows + held_out.n_rows) >= training.n_rows,
    )


def check_usable(
    is_validation: NDArray[np.bool_], before: NDArray[np.bool_], name: str, target: Target
) -> None:
    """Check that the validation data can score candidates.

    is_validation   (n_rows,) of the rows with a valid target;  before: of all rows that were read
    name            of the target column
    raises          DataFault if no row of the validation data is left, or if those left do not tell the objective
    """
    if not before.any():
        raise DataFault("No row of the validation data has a sample weight above 0.")
    if not is_validation.any():
        unseen = list(target.unseen)[:3]
        told = f" (e.g. {', '.join(repr(label[:40]) for label in unseen)})" if unseen else ""
        raise DataFault(
            f"None of the {int(before.sum()):,} rows of the validation data can be used: they "
            f"have no value in the target column '{name}', or a label that does not occur in the "
            f"training data{told}."
        )
    values = np.unique(target.y[is_validation])
    if target.objective in _NEEDING_TWO and len(values) == 1:
        told = target.labels[int(values[0])] if target.labels else f"{values[0]:g}"
        raise DataFault(
            f"{target.objective} cannot be computed on the validation data: all of their "
            f"{int(is_validation.sum()):,} usable rows have '{told[:60]}' in the target column "
            f"'{name}'. Add rows of other values, or choose another objective."
        )


def _within(options: ReadOptions, share: float) -> ReadOptions:
    return replace(options, memory_mb=max(1, int(options.memory_mb * share)))


def _after(cells: pa.ChunkedArray, more: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return both one after the other, as numbers if both are, without a change of how any is written; else as texts."""
    for convert in (_same, _as_integers, _as_floats, _as_texts):
        try:
            one, other = convert(cells), convert(more)
        except pa.ArrowInvalid:
            continue
        if one.type == other.type and not pa.types.is_dictionary(one.type):
            return pa.chunked_array([*one.chunks, *other.chunks], one.type)
    raise AssertionError("Texts are texts.")


def _same(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    return cells


def _as_integers(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    return _as_numbers(cells, pa.int64())


def _as_floats(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    return _as_numbers(cells, pa.float64())


def _as_numbers(cells: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Cast values to a type of numbers.

    raises    ArrowInvalid for what are no numbers, or would not stay the same ones
    """
    if not (pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type)):
        raise pa.ArrowInvalid(f"{cells.type} is no type of numbers")
    return cells.cast(kind)


def _as_texts(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return values as a CSV file would hold them."""
    if not pa.types.is_floating(cells.type):
        return cells.cast(pa.string())
    is_missing = pc.or_kleene(pc.is_null(cells), pc.is_nan(cells))
    texts = [str(number) for number in cells.to_numpy()]
    return pc.if_else(
        is_missing, pa.scalar(None, pa.string()), pa.chunked_array([texts], pa.string())
    )
