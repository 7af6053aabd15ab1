"""The request for a preview, and its result: plain records that travel between processes as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FORECAST = "TimeSeriesForecasting"
"""The problem type of a target that is to be forecast.

source    the name of the problem type in SageMaker's API reference
"""


@dataclass(frozen=True)
class PreviewRequest:
    """The file to preview, and how it is to be read.

    name         what messages call the file;  n_bytes  of it
    compression  'None', 'Gzip' or "" for whatever it looks like
    target       the column to predict; "" for none yet
    problem_type AWS's name of it; "" for what the target implies; FORECAST if it is to be forecast
    types        column -> type that it is given, as in a feature specification
    features     the only columns to learn from; None for all
    group_column, time_column
                 as in ProblemSpec; "" for none
    timestamp, item, group_columns
                 columns that make series; "" and () for those that are to be found
    n_shown      rows to be told
    """

    name: str
    n_bytes: int
    compression: str = ""
    target: str = ""
    problem_type: str = ""
    types: Mapping[str, str] = field(default_factory=dict)
    features: tuple[str, ...] | None = None
    n_shown: int = 20
    group_column: str = ""
    time_column: str = ""
    timestamp: str = ""
    item: str = ""
    group_columns: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> PreviewRequest:
        """Return the inverse of dataclasses.asdict."""
        features = record["features"]
        told = {
            "features": None if features is None else tuple(features),
            "group_columns": tuple(record["group_columns"]),
        }
        return cls(**{**record, **told})


@dataclass(frozen=True)
class SeenColumn:
    """A column as it looks in the rows that were read.

    type       of ColumnType;  reason  for it, in words
    n_missing  of n_rows cells;  n_distinct  texts
    examples   of its cells, cut
    fault      why it cannot have the type that it was given; "" if it can
    may_be     another type that its values may have, which only the user knows; "" for none
    """

    name: str
    type: str
    reason: str
    is_feature: bool
    n_rows: int
    n_missing: int
    n_distinct: int
    examples: tuple[str, ...] = ()
    fault: str = ""
    may_be: str = ""


@dataclass(frozen=True)
class Bar:
    """One bar of a distribution: a label, or a range of numbers (low is in it; high too, in the last one)."""

    count: int
    label: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class SeenTarget:
    """The target as it looks in the rows that were read.

    fault        why nothing can be learned of it; "" if it can
    problem_type what it implies, or what was asked for;  reason  for it; "" both where there is a fault
    objectives   that fit, the default first
    bars         most of its distribution: the most frequent classes, or a histogram
    n_classes    0 for regression
    n_invalid    rows without a value that can be used
    """

    name: str
    fault: str = ""
    problem_type: str = ""
    reason: str = ""
    objectives: tuple[str, ...] = ()
    bars: tuple[Bar, ...] = ()
    n_classes: int = 0
    n_valid: int = 0
    n_invalid: int = 0


@dataclass(frozen=True)
class SeenSeries:
    """The rows as time series.

    timestamp    the column of times
    item, groups columns that tell series apart: the first of them, and further ones; "" for one series alone
    frequency    in SageMaker's spelling; "" if there is none in the times
    n_series, n_steps   in the rows that were read; steps of the usual series
    horizon      that is proposed; 0 without a frequency
    n_repeated   rows whose series has another row of the same time
    fault        why nothing can be forecast of them; "" if it can
    """

    timestamp: str
    item: str = ""
    groups: tuple[str, ...] = ()
    frequency: str = ""
    n_series: int = 0
    n_steps: int = 0
    horizon: int = 0
    n_repeated: int = 0
    fault: str = ""


@dataclass(frozen=True)
class SeenTable:
    """A file as its beginning looks.

    n_rows            that were read;  n_rows_total  of the file: known where nothing was left out, and of
                      Parquet; else estimated from its size
    encoding          'utf-8', or 'utf-8-sig' with a byte order mark; "" for Parquet, as delimiter and quote
    looks_headless    the first row, which names the columns, looks like data
    rows              the first ones, cells cut, "" where one is empty
    series            None if no column holds times
    findings          as dataclasses.asdict of engine.data.analysis.Finding
    """

    format: str
    compression: str
    encoding: str
    delimiter: str
    quote: str
    looks_headless: bool
    n_bytes_read: int
    n_rows: int
    n_rows_total: int
    is_estimated: bool
    is_sampled: bool
    columns: tuple[SeenColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    target: SeenTarget | None
    series: SeenSeries | None
    findings: tuple[dict[str, Any], ...]
