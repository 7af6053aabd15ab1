"""Where the data of a job lie and how their files are written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class DataSource:
    """Objects in S3.

    uri          a prefix that they have in common, or a manifest file that names them
    is_manifest  which of the two
    """

    uri: str
    is_manifest: bool = False


class TableFormat(StrEnum):
    """How a table is written; CSV has a header."""

    CSV = "csv"
    PARQUET = "parquet"


class Compression(StrEnum):
    """How a file is packed as a whole; Parquet files are compressed inside."""

    NONE = "None"
    GZIP = "Gzip"
