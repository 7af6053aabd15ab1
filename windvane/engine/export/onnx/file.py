"""A model as an ONNX file that any ONNX Runtime can load, beside it the report of its comparison with the model.

    FILE.onnx               inputs: one tensor (n_rows, 1) for each column that the model uses, named like it: float64 for
                            numbers, missing as NaN; strings for categories, missing as ""
                            outputs: `label` (n_rows,) strings and `probabilities` (n_rows, n_classes) float64 in the order of
                            the labels; or `value` (n_rows, 1) float64
    FILE.onnx.parity.json   `OnnxReport`

It is only left there if its predictions are those of the model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import onnx
import onnxruntime

from windvane.engine.data.sketch import read_sketch
from windvane.engine.export.made_up_rows import made_up_rows, terms_of
from windvane.engine.export.onnx.checking import compared
from windvane.engine.export.onnx.graph import IR_VERSION, ML, ML_OPSET, OPSET
from windvane.engine.export.onnx.report import CheckedRows, OnnxReport
from windvane.engine.export.onnx.writing import check_supported, model_of
from windvane.engine.manifest import read_json
from windvane.engine.packages.package import load_predictor
from windvane.errors import InvalidRequest
from windvane.version import __version__


def export_onnx(
    transformers: Path, model: Path, file: Path, rows: CheckedRows | None = None
) -> OnnxReport:
    """Write a model as an ONNX file, and compare it with the model.

    transformers, model    folders of its packages
    rows                   of a table, to compare on besides those that are made up
    raises                 InvalidRequest if there is such a file, or naming what cannot be exported; JobFault if the
                           file does not predict what the model predicts, and then there is none
    """
    report_file = file.with_name(f"{file.name}.parity.json")
    for one in (file, report_file):
        if one.exists():
            raise InvalidRequest(f"{one} already exists; choose a new file.")
    if not file.parent.is_dir():
        raise InvalidRequest(f"There is no folder {file.parent}; create it, or choose another.")
    content, report = onnx_of(transformers, model, rows)
    told = json.dumps(report.to_json(), indent=2) + "\n"
    _write_new({file: content, report_file: told.encode()})
    return report


def onnx_of(transformers: Path, model: Path, rows: CheckedRows | None) -> tuple[bytes, OnnxReport]:
    """Return a model as the content of an ONNX file, once it was compared with the model.

    transformers, model, rows, raises    as of `export_onnx`
    """
    predictor = load_predictor(transformers, model)
    learners = [member["learner"] for member in read_json(model / "model.json")["members"]]
    check_supported(predictor, learners)
    content = model_of(predictor).SerializeToString()
    terms = terms_of(predictor.recipes.values())
    cells = made_up_rows(predictor.columns, read_sketch(transformers), terms)
    made_up = CheckedRows(predictor.parse(cells), len(cells))
    found = compared(predictor, content, [made_up, *([rows] if rows else [])])
    return content, OnnxReport(
        found,
        rows.n_rows if rows else 0,
        hashlib.sha256(content).hexdigest(),
        {
            "windvane": __version__,
            "onnx": onnx.__version__,
            "onnxruntime": onnxruntime.__version__,
            "ir": IR_VERSION,
            "ai.onnx": OPSET,
            ML: ML_OPSET,
        },
    )


def _write_new(contents: Mapping[Path, bytes]) -> None:
    """Write files that are not there yet: all of them, or none.

    raises    InvalidRequest if one appeared meanwhile, which is left alone
    """
    written: list[Path] = []
    try:
        for path, content in contents.items():
            with path.open("xb") as opened:
                written.append(path)
                opened.write(content)
    except BaseException as error:
        for path in written:
            path.unlink()
        if isinstance(error, FileExistsError):
            raise InvalidRequest(f"{error.filename} already exists; choose a new file.") from error
        raise
