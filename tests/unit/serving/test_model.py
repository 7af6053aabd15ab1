import ast
import csv
import io
import itertools

import numpy as np
import pytest

from windvane.engine.packages.package import Predictions, Predictor, Schema
from windvane.engine.scoring.threshold import Decision
from windvane.errors import AcceptRefused, InvalidRequest
from windvane.serving.model import LocalContainer, check_shape, load_model

FIRST = {"AUTOML_TRANSFORM_MODE": "feature-transform"}
LAST = {"AUTOML_TRANSFORM_MODE": "inverse-label-transform"}


class Constant(Predictor):
    """Always 0.75 for the first label, 0.25 for the second."""

    def __init__(self, schema):
        self.schema = schema
        self.decision = Decision()

    def predict(self, rows):
        n = len(rows)
        if not self.schema.labels:
            return Predictions(np.full(n, 4.5), np.empty((0, 0)), np.empty(0, np.int64))
        row = np.zeros(len(self.schema.labels))
        row[:2] = 0.75, 0.25
        answers = np.tile(row, (n, 1))
        return Predictions(np.empty(0), answers, self.decision.of(answers))


CLASSES = Schema(("a", "b"), ("no", "yes"), "string", "y", "BinaryClassification")
NUMBERS = Schema(("a", "b"), (), "float", "y", "Regression")


@pytest.fixture
def answers(tmp_path):
    """The answer to one row of a model of these environments."""
    folders = {"transformers": tmp_path / "t", "model": tmp_path / "m", "whole": tmp_path / "w"}
    for folder in (*folders.values(), tmp_path / "w/transformers", tmp_path / "w/model"):
        folder.mkdir()
    for folder in ("t", "m", "w/transformers", "w/model"):
        (tmp_path / folder / "manifest.json").touch()

    def ask(*environments, schema=CLASSES, accept=""):
        names = {1: ["whole"], 2: ["transformers", "model"]}.get(
            len(environments), ["transformers", "model", "transformers"]
        )
        containers = [
            LocalContainer(environment, folders[name])
            for environment, name in zip(environments, names, strict=True)
        ]
        model = load_model(containers, lambda *_: Constant(schema))
        return model.answer(b"1,2", "text/csv", accept)[0].decode()

    return ask


KEYS = ("predicted_label", "probability", "probabilities", "labels")
EVERY_ORDER = [keys for n in range(1, 5) for keys in itertools.permutations(KEYS, n)]


def cells(answer):
    """The fields of one line, as text."""
    (row,) = csv.reader(io.StringIO(answer, newline=""))
    return row


def as_the_sdk_writes(keys, separator):
    """OUTPUT of a pipeline's containers: what each supports of the keys, in their order."""
    middle = separator.join(key for key in keys if key != "labels")
    return (
        FIRST,
        {"SAGEMAKER_INFERENCE_OUTPUT": middle},
        LAST
        | {
            "SAGEMAKER_INFERENCE_INPUT": middle,
            "SAGEMAKER_INFERENCE_OUTPUT": separator.join(keys),
        },
    )


@pytest.mark.parametrize(
    ("text", "label"),
    [("", "no"), ("0.25", "yes"), (" 0.2 ", "yes"), ("0.2501", "no"), ("1", "no")],
)
def test_the_threshold_of_a_deployment_takes_the_place_of_the_models_own(answers, text, label):
    told = {"WINDVANE_DECISION_THRESHOLD": text}
    assert cells(answers(told)) == [label]
    assert cells(answers(FIRST, {}, LAST | told)) == [label]
    assert cells(answers(FIRST, told)) == [str(["no", "yes"].index(label))]


@pytest.mark.parametrize("text", ["nan", "-0.1", "1.01", "half", "inf", "0,5"])
def test_what_is_no_threshold_is_refused(answers, text):
    with pytest.raises(InvalidRequest, match="must be a number from 0 to 1"):
        answers({"WINDVANE_DECISION_THRESHOLD": text})


def test_only_models_of_two_classes_have_a_threshold(answers):
    three = Schema(("a", "b"), ("x", "y", "z"), "string", "y", "MulticlassClassification")
    for schema in (NUMBERS, three):
        with pytest.raises(InvalidRequest, match="only binary classification has a threshold"):
            answers({"WINDVANE_DECISION_THRESHOLD": "0.5"}, schema=schema)


@pytest.mark.parametrize("separator", [",", ", "])
@pytest.mark.parametrize("keys", EVERY_ORDER, ids=",".join)
def test_a_pipeline_answers_any_keys_in_their_order(answers, keys, separator):
    found = cells(answers(*as_the_sdk_writes(keys, separator)))
    expected = {
        "predicted_label": "no",
        "probability": "0.25",
        "probabilities": "[0.75, 0.25]",
        "labels": "['no', 'yes']",
    }
    assert found == [expected[key] for key in keys]


@pytest.mark.parametrize("keys", EVERY_ORDER, ids=",".join)
def test_one_container_answers_any_keys_in_their_order(answers, keys):
    found = cells(answers({"SAGEMAKER_INFERENCE_OUTPUT": ",".join(keys)}))
    expected = {
        "predicted_label": "no",
        "probability": "0.75",
        "probabilities": "[0.75, 0.25]",
        "labels": "['no', 'yes']",
    }
    assert found == [expected[key] for key in keys]


@pytest.mark.parametrize(
    "keys",
    [keys for keys in EVERY_ORDER if "labels" not in keys],
    ids=",".join,
)
def test_a_pipeline_without_labels_answers_class_numbers_for_any_keys(answers, keys):
    found = cells(answers(FIRST, {"SAGEMAKER_INFERENCE_OUTPUT": ", ".join(keys)}))
    expected = {
        "predicted_label": "0",
        "probability": "0.25",
        "probabilities": "[0.75, 0.25]",
    }
    assert found == [expected[key] for key in keys]


def test_of_more_than_two_classes_a_pipeline_answers_the_predicted_labels_probability(answers):
    schema = Schema(("a", "b"), ("high", "low", "mid"), "string", "y", "MulticlassClassification")
    environments = as_the_sdk_writes(("probability", "predicted_label", "labels"), ",")
    label = cells(answers(*environments, schema=schema))
    assert label[:2] == ["0.75", "high"]
    assert ast.literal_eval(label[2]) == ["high", "low", "mid"]


def test_containers_are_called_as_aws_does_or_by_their_host_names(tmp_path):
    for name in ("t", "m"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").touch()

    def names(*given):
        containers = [
            LocalContainer(environment, tmp_path / folder, name)
            for environment, folder, name in zip([FIRST, {}, LAST], "tmt", given, strict=True)
        ]
        return load_model(containers, lambda *_: Constant(CLASSES)).container_names

    assert names("", "", "") == ("container-1", "container-2", "container-3")
    assert names("prepare", "answer", "name") == ("prepare", "answer", "name")


def test_the_last_containers_output_decides(answers):
    keys = {"SAGEMAKER_INFERENCE_OUTPUT": "probability, predicted_label"}
    assert answers(FIRST, {"SAGEMAKER_INFERENCE_OUTPUT": "labels"}, LAST | keys) == "0.25,no\n"


def test_without_output_the_predicted_label_is_answered(answers):
    assert answers(FIRST, {}, LAST) == "no\n"


def test_two_containers_answer_class_numbers(answers):
    keys = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probability"}
    assert answers(FIRST, keys) == "0,0.25\n"


def test_one_container_answers_the_probability_of_the_predicted_label(answers):
    assert answers({"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probability"}) == "no,0.75\n"


def test_regression_needs_no_keys(answers):
    assert answers(FIRST, {}, schema=NUMBERS) == "4.5\n"


def test_the_default_accept_type_comes_from_the_last_container(answers):
    environment = {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "application/json"}
    assert answers(FIRST, environment, schema=NUMBERS) == '{"predictions": [{"score": 4.5}]}'
    assert answers(FIRST, environment, schema=NUMBERS, accept="text/csv") == "4.5\n"


@pytest.mark.parametrize(
    ("environments", "schema", "says"),
    [
        ((FIRST, {}, LAST | {"SAGEMAKER_INFERENCE_OUTPUT": "score"}), CLASSES, "names 'score'"),
        ((FIRST, {"SAGEMAKER_INFERENCE_OUTPUT": "labels"}), CLASSES, "names 'labels'"),
        (
            (FIRST, {"SAGEMAKER_INFERENCE_OUTPUT": "probability"}),
            NUMBERS,
            "It gives: predicted_label",
        ),
        ((FIRST, {}, LAST), NUMBERS, "leave out the third container"),
        ((FIRST, {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "image/png"}), NUMBERS, "is 'image/png'"),
    ],
)
def test_containers_that_do_not_fit_the_model_are_refused(answers, environments, schema, says):
    with pytest.raises(InvalidRequest) as refusal:
        answers(*environments, schema=schema)
    assert says in str(refusal.value)


def test_an_accept_type_no_model_writes_is_refused(answers):
    with pytest.raises(AcceptRefused):
        answers(FIRST, {}, LAST, accept="image/png")


@pytest.mark.parametrize("environments", [[], [FIRST], [{}, {}], [FIRST, LAST], [{}, FIRST, LAST]])
def test_other_shapes_are_refused_naming_what_can_be_served(environments):
    with pytest.raises(InvalidRequest, match=r"cannot be served\. What can: one container"):
        check_shape(environments)


def test_a_third_container_of_other_data_is_refused(tmp_path):
    for name in "abc":
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").touch()
    containers = [
        LocalContainer(environment, tmp_path / name)
        for environment, name in zip([FIRST, {}, LAST], "abc", strict=True)
    ]
    with pytest.raises(InvalidRequest, match="same ModelDataUrl"):
        load_model(containers, lambda *_: Constant(CLASSES))


def test_an_artefact_without_its_package_is_refused(tmp_path):
    with pytest.raises(InvalidRequest, match=r"transformers/manifest\.json is missing"):
        load_model([LocalContainer({}, tmp_path)], lambda *_: Constant(CLASSES))
