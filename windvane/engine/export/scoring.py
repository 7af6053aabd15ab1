"""A model as a folder with a script that scores rows, and that needs Python and NumPy alone.

    score.py       the script, and what Python imports
    model_code/    modules of this package that answer, as they are; LightGBM's trees are walked by NumPy
    package/       transformers/ and model/, as they are
    parity.json    what came of comparing its predictions with those of the model

It is only left there if its predictions are those of the model.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from windvane.engine.data.sketch import read_sketch
from windvane.engine.export.code import code_files, renamed
from windvane.engine.export.made_up_rows import made_up_rows, terms_of
from windvane.engine.export.parity import Parity, parity_of
from windvane.engine.learners.catalogue import learner
from windvane.engine.manifest import read_json
from windvane.engine.packages.package import Predictor, load_predictor
from windvane.errors import InvalidRequest, JobFault

_SHIPPED = "windvane.engine.export.shipped"
_INSTEAD = {"windvane.engine.learners.lightgbm_native": f"{_SHIPPED}.lightgbm_native"}
_ROOTS = ("windvane.engine.packages.loading",)
_ROWS_AT_ONCE = 100
_LONGEST_S = 600
_SCRIPT = "score.py"
_EXISTS = "{} already exists; choose a new folder."

_NUMPY_ALONE = """
import json, sys
class Guard:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("numpy", "model_code", "score"):
            raise ModuleNotFoundError(f"{name} is neither of Python nor of NumPy.", name=name)
sys.meta_path.insert(0, Guard())
sys.path.insert(0, sys.argv[1])
from score import Model
model = Model()
json.dump([model.header, *model.predict(json.load(sys.stdin))], sys.stdout)
"""
"""Scores rows with a script that can import nothing else, whatever is installed."""


def export_scoring(transformers: Path, model: Path, into: Path) -> Parity:
    """Write a model's scoring script into a folder that is made, and compare it with the model.

    The folder is written beside its place, and moved there once its predictions are those of the model.

    transformers, model    folders of its packages
    raises                 InvalidRequest if there is something at its place, before or meanwhile, which is left as it is;
                           JobFault if the script does not predict what the model predicts, and then there is no folder
    """
    if os.path.lexists(into):
        raise InvalidRequest(_EXISTS.format(into))
    predictor = load_predictor(transformers, model)
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{into.name}-", dir=into.parent) as beside:
        made = Path(beside) / "made"
        _write(transformers, model, made)
        terms = terms_of(predictor.recipes.values())
        rows = made_up_rows(predictor.columns, read_sketch(transformers), terms)
        parity = _compare(predictor, rows, made)
        parity.check()
        (made / "parity.json").write_text(json.dumps(asdict(parity), indent=2) + "\n")
        _move(made, into)
    return parity


def _move(made: Path, into: Path) -> None:
    """Move a folder to where nothing is.

    raises    InvalidRequest if there is something by now
    """
    try:
        into.mkdir()  # a folder is moved onto an empty one without a word: only onto this one
        made.rename(into)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise InvalidRequest(_EXISTS.format(into)) from error
        raise


def _write(transformers: Path, model: Path, into: Path) -> None:
    # A link that has come since the packages were checked is copied as one, and the script refuses it.
    shutil.copytree(transformers, into / "package" / "transformers", symlinks=True)
    shutil.copytree(model, into / "package" / "model", symlinks=True)
    members = read_json(model / "model.json")["members"]
    modules = {learner(member["learner"]).module for member in members}
    roots = [*_ROOTS, *(f"windvane.engine.learners.{name}" for name in sorted(modules))]
    for path, source in code_files(roots, _INSTEAD).items():
        file = into / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
    script = Path(__file__).with_name("shipped") / _SCRIPT
    (into / _SCRIPT).write_text(renamed(script.read_text(encoding="utf-8")), encoding="utf-8")


def _compare(predictor: Predictor, rows: Sequence[Sequence[str]], into: Path) -> Parity:
    wanted = [
        predictor.predict(rows[at : at + _ROWS_AT_ONCE])
        for at in range(0, len(rows), _ROWS_AT_ONCE)
    ]
    _, *answers = _scored(predictor.schema.features, rows, into)
    labels = predictor.schema.labels
    numbers = np.array([row[-max(1, len(labels)) :] for row in answers], np.float64)
    return parity_of(labels, wanted, numbers, [row[0] for row in answers])


def _scored(columns: Sequence[str], rows: Sequence[Sequence[str]], into: Path) -> list[list[Any]]:
    """Return what the script answers to rows, with NumPy alone, below a header.

    raises    JobFault if it fails
    """
    asked = json.dumps([dict(zip(columns, row, strict=True)) for row in rows])
    command = [sys.executable, "-I", "-B", "-c", _NUMPY_ALONE, str(into)]
    done = subprocess.run(
        command, input=asked, capture_output=True, text=True, check=False, timeout=_LONGEST_S
    )
    if done.returncode != 0:
        raise JobFault(f"The exported model does not run with NumPy alone: {done.stderr[-2000:]}")
    answers: list[list[Any]] = json.loads(done.stdout)
    return answers
