"""Files in Clarify's and Autopilot's layout say what the explanation says."""

import csv
import io
import json

import numpy as np
import pytest
from unit.engine.explain.made_up import HOSTILE, SPECS, packaged

from windvane.domain.problem import ProblemType
from windvane.engine.explain.documents import documents
from windvane.engine.explain.stage import explain

SPELT = HOSTILE.encode("utf-8", "backslashreplace").decode()
NAMES = [spec.name for spec in SPECS if spec.type.is_feature]
SPELT_NAMES = [SPELT, *NAMES[1:]]
EVERYTHING = {
    "analysis.json",
    "analysis_config.json",
    "explanations_shap/baseline.csv",
    "explanations_shap/out.csv",
    "feature_importance.json",
    "instance_shap_values.csv",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """(problem type, learner) -> explanation and its files."""
    made = {}

    def tell(problem_type, *names):
        if (problem_type, names) not in made:
            package = packaged(tmp_path_factory.mktemp("told"), problem_type, names)
            found = explain(package.dataset, package.packages, 5.0, 0, most_rows=9)
            made[problem_type, names] = found, documents(found)
        return made[problem_type, names]

    return tell


def _rows(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


def _shap(files):
    document = json.loads(files["analysis.json"])
    assert document["version"] == "1.0"
    return document["explanations"]["kernel_shap"]


@pytest.mark.parametrize(
    ("problem_type", "labels"),
    [
        (ProblemType.BINARY, ["0", "1"]),
        (ProblemType.MULTICLASS, ["0", "1", "2"]),
        (ProblemType.REGRESSION, ["label0"]),
    ],
)
def test_global_values_are_the_means_of_the_absolute_ones(problem_type, labels, told):
    found, files = told(problem_type, "lightgbm")
    assert set(files) == EVERYTHING
    by_label = _shap(files)
    assert list(by_label) == labels
    for number, label in enumerate(labels):
        output = 0 if problem_type is ProblemType.BINARY else number
        wanted = np.abs(found.attribution.values[:, :, output]).mean(axis=0)
        assert list(by_label[label]["global_shap_values"]) == NAMES
        assert list(by_label[label]["global_shap_values"].values()) == pytest.approx(list(wanted))


def test_what_the_second_class_gains_the_first_one_loses(told):
    found, files = told(ProblemType.BINARY, "lightgbm")
    by_label = _shap(files)
    assert by_label["1"]["expected_value"] == found.attribution.expected[0]
    assert by_label["0"]["expected_value"] == -found.attribution.expected[0]
    head, *rows = _rows(files["instance_shap_values.csv"])
    assert head == [f"{name}_{label}" for name in SPELT_NAMES for label in "01"]
    cells = np.array(rows, float).reshape(9, 5, 2)
    np.testing.assert_array_equal(cells[:, :, 1], found.attribution.values[:, :, 0])
    np.testing.assert_array_equal(cells[:, :, 0], -cells[:, :, 1])


@pytest.mark.parametrize("problem_type", ProblemType)
def test_values_of_rows_survive_csv_to_the_last_digit(problem_type, told):
    found, files = told(problem_type, "lightgbm")
    head, *rows = _rows(files["explanations_shap/out.csv"])
    values = found.attribution.values
    assert head == [f"{name}_label{k}" for name in SPELT_NAMES for k in range(values.shape[2])]
    np.testing.assert_array_equal(np.array(rows, float).reshape(values.shape), values)


@pytest.mark.parametrize("problem_type", ProblemType)
def test_importance_adds_up_the_classes(problem_type, told):
    _, files = told(problem_type, "lightgbm")
    importance = json.loads(files["feature_importance.json"])["importance"]
    by_label = _shap(files).values()
    for name in NAMES:
        total = sum(one["global_shap_values"][name] for one in by_label)
        assert importance[name] == pytest.approx(total)


def test_the_baseline_is_the_rows_that_were_drawn(told):
    found, files = told(ProblemType.REGRESSION, "linear-learner")
    head, *rows = _rows(files["explanations_shap/baseline.csv"])
    background = found.attribution.background
    assert len(rows) == found.attribution.pairs
    assert [name for name in SPELT_NAMES if name in head] == head
    place = head.index("b")
    assert [float(row[place]) for row in rows] == background["b"].tolist()
    assert {row[head.index("colour_1")] for row in rows} <= {"red", "green", "blue", ""}


def test_exact_values_have_no_baseline_and_no_samples(told):
    _, files = told(ProblemType.REGRESSION, "lightgbm")
    assert _rows(files["explanations_shap/baseline.csv"]) == [SPELT_NAMES]
    config = json.loads(files["analysis_config.json"])
    shap = config["methods"]["shap"]
    assert shap["method"] == "exact TreeSHAP"
    assert shap["use_logit"] is False
    assert shap["rows"] == 9
    assert "num_samples" not in shap
    assert "baseline" not in shap
    assert config["headers"] == ["y", *NAMES]


def test_samples_are_counted_in_answers_a_row(told):
    found, files = told(ProblemType.BINARY, "linear-learner")
    shap = json.loads(files["analysis_config.json"])["methods"]["shap"]
    n_used = len(found.attribution.background)
    assert shap["num_samples"] == found.attribution.pairs * 2 * (n_used - 1)
    assert shap["use_logit"] is True


def test_partial_dependence_is_told_in_clarify_s_words(told):
    found, files = told(ProblemType.MULTICLASS, "lightgbm")
    curves = json.loads(files["analysis.json"])["explanations"]["pdp"]
    assert [one["feature_name"] for one in curves] == [one.column.name for one in found.dependences]
    kinds = {one["feature_name"]: one["data_type"] for one in curves}
    assert kinds[HOSTILE] == "numerical"
    assert kinds["colour_1"] == "categorical"
    for one in curves:
        predictions = np.array(one["model_predictions"])
        assert predictions.shape == (3, len(one["feature_values"]))
        assert len(one["data_distribution"]) == len(one["feature_values"])
        np.testing.assert_allclose(predictions.sum(axis=0), 1)


def test_a_constant_predictor_has_nothing_to_tell(told):
    _, files = told(ProblemType.BINARY, "baseline")
    assert set(_shap(files)["1"]["global_shap_values"].values()) == {0.0}
    assert "pdp" not in json.loads(files["analysis.json"])["explanations"]


def test_json_is_ascii_whatever_a_column_is_called(told):
    _, files = told(ProblemType.BINARY, "lightgbm")
    for name in ("analysis.json", "analysis_config.json", "feature_importance.json"):
        files[name].decode("ascii")
