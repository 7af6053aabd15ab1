"""A model as an ONNX file: ONNX Runtime predicts what the model predicts, and what cannot be exported is named."""

import json

import numpy as np
import onnxruntime
import pytest
from unit.engine.explain.made_up import HOSTILE, packaged
from unit.engine.export.onnx.made_up import N_ROWS, table

from windvane.domain.problem import ProblemType
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.export.onnx import file as onnx_file
from windvane.engine.export.onnx import writing
from windvane.engine.export.onnx.file import export_onnx
from windvane.engine.export.onnx.report import CheckedRows
from windvane.errors import InvalidRequest, JobFault

TREES = ["lightgbm", "lightgbm:dpp4", "xgboost", "catboost", "randomforest"]
ALL = [*TREES, "linear-learner", "neighbors", "baseline"]


def exported(folder, problem_type, names, *told, **parameters):
    made = table(problem_type)
    model = packaged(folder / "m", problem_type, names, *told, table=made, **parameters)
    rows = CheckedRows(made[1], N_ROWS)
    return export_onnx(*packages_of(model), folder / "model.onnx", rows)


def packages_of(model):
    return model.packages / "transformers", model.packages / "model"


@pytest.mark.parametrize("problem_type", list(ProblemType))
def test_predictions_of_an_ensemble_are_those_of_the_model(tmp_path, problem_type):
    temperatures = [1.0 if problem_type is ProblemType.REGRESSION else 1.2] * len(ALL)
    report = exported(tmp_path, problem_type, ALL, temperatures)
    found = report.compared
    assert found.parity.other_labels == 0
    assert found.parity.largest_difference < 1e-12 * found.parity.largest_value
    assert (found.parity.rows, report.rows_of_table) == (500 + N_ROWS, N_ROWS)
    assert 50 < found.with_missing < 800
    assert 10 < found.with_unseen < 800
    told = json.loads((tmp_path / "model.onnx.parity.json").read_text())
    assert (told["rows"], told["rows_of_table"], told["other_labels"]) == (800, N_ROWS, 0)
    assert told["versions"]["onnxruntime"] == onnxruntime.__version__
    assert told["inputs"] == {
        "a <b> & 'c'": "float64",
        "label": "float64",
        "day": "float64",
        "serial": "float64",
        "colour": "string",
        "city": "string",
    }


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_single_boosted_models_are_the_same_to_the_last_digits(tmp_path, name):
    report = exported(tmp_path, ProblemType.MULTICLASS, [name])
    assert report.compared.parity.largest_difference < 1e-15


@pytest.mark.parametrize("problem_type", list(ProblemType))
def test_networks_are_the_same_but_for_single_precision(tmp_path, problem_type):
    parity = exported(tmp_path, problem_type, ["mlp"]).compared.parity
    assert parity.tolerance == 1e-5
    assert parity.largest_difference < 1e-6 * parity.largest_value


@pytest.mark.parametrize("transform", ["log", "residual"])
def test_transformed_targets(tmp_path, transform):
    report = exported(tmp_path, ProblemType.REGRESSION, ["lightgbm"], target_transform=transform)
    assert report.compared.parity.largest_value > 10


def test_an_output_gives_way_to_a_column_of_its_name(tmp_path):
    report = exported(tmp_path, ProblemType.BINARY, ["linear-learner"])
    assert report.compared.outputs == ["label_", "probabilities"]


def test_a_constant_needs_a_column_to_know_how_many_rows(tmp_path):
    report = exported(tmp_path, ProblemType.BINARY, ["baseline"])
    assert report.compared.inputs == {"row id": "string"}


def test_what_cannot_be_exported_is_named(tmp_path):
    words = ColumnSpec("words", ColumnType.TEXT, "sentences")
    specs, cells, y = table(ProblemType.BINARY)
    texts = [
        f"a {city} in {colour}" for city, colour in zip(cells["city"], cells["colour"], strict=True)
    ]
    made = (*specs, words), {**cells, "words": np.array(texts, object)}, y
    model = packaged(tmp_path / "m", ProblemType.BINARY, ["lightgbm"], table=made)
    with pytest.raises(InvalidRequest) as refused:
        export_onnx(*packages_of(model), tmp_path / "model.onnx")
    assert "the column 'words' of type text (transformer text-topics)" in str(refused.value)
    assert list(tmp_path.glob("model.onnx*")) == []


def test_names_that_are_no_unicode_are_refused(tmp_path):
    model = packaged(tmp_path / "m", ProblemType.BINARY, ["lightgbm"])
    with pytest.raises(InvalidRequest) as refused:
        export_onnx(*packages_of(model), tmp_path / "model.onnx")
    assert f"the name {HOSTILE!r}" in str(refused.value)  # half a surrogate pair


def test_files_that_exist_are_left_alone(tmp_path):
    file = tmp_path / "model.onnx.parity.json"
    file.write_text("{}")
    with pytest.raises(InvalidRequest, match="already exists"):
        exported(tmp_path, ProblemType.BINARY, ["linear-learner"])
    assert file.read_text() == "{}"
    assert not (tmp_path / "model.onnx").exists()


def test_a_file_that_predicts_something_else_is_not_left(tmp_path, monkeypatch):
    honest = writing.mixed

    def turned(graph, predictor, told):
        return graph.columns(honest(graph, predictor, told), [1, 0])

    monkeypatch.setattr(writing, "mixed", turned)
    with pytest.raises(JobFault, match="does not predict what the model predicts"):
        exported(tmp_path, ProblemType.BINARY, ["linear-learner"])
    assert list(tmp_path.glob("model.onnx*")) == []


def test_a_file_that_appears_meanwhile_is_left_alone(tmp_path, monkeypatch):
    honest = onnx_file.compared

    def compared_while_it_appears(*told):
        (tmp_path / "model.onnx.parity.json").write_text("{}")
        return honest(*told)

    monkeypatch.setattr(onnx_file, "compared", compared_while_it_appears)
    with pytest.raises(InvalidRequest, match=r"model\.onnx\.parity\.json already exists"):
        exported(tmp_path, ProblemType.BINARY, ["linear-learner"])
    assert [one.name for one in tmp_path.glob("model.onnx*")] == ["model.onnx.parity.json"]
    assert (tmp_path / "model.onnx.parity.json").read_text() == "{}"
