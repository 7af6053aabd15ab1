"""The table of an earlier job, as that job analysed it: it outlives the data themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.console.candidate.reading import read_json
from windvane.console.request_context import RequestContext

_ANALYSIS = "preprocessed-data/dataset/analysis.json"
_MOST_VALUES = 2_000_000
"""Of the analysis of the widest table."""


@dataclass(frozen=True)
class KnownTable:
    """The table of an earlier job, as that job analysed it.

    labels     of the target's classes; () of a number
    columns    type of each by name
    """

    target: str
    problem_type: str
    n_rows: int
    labels: Sequence[str]
    columns: Mapping[str, str]


async def read_known_table(context: RequestContext, job: Mapping[str, Any]) -> KnownTable | None:
    """Return the table of a job; None if it has written no analysis of one.

    job    of DescribeAutoMLJobV2
    """
    root = f"{job['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job['AutoMLJobName']}"
    async with context.objects.large():
        found = await read_json(context.objects, f"{root}/{_ANALYSIS}", _MOST_VALUES)
        return None if found is None else known_table(found)


def known_table(analysis: Mapping[str, Any]) -> KnownTable:
    """Return what analysis.json says of a table."""
    return KnownTable(
        analysis["target"],
        analysis["problem_type"],
        analysis["n_rows"],
        tuple(analysis["labels"]),
        {one["name"]: one["type"] for one in analysis["columns"]},
    )
