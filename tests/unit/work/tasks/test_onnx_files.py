"""A candidate's model as an ONNX file, compared on rows of the job's table; or why it cannot be one."""

import json

import pytest
from unit.engine.explain.made_up import HOSTILE, packaged
from unit.engine.export.onnx.made_up import N_ROWS, table

from windvane.domain.problem import ProblemType
from windvane.engine.export.onnx import report
from windvane.work.tasks import onnx_files


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    made = table(ProblemType.BINARY)
    folder = tmp_path_factory.mktemp("model") / "m"
    return packaged(folder, ProblemType.BINARY, ["linear-learner"], table=made)


@pytest.mark.parametrize(("most", "n_rows"), [(10_000, N_ROWS), (7, 7)])
def test_a_model_is_compared_on_rows_of_its_table(model, monkeypatch, most, n_rows):
    monkeypatch.setattr(onnx_files, "_MOST_ROWS", most)
    files = onnx_files.onnx_files(model.dataset, model.packages)
    assert sorted(files) == ["model.onnx", "model.onnx.parity.json"]
    told = json.loads(files["model.onnx.parity.json"])
    assert (told["rows_of_table"], told["other_labels"]) == (n_rows, 0)


def test_what_cannot_be_exported_is_told(tmp_path):
    hostile = packaged(tmp_path / "m", ProblemType.BINARY, ["linear-learner"])
    files = onnx_files.onnx_files(hostile.dataset, hostile.packages)
    [(name, content)] = files.items()
    assert name == "not-exported.txt"
    assert repr(HOSTILE) in content.decode()


def test_an_extra_that_is_missing_is_told(model, monkeypatch):
    monkeypatch.setattr(report, "_MODULES", ("no_such_runtime",))
    files = onnx_files.onnx_files(model.dataset, model.packages)
    assert b"pip install 'windvane[onnx]'" in files["not-exported.txt"]
