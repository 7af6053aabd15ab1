"""A file of any size to predict: how its columns go to the model, and the transform job that predicts them."""

from __future__ import annotations

import csv
import io
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from windvane.console.trying.pasted import is_header
from windvane.console.trying.schema import Schema
from windvane.errors import InvalidRequest

MOST_FIRST = 1 << 20
"""Characters of the first line."""

_LONGEST_FILTER = 63
"""source    JsonPath in SageMaker's service model"""

_SHOWN = 20
_MIDDLE = "-predictions-"
_LONGEST_BEGINNING = 30


@dataclass(frozen=True)
class Plan:
    """The columns of a file, and how they are passed to a model.

    has_header    whether its first line names the columns; it is no row
    names         of the file's columns; the model's if it has no header
    path          InputFilter of a transform job: the columns of the model, in its order
    """

    has_header: bool
    names: tuple[str, ...]
    path: str


@dataclass(frozen=True)
class Batch:
    """The description of a file to predict, stored beside its uploaded parts.

    file      its name;  n_parts  in which it was uploaded
    head      names of the columns of the result
    """

    file: str
    n_parts: int
    head: tuple[str, ...]
    joins: bool

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def batch_from(document: bytes) -> Batch:
    """Read what `Batch.to_json` wrote.

    raises    InvalidRequest for anything else: it lies where others may write
    """
    try:
        told = json.loads(document)
        file, n_parts, head, joins = (told[name] for name in ("file", "n_parts", "head", "joins"))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidRequest("The description of the file to predict is damaged.") from error
    is_right = isinstance(file, str) and type(n_parts) is int and isinstance(head, list)
    if not is_right or not all(isinstance(name, str) for name in head):
        raise InvalidRequest("The description of the file to predict is damaged.")
    file, *head = (text.encode("utf-8", "replace").decode() for text in (file, *head))
    return Batch(file, n_parts, tuple(head), joins is True)


def plan_of(first: str, schema: Schema) -> Plan:
    """Return how the rows of a file with this first line go to the model.

    raises    InvalidRequest if it cannot: a transform job takes columns of the file in any order, but adds none
    """
    cells = _cells(first)
    if not is_header(cells, schema.names, schema.target):
        if len(cells) == len(schema.names):
            return Plan(False, tuple(schema.names), "$")
        raise InvalidRequest(_not_fitting(first, cells, schema))
    place = {name.strip(): i for i, name in enumerate(cells)}
    missing = [
        column["Name"]
        for column in schema.columns
        if column["Used"] and column["Name"].strip() not in place
    ]
    if missing:
        raise InvalidRequest(
            f"The file does not have columns that the model uses: {_listed(missing)}. Add them; they may be empty."
        )
    # What the model does not use may have the cells of any other column.
    places = [place.get(name.strip(), 0) for name in schema.names]
    return Plan(True, tuple(cells), _path(places, len(cells), schema))


def _cells(first: str) -> list[str]:
    try:
        rows = list(csv.reader(io.StringIO(first, newline=""), strict=True))
    except csv.Error as error:
        raise InvalidRequest(f"The first line is not CSV: {error}.") from error
    if len(rows) != 1 or not rows[0]:
        raise InvalidRequest("The file does not begin with a line of CSV.")
    return rows[0]


def _not_fitting(first: str, cells: Sequence[str], schema: Schema) -> str:
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if first.count(mark) + 1 >= len(schema.names) > len(cells):
            return f"The values are separated by {name}. Save the file with commas."
    return (
        f"The first line has {len(cells)} values and does not name the model's columns; a row has {len(schema.names)} values: "
        f"{_listed(schema.names)}."
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _path(places: Sequence[int], n_columns: int, schema: Schema) -> str:
    """
    >>> _path([0, 1, 2], 3, None), _path([1, 2, 3, 0], 5, None)
    ('$', '$[1:4,0]')
    """
    if list(places) == list(range(n_columns)):
        return "$"
    path = f"$[{','.join(_runs(places))}]"
    if len(path) > _LONGEST_FILTER:
        raise InvalidRequest(
            f"The columns are in another order than those of the training data, more than a transform job can rearrange. "
            f"Put them in this order: {_listed(schema.names)}."
        )
    return path


def _runs(places: Sequence[int]) -> Iterator[str]:
    start = 0
    for i in range(1, len(places) + 1):
        if i < len(places) and places[i] == places[i - 1] + 1:
            continue
        first, last = places[start], places[i - 1]
        yield str(first) if first == last else f"{first}:{last + 1}"
        start = i


def job_beginning(endpoint: str) -> str:
    """Return how the names of transform jobs of an endpoint begin.

    >>> job_beginning("churn")
    'churn-predictions-'
    """
    return endpoint[:_LONGEST_BEGINNING].rstrip("-") + _MIDDLE


def job_name(endpoint: str, now: datetime) -> str:
    return f"{job_beginning(endpoint)}{now:%m%d-%H%M%S}-{secrets.token_hex(2)}"


def transform_request(
    name: str, model: str, folder: str, plan: Plan, *, joins: bool
) -> dict[str, Any]:
    """Return the parameters of CreateTransformJob.

    folder    S3 URI, with the parts of the file in `input/`
    joins     the columns of the file stand before its predictions
    """
    return {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{folder}/input/"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": f"{folder}/output",
            "Accept": "text/csv",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": {
            "InputFilter": plan.path,
            "JoinSource": "Input" if joins else "None",
        },
    }


_OUTPUT = re.compile(r"(s3://.+)/output/?")


def folder_of(job: Mapping[str, Any]) -> str:
    """Return the folder of the file that a transform job predicts.

    job       DescribeTransformJob's answer
    raises    InvalidRequest if the job was not started by this page
    """
    found = _OUTPUT.fullmatch(job["TransformOutput"]["S3OutputPath"])
    if found is None or "/console/predictions/" not in found[1]:
        raise InvalidRequest(
            f"The transform job {job['TransformJobName']} was not started from this page."
        )
    return found[1]
