"""What the analysis of a table brings forth; analysis.json in a dataset folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.splits import SplitKind
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note, said

MAX_VALIDATION_BYTES = 2 * 1000**3


@dataclass(frozen=True)
class SourceFile:
    """A file to read; `name` is what messages call it (its S3 URI, or its path)."""

    path: Path
    name: str


@dataclass(frozen=True)
class ReadOptions:
    """Options for reading files.

    format       'csv', 'parquet' or 'arrow' (data/arrowfiles.py)
    has_header   of CSV: whether the first row names the columns, which are column_1, column_2 ... else
    compression  'None' or 'Gzip' (CSV only)
    max_bytes    of decompressed data
    memory_mb    for reading and profiling; what does not fit is sampled, rare classes kept
    scratch      an existing folder for temporary files
    min_rows     with a valid target
    """

    scratch: Path
    format: str = "csv"
    compression: str = "None"
    max_bytes: int = 100 * 1000**3
    max_columns: int = 10_000
    memory_mb: int = 2048
    threads: int = 1
    min_rows: int = 500
    has_header: bool = True


@dataclass(frozen=True)
class ValidationFiles:
    """A validation set of its own: candidates are scored on its rows, and no model learns from them.

    format, compression   as in ReadOptions
    max_bytes             of decompressed data

    source    AutoMLChannel in SageMaker's API reference: validation data are below 2 GB
    """

    files: tuple[SourceFile, ...]
    format: str = "csv"
    compression: str = "None"
    max_bytes: int = MAX_VALIDATION_BYTES


@dataclass(frozen=True)
class Finding:
    """Something worth knowing about the data.

    code         stable, e.g. 'constant-column'
    severity     'high', 'medium' or 'low'
    columns      concerned, may be empty
    message      what is the case, with counts: the evidence
    action       what was done about it, or should be
    consequence  what comes of it if nothing is done
    """

    code: str
    severity: str
    columns: tuple[str, ...]
    message: str
    action: str
    consequence: str = ""


@dataclass(frozen=True)
class Analysis:
    """Everything later stages must know about a table besides its cells.

    columns       every column but the target, in the order of the file; those that are not features too
    labels        class labels as in the data, sorted; () for regression. For two classes the second is the
                  positive one
    label_type    'string', 'integer', 'float' or 'boolean': what the labels were
    n_rows        rows kept (valid target, after sampling);  n_rows_read  rows in the files
    n_folds       cross-validation folds; 1 means one hold-out part (fold 0)
    n_repeats     divisions into so many folds
    n_held_out    rows of that part; 0 if there are folds
    has_validation_set
                  the part came as a validation set of its own: not even the model that answers learns from it
    calibrate, tune_threshold
                  as in ProblemSpec
    findings      most severe first
    statistics    per column: {"missing": n, "distinct": n, ...}, JSON
    split_kind, split_column, n_units
                  what folds keep together or in order, the column that says so, and how many groups or times it has
    sample_weight the column that says what each row counts for; it is none of `columns`
    monotone      column -> 1 or -1: answers must not fall, or not rise, as it grows
    """

    target: str
    problem_type: ProblemType
    problem_reason: str
    objective: MetricName
    columns: tuple[ColumnSpec, ...]
    labels: tuple[str, ...]
    label_type: str
    class_counts: tuple[int, ...]
    n_rows: int
    n_rows_read: int
    n_folds: int
    seed: int
    calibrate: bool = True
    tune_threshold: bool = True
    findings: tuple[Finding, ...] = ()
    statistics: dict[str, dict[str, Any]] = field(default_factory=dict)
    sample_weight: str | None = None
    monotone: dict[str, int] = field(default_factory=dict)
    n_held_out: int = 0
    has_validation_set: bool = False
    n_repeats: int = 1
    split_kind: SplitKind = SplitKind.ROWS
    split_column: str | None = None
    n_units: int = 0

    @property
    def n_fold_fits(self) -> int:
        """Folds of all divisions."""
        return self.n_folds * self.n_repeats

    @property
    def n_learnable(self) -> int:
        """Rows that the model which answers may learn from."""
        return self.n_rows - self.n_held_out if self.has_validation_set else self.n_rows

    @property
    def n_training_rows(self) -> int:
        """Rows that a fold's model may learn from, about."""
        if self.n_folds > 1:
            n_stretches = self.n_folds + (self.split_kind is SplitKind.TIME)
            return round(self.n_rows * (1 - 1 / n_stretches))
        return self.n_rows - self.n_held_out

    @property
    def split_told(self) -> str:
        """How rows are divided into those that are trained on and those that are scored, for people."""
        column, n_folds = self.split_column, self.n_folds
        if self.split_kind is SplitKind.GROUPS:
            how = f"{n_folds} folds" if n_folds > 1 else f"{self.n_held_out:,} rows held out"
            return f"whole groups of '{column}' ({self.n_units:,} groups, {how})"
        if self.split_kind is SplitKind.TIME:
            how = (
                f"{n_folds} windows, each scored by models of earlier rows"
                if n_folds > 1
                else f"the latest {self.n_held_out:,} rows held out"
            )
            return f"in the order of '{column}' ({how})"
        return f"{n_folds} random folds" if n_folds > 1 else f"{self.n_held_out:,} rows held out"

    @property
    def remarks(self) -> tuple[Note, ...]:
        """Notes for every candidate, as the job was asked for it."""
        told = []
        if self.has_validation_set:
            told.append(
                said(
                    f"scored on the {self.n_held_out:,} rows of validation data, which are never used for training"
                )
            )
        if self.split_kind is not SplitKind.ROWS:
            how = {"kind": str(self.split_kind), "how": DataValue(self.split_told)}
            told.append(Note(NoteCode.ROWS_SPLIT, how))
        if self.sample_weight is not None:
            told.append(
                said(f"rows are weighted by '{self.sample_weight}' in training and scoring")
            )
        if self.monotone:
            bound = [
                f"{'increase' if way > 0 else 'decrease'} with '{name}'"
                for name, way in self.monotone.items()
            ]
            told.append(said(f"monotone constraint: predictions can only {' and '.join(bound)}"))
        return tuple(told)

    @property
    def features(self) -> tuple[ColumnSpec, ...]:
        return tuple(column for column in self.columns if column.type.is_feature)

    @property
    def n_classes(self) -> int:
        return len(self.labels)

    def to_json(self) -> dict[str, Any]:
        """Plain values that survive JSON; lists and mappings are those of this record, not copies."""
        return {
            **vars(self),
            "columns": tuple(dict(vars(column)) for column in self.columns),
            "findings": tuple(dict(vars(finding)) for finding in self.findings),
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Analysis:
        """Return the inverse of `to_json`.

        raises    KeyError, TypeError or ValueError for anything else
        """
        return cls(
            **{
                **record,
                "problem_type": ProblemType(record["problem_type"]),
                "split_kind": SplitKind(record.get("split_kind", SplitKind.ROWS)),
                "objective": MetricName(record["objective"]),
                "columns": tuple(column_from_json(column) for column in record["columns"]),
                "labels": tuple(record["labels"]),
                "class_counts": tuple(record["class_counts"]),
                "findings": tuple(
                    Finding(**{**finding, "columns": tuple(finding["columns"])})
                    for finding in record["findings"]
                ),
            }
        )


def column_from_json(record: dict[str, Any]) -> ColumnSpec:
    """Return the inverse of what `Analysis.to_json` makes of a column."""
    return ColumnSpec(**{**record, "type": ColumnType(record["type"])})
