"""A candidate's model as an ONNX file, compared with the model on rows of the job's table; or why it cannot be one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from windvane.engine.data.dataset import read_dataset
from windvane.engine.export.onnx.report import CheckedRows, check_installed
from windvane.errors import InvalidRequest, JobFault

_MOST_ROWS = 10_000


def onnx_files(dataset: Path, packages: Path) -> dict[str, bytes]:
    """Return files by name.

    dataset     its folder
    packages    folder of both packages of the candidate
    """
    try:
        check_installed()
        from windvane.engine.export.onnx.file import onnx_of  # of an extra

        rows = _rows_of(dataset)
        content, report = onnx_of(packages / "transformers", packages / "model", rows)
    except (InvalidRequest, JobFault) as why:
        return {"not-exported.txt": f"{why}\n".encode()}
    told = json.dumps(report.to_json(), allow_nan=False, indent=2)
    return {"model.onnx": content, "model.onnx.parity.json": f"{told}\n".encode()}


def _rows_of(dataset: Path) -> CheckedRows:
    """Return rows from all over the table."""
    found = read_dataset(dataset)
    n_rows = min(_MOST_ROWS, found.analysis.n_rows)
    places = np.linspace(0, found.analysis.n_rows - 1, n_rows).astype(np.int64)
    names = [spec.name for spec in found.analysis.columns if spec.type.is_feature]
    return CheckedRows({name: found.columns[name][places] for name in names}, n_rows)
