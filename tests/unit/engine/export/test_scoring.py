"""A model as a folder: it scores rows as the model does, where there is nothing but Python and NumPy."""

import csv
import json
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from unit.engine.explain.made_up import COLOUR, DAY, HOSTILE, packaged

from windvane.domain.problem import ProblemType
from windvane.engine.export import scoring
from windvane.engine.export.parity import Parity
from windvane.engine.export.scoring import export_scoring
from windvane.engine.packages.package import load_predictor
from windvane.errors import InvalidRequest, JobFault

LEARNERS = ["lightgbm", "xgboost", "linear-learner", "mlp", "neighbors", "baseline"]
HEADER = ["nothing", "b", "y", COLOUR, DAY, "row id"]
ROWS = [["0.5", "1.5", "?", "red", "2020-01-05", "a"], ["", "", "?", "never seen", "", ""]]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    model = packaged(folder / "model", ProblemType.MULTICLASS, LEARNERS, [1.1] * len(LEARNERS), 0.8)
    parity = export_scoring(
        model.packages / "transformers", model.packages / "model", folder / "out"
    )
    return SimpleNamespace(model=model, parity=parity, folder=folder / "out")


def run(folder, *arguments):
    """Away from this project: neither it nor what is installed for the user alone can be imported by accident."""
    command = [sys.executable, "-E", "-s", str(folder / "score.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def write_csv(file, header=HEADER, rows=ROWS):
    with file.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([header, *rows])
    return file


def test_predictions_are_those_of_the_model_to_the_last_digit(made):
    assert made.parity == Parity(500, 0, 0.0, 1.0)
    told = json.loads((made.folder / "parity.json").read_text())
    assert (told["rows"], told["largest_difference"]) == (500, 0.0)


def test_values_are_too(tmp_path):
    model = packaged(tmp_path / "m", ProblemType.REGRESSION, ["randomforest", "xgboost"])
    packages = model.packages
    parity = export_scoring(packages / "transformers", packages / "model", tmp_path / "out")
    assert (parity.other_labels, parity.largest_difference) == (0, 0.0)
    assert parity.largest_value > 1


def test_a_file_without_a_column_is_refused_in_a_line(made, tmp_path):
    done = run(made.folder, write_csv(tmp_path / "rows.csv"))
    assert done.returncode == 2
    assert "has no column" in done.stderr


def test_the_script_is_also_a_module(made):
    rows = [dict(zip(HEADER, row, strict=True)) | {HOSTILE: "1.25"} for row in ROWS]
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); from score import Model; model = Model(); "
        "json.dump([model.labels, list(model.predict(json.load(sys.stdin)))], sys.stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(made.folder)],
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        check=True,
    )
    labels, answers = json.loads(done.stdout)
    predictor = made.model.predictor()
    cells = [[row.get(name, "") for name in predictor.schema.features] for row in rows]
    wanted = predictor.predict(cells)
    assert [row[0] for row in answers] == [labels[i] for i in wanted.classes]
    np.testing.assert_array_equal([row[1:] for row in answers], wanted.probabilities)


def test_nothing_of_ours_or_of_a_library_is_needed(made):
    for file in made.folder.rglob("*.py"):
        source = file.read_text()
        assert not re.search(r"^\s*(?:from|import) windvane", source, re.MULTILINE)
    assert not (made.folder / "model_code" / "engine" / "training").exists()


def test_a_folder_that_exists_is_left_alone(made):
    packages = made.model.packages
    with pytest.raises(InvalidRequest, match="already exists"):
        export_scoring(packages / "transformers", packages / "model", made.folder)
    assert (made.folder / "score.py").exists()


def test_a_script_that_fails_is_not_left(made, tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "_INSTEAD", {})
    packages = made.model.packages
    with pytest.raises(JobFault, match="does not run with NumPy alone"):
        export_scoring(packages / "transformers", packages / "model", tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("appears", ["a folder with a file", "an empty folder", "a file", "a link"])
def test_what_appears_meanwhile_is_left_alone(made, tmp_path, monkeypatch, appears):
    out = tmp_path / "out"

    def compare_while_it_appears(*_):
        if appears == "a file":
            out.write_text("kept")
        elif appears == "a link":
            out.symlink_to(tmp_path / "nowhere")
        else:
            out.mkdir()
            if appears == "a folder with a file":
                (out / "file").write_text("kept")
        return Parity(1, 0, 0.0, 1.0)

    monkeypatch.setattr(scoring, "_compare", compare_while_it_appears)
    packages = made.model.packages
    with pytest.raises(InvalidRequest, match="already exists"):
        export_scoring(packages / "transformers", packages / "model", out)
    assert list(tmp_path.iterdir()) == [out]
    if out.is_dir():
        assert [one.read_text() for one in out.iterdir()] == ["kept"] * (
            appears != "an empty folder"
        )
    else:
        assert out.is_symlink() or out.read_text() == "kept"


def test_a_link_that_appears_in_a_package_is_not_followed(made, tmp_path, monkeypatch):
    packages, secret = tmp_path / "packages", tmp_path / "secret"
    shutil.copytree(made.model.packages, packages)
    secret.write_text("of somebody else")

    def load_before_it_appears(transformers, model):
        predictor = load_predictor(transformers, model)
        (model / "model.json").rename(tmp_path / "model.json")
        (model / "model.json").symlink_to(tmp_path / "model.json")
        (model / "more").symlink_to(secret)
        return predictor

    monkeypatch.setattr(scoring, "load_predictor", load_before_it_appears)
    with pytest.raises(JobFault, match="is neither a plain file nor a folder"):
        export_scoring(packages / "transformers", packages / "model", tmp_path / "out")
    assert not (tmp_path / "out").exists()
