"""docs/onnx.md as it stands: a candidate's archive becomes an ONNX file, which plain ONNX Runtime runs without Windvane."""

import ast
import csv
import os
from datetime import date, timedelta

import numpy as np
from journeys.pages import blocks, look_like_a_clone, run
from journeys.running import ROOT
from unit.engine.explain.made_up import packaged
from unit.engine.export.onnx.made_up import table

from windvane.domain.problem import ProblemType
from windvane.engine.columns import ColumnType
from windvane.engine.packages.tarball import pack

PAGE = "docs/onnx.md"
WITHOUT_WINDVANE = """
import sys
class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "windvane":
            raise ModuleNotFoundError(f"{name} is not to be needed.", name=name)
sys.meta_path.insert(0, Guard())
"""
NAMES = ["lightgbm", "xgboost", "linear-learner"]


def test_an_archive_becomes_a_file_that_onnx_runtime_runs(tmp_path):
    made = table(ProblemType.MULTICLASS)
    model = packaged(tmp_path / "m", ProblemType.MULTICLASS, NAMES, table=made)
    home = tmp_path / "home"
    home.mkdir()
    look_like_a_clone(home)
    pack(model.packages, home / "model.tar.gz")
    rows = cells_of(made)
    with (home / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[*(spec.name for spec in made[0]), "y"], *rows])
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    shell, python = blocks(PAGE, "sh", "python")
    told, environment = run(shell, home, environment)
    assert f"On {500 + len(rows)} rows its predictions are those of the model" in told
    printed, _ = run(("python", WITHOUT_WINDVANE + python[1]), home, environment)
    labels, probabilities = ast.literal_eval(f"[{printed.replace('] [', '], [', 1)}]")
    predictor = model.predictor()
    wanted = predictor.predict([row[:-1] for row in rows])
    assert labels == [predictor.schema.labels[i] for i in wanted.classes]
    np.testing.assert_allclose(probabilities, wanted.probabilities, rtol=0, atol=1e-12)


def cells_of(made):
    """Cells as CSV has them, a target beside; and rows as none of the table."""
    specs, cells, _ = made
    columns = [
        [written(cell, spec) for cell in cells.get(spec.name, [""] * 5)[:5]] for spec in specs
    ]
    nothing = ["" for _ in specs]
    new = ["x", "1e30", "-3", "N/A", "a new city", "1969-12-31", "0.5"]
    return [[*row, "low"] for row in (*zip(*columns, strict=True), nothing, new)]


def written(cell, spec):
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if spec.type is ColumnType.DATETIME:
        return (date(1970, 1, 1) + timedelta(seconds=cell)).isoformat()
    return repr(float(cell)) if isinstance(cell, float) else str(cell)
