"""What is said of an ONNX file that was exported: which rows it was run on, and how its predictions compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec

from windvane.engine.columns import Columns
from windvane.engine.export.parity import Parity
from windvane.errors import InvalidRequest

_MODULES = ("onnx", "onnxruntime")


def check_installed() -> None:
    """Check that there is what writes ONNX files and runs them.

    raises    InvalidRequest naming the extra
    """
    missing = [name for name in _MODULES if find_spec(name) is None]
    if missing:
        raise InvalidRequest(
            f"Export to ONNX needs the extra 'onnx' ({' and '.join(missing)} not installed): pip install 'windvane[onnx]'."
        )


@dataclass(frozen=True)
class CheckedRows:
    """Typed rows on which a file is compared with the model.

    columns    those that the model uses, n_rows values each
    """

    columns: Columns
    n_rows: int


@dataclass(frozen=True)
class Compared:
    """The result of running a file in ONNX Runtime beside the model.

    with_missing  rows in which a value is missing
    with_unseen   rows with a category that the model has never seen
    inputs        name -> float64 or string
    outputs       names
    """

    parity: Parity
    with_missing: int
    with_unseen: int
    inputs: Mapping[str, str]
    outputs: Sequence[str]


@dataclass(frozen=True)
class OnnxReport:
    """The parity report of an exported file.

    compared       its predictions with those of the model
    rows_of_table  among the rows that were compared; the others are made up of what the columns usually hold
    sha256         of the file
    versions       of what wrote and ran it, of the file format, and of the operators
    """

    compared: Compared
    rows_of_table: int
    sha256: str
    versions: Mapping[str, str | int]

    def to_json(self) -> dict[str, object]:
        told = asdict(self.compared)
        return {
            **told.pop("parity"),
            "rows_of_table": self.rows_of_table,
            **told,
            "sha256": self.sha256,
            "versions": dict(self.versions),
        }
