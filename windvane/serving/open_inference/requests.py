"""Requests of the Open Inference Protocol: tensors to rows of raw cells.

Each input is a column, by its name, or there is one input that is the whole table. What a tensor says of itself is held
against what it has: a shape names no more values than there are, and a datatype no others than it allows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.sketch import ColumnSketch, Sketch
from windvane.errors import InvalidRequest
from windvane.serving.request_rows import Row, check_size, decoded, parse_json

Cells = list[str | None]

_MOST_DIGITS = 9
_WHOLE = re.compile(r"-?[0-9]+")
_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})
_WIDTHS = (8, 16, 32, 64)


class _Number(str):
    """A number of a document, as it was written; a text of the document is none."""

    __slots__ = ()


@dataclass(frozen=True)
class TensorRequest:
    """The content of a request.

    id        to be repeated; "" for none
    outputs   names of the tensors that are asked for; () for all
    """

    rows: list[Row]
    id: str = ""
    outputs: tuple[str, ...] = ()


def read_request(body: bytes, columns: Sequence[ColumnSpec], sketch: Sketch) -> TensorRequest:
    """Return the rows of a request, each with a cell for each column; columns that are left out are missing.

    raises    InvalidRequest naming the tensor, and the place in it, that cannot be read
    """
    document = parse_json(decoded(body), "The request body", _Number)
    if not isinstance(document, dict):
        raise InvalidRequest('The request body must be an object with a list "inputs".')
    inputs = _objects(document, "inputs")
    if not inputs:
        raise InvalidRequest(
            '"inputs" of the request body is empty; it must have a tensor for each column.'
        )
    tensors = [_tensor(one, number) for number, one in enumerate(inputs, 1)]
    check_size(tensors[0].shape[0], len(columns), len(body))
    rows = _rows(tensors, columns, sketch)
    return TensorRequest(rows, _text_of(document, "id", "the request body"), _wanted(document))


@dataclass(frozen=True)
class _Tensor:
    """An input: its values in row-major order, as many as its shape says."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: list[Any]


def _objects(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = document.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InvalidRequest(f'"{name}" of the request body must be a list of objects.')
    return found


def _wanted(document: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_text_of(one, "name", "an output") for one in _objects(document, "outputs"))


def _text_of(document: Mapping[str, Any], name: str, where: str) -> str:
    found = document.get(name, "")
    if not isinstance(found, str) or isinstance(found, _Number):
        raise InvalidRequest(f'"{name}" of {where} must be a string.')
    return found


def _tensor(told: Mapping[str, Any], number: int) -> _Tensor:
    where = f"input {number}"
    name, datatype = _text_of(told, "name", where), _text_of(told, "datatype", where)
    if not name:
        raise InvalidRequest(f"Input {number} has no name.")
    if datatype not in _READERS:
        raise InvalidRequest(
            f"Input '{name}' has the datatype '{datatype[:32]}', which is none of the protocol's: {', '.join(_READERS)}."
        )
    shape = _shape(told.get("shape"), name)
    return _Tensor(name, datatype, shape, _values(told.get("data"), shape, name))


def _shape(told: Any, name: str) -> tuple[int, ...]:
    is_list = isinstance(told, list) and 1 <= len(told) <= 2
    if not is_list or not all(
        isinstance(n, _Number) and n.isdecimal() and len(n) <= _MOST_DIGITS for n in told
    ):
        raise InvalidRequest(
            f"Input '{name}' must have a shape of one or two whole numbers: [rows], [rows, 1], or [rows, columns]."
        )
    return tuple(int(n) for n in told)


def _values(told: Any, shape: tuple[int, ...], name: str) -> list[Any]:
    """Return the values of a tensor, which may be nested as its shape is."""
    if not isinstance(told, list):
        raise InvalidRequest(f"Input '{name}' must have a list as its data.")
    values = told
    if len(shape) == 2 and told and isinstance(told[0], list):
        if not all(isinstance(row, list) and len(row) == shape[1] for row in told):
            raise InvalidRequest(
                f"Input '{name}' has a row with other than {shape[1]} values, which its shape says."
            )
        values = [value for row in told for value in row]
    n_values = math.prod(shape)
    if len(values) != n_values:
        raise InvalidRequest(
            f"Input '{name}' has {len(values)} values; its shape {list(shape)} says {n_values}."
        )
    return values


def _rows(tensors: Sequence[_Tensor], columns: Sequence[ColumnSpec], sketch: Sketch) -> list[Row]:
    by_name = {column.name: column for column in columns}
    first = tensors[0]
    if len(tensors) == 1 and len(first.shape) == 2 and first.name not in by_name:
        return _rows_of_table(first, columns, sketch)
    given: dict[str, Cells] = {}
    for tensor in tensors:
        if tensor.name not in by_name:
            names = ", ".join(list(by_name)[:20])
            raise InvalidRequest(
                f"Input '{tensor.name}' is no column of the model. Its columns: {names}"
                f"{f' and {len(by_name) - 20} more' if len(by_name) > 20 else ''}."
            )
        if tensor.name in given:
            raise InvalidRequest(f"Input '{tensor.name}' stands in the request twice.")
        if tensor.shape[1:] not in ((), (1,)) or tensor.shape[0] != first.shape[0]:
            raise InvalidRequest(
                f"Input '{tensor.name}' has the shape {list(tensor.shape)}; every column must have that of the first, "
                f"[{first.shape[0]}] or [{first.shape[0]}, 1]."
            )
        given[tensor.name] = _cells(tensor, by_name[tensor.name], sketch)
    _check_any(first.shape[0])
    missing: Cells = [None] * first.shape[0]
    return list(zip(*(given.get(name, missing) for name in by_name), strict=True))


def _rows_of_table(table: _Tensor, columns: Sequence[ColumnSpec], sketch: Sketch) -> list[Row]:
    n_rows, n_columns = table.shape
    if n_columns != len(columns):
        raise InvalidRequest(
            f"Input '{table.name}' is no column of the model, so it must be the whole table, of the shape "
            f"[rows, {len(columns)}]; its shape is {list(table.shape)}."
        )
    _check_any(n_rows)
    parts = [
        _Tensor(
            f"{table.name}'[:, {place}] '{column.name}",
            table.datatype,
            (n_rows,),
            table.values[place::n_columns],
        )
        for place, column in enumerate(columns)
    ]
    cells = [_cells(part, column, sketch) for part, column in zip(parts, columns, strict=True)]
    return list(zip(*cells, strict=True))


def _check_any(n_rows: int) -> None:
    if not n_rows:
        raise InvalidRequest("The request has no rows: the first number of each shape is 0.")


def _cells(tensor: _Tensor, column: ColumnSpec, sketch: Sketch) -> Cells:
    """Return the cells of a column; null is a missing value in every datatype."""
    read = _READERS[tensor.datatype]
    known = sketch.get(column.name, ColumnSketch()).values
    is_numeric = column.type is ColumnType.NUMERIC
    cells: Cells = []
    for place, value in enumerate(tensor.values):
        cell = None if value is None else read(value, is_numeric, known)
        if cell is None and value is not None:
            raise _unfit(tensor, column, place, value)
        cells.append(cell)
    return cells


def _unfit(tensor: _Tensor, column: ColumnSpec, place: int, value: Any) -> InvalidRequest:
    where = f"Value {place} (from 0) of input '{tensor.name}'"
    if tensor.datatype == "BOOL" and isinstance(value, bool):
        return InvalidRequest(
            f"{where} is a BOOL, and it is not known how column '{column.name}' spells those: send BYTES, spelled as in the "
            'training data, e.g. "True".'
        )
    return InvalidRequest(f"{where} is no {tensor.datatype}.")


_Reader = Callable[[Any, bool, Sequence[str]], str | None]
"""A value, whether its column has numbers, and the categories that it is known to have, to a cell; None if it is none of the
datatype's."""


def _text(value: Any, _is_numeric: bool, _known: Sequence[str]) -> str | None:
    return value if isinstance(value, str) and not isinstance(value, _Number) else None


def _number(value: Any, is_numeric: bool, known: Sequence[str]) -> str | None:
    """Codes of categories are spelled as in the training data: 3.0 is category 3, where there is no 3.0."""
    if not isinstance(value, _Number):
        return None
    if not is_numeric and value not in known and (as_float := float(value)).is_integer():
        return str(int(as_float))
    return str(value)


def _whole(value: Any, _is_numeric: bool, _known: Sequence[str]) -> str | None:
    return str(value) if isinstance(value, _Number) and _WHOLE.fullmatch(value) else None


def _truth(value: Any, is_numeric: bool, known: Sequence[str]) -> str | None:
    if not isinstance(value, bool):
        return None
    if is_numeric:
        return "1" if value else "0"
    spelled = [name for name in known if name.lower() in (_TRUE if value else _FALSE)]
    return spelled[0] if len(spelled) == 1 else None


_READERS: Mapping[str, _Reader] = {
    "BYTES": _text,
    "BOOL": _truth,
    **{f"{sign}INT{width}": _whole for sign in ("", "U") for width in _WIDTHS},
    **{f"FP{width}": _number for width in _WIDTHS[1:]},
}
