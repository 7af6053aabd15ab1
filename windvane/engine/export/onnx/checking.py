"""An ONNX file run by ONNX Runtime, and its predictions compared with those of the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from windvane.engine.columns import Values
from windvane.engine.export.onnx.models import is_exact
from windvane.engine.export.onnx.report import CheckedRows, Compared
from windvane.engine.export.parity import EXACT, SINGLE_PRECISION, parity_of
from windvane.engine.features.categorical import CategoryTable
from windvane.engine.features.recipe import Recipe
from windvane.engine.packages.package import Predictor

_ROWS_AT_ONCE = 100
_TYPES = {"tensor(double)": "float64", "tensor(string)": "string"}


def compared(predictor: Predictor, content: bytes, rows: Sequence[CheckedRows]) -> Compared:
    """Compare the predictions of a file with those of its model.

    raises    JobFault if they differ
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # what goes wrong comes back as an error
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    inputs = {one.name: _TYPES[one.type] for one in session.get_inputs()}
    outputs = [one.name for one in session.get_outputs()]
    wanted, got = [], []
    for block in _blocks(rows):
        wanted.append(predictor.predict_columns(block.columns, block.n_rows))
        got.append(session.run(outputs, _feeds(inputs, block)))
    labels = predictor.schema.labels
    numbers = np.concatenate([one[-1] for one in got])
    told = np.concatenate([one[0] for one in got]).tolist() if labels else []
    is_all_exact = all(is_exact(member.model) for member in predictor.members)
    tolerance = EXACT if is_all_exact else SINGLE_PRECISION
    parity = parity_of(labels, wanted, numbers, told, tolerance)
    parity.check()
    return Compared(
        parity,
        sum(_n_with_missing(predictor, one) for one in rows),
        sum(_n_with_unseen(predictor, one) for one in rows),
        inputs,
        outputs,
    )


def _blocks(rows: Sequence[CheckedRows]) -> Iterator[CheckedRows]:
    for one in rows:
        for at in range(0, one.n_rows, _ROWS_AT_ONCE):
            end = min(at + _ROWS_AT_ONCE, one.n_rows)
            part = {name: values[at:end] for name, values in one.columns.items()}
            yield CheckedRows(part, end - at)


def _feeds(inputs: Mapping[str, str], rows: CheckedRows) -> dict[str, NDArray[Any]]:
    return {
        name: _numbers(rows.columns[name]) if kind == "float64" else _texts(name, rows)
        for name, kind in inputs.items()
    }


def _numbers(values: Values) -> NDArray[np.float64]:
    return np.asarray(values, np.float64)[:, None]


def _texts(name: str, rows: CheckedRows) -> NDArray[Any]:
    """A column that the model has no use for says how many rows there are."""
    cells = rows.columns[name].tolist() if name in rows.columns else [None] * rows.n_rows
    return np.array([["" if cell is None else cell] for cell in cells], object)


def _n_with_missing(predictor: Predictor, rows: CheckedRows) -> int:
    found = np.zeros(rows.n_rows, bool)
    for _, spec in predictor.used:
        values = rows.columns[spec.name]
        if values.dtype == object:
            found |= np.array([one is None for one in values.tolist()], bool)
        else:
            found |= np.isnan(values)
    return int(found.sum())


def _n_with_unseen(predictor: Predictor, rows: CheckedRows) -> int:
    found = np.zeros(rows.n_rows, bool)
    for recipe in predictor.recipes.values():
        for source, transformer in recipe.steps if isinstance(recipe, Recipe) else ():
            if isinstance(transformer, CategoryTable):
                unseen = len(transformer.categories_)
                found |= transformer.codes(rows.columns[source]) == unseen
    return int(found.sum())
