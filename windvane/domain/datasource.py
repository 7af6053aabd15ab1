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
    """The file formats of tables; CSV has a header."""

    CSV = "csv"
    PARQUET = "parquet"


class Compression(StrEnum):
    """The compression of a whole file; Parquet files are compressed inside."""

    NONE = "None"
    GZIP = "Gzip"
