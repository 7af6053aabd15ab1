"""Documents of the protocol: which bodies are passed on, and what results become."""

import json

import pytest

from windvane.errors import InvalidRequest, Malformed
from windvane.wire.call import Request
from windvane.wire.model import load_service
from windvane.wire.open_inference.documents import read_parameters, write_document
from windvane.wire.open_inference.paths import MEDIA

INVOKE = load_service("sagemaker-runtime").operation("InvokeEndpoint")
SCHEMA = load_service("windvane").operation("DescribeEndpointSchema")
LABELS = (("EndpointName", "li%76e"), ("TargetVariant", "B"))


def asked(*headers, labels=LABELS):
    request = Request("POST", "/", "", headers, b'{"inputs": []}')
    return read_parameters(INVOKE, labels, request)


def test_a_body_is_passed_on_as_it_is():
    assert asked(("content-type", "text/csv"), ("x-amzn-sagemaker-target-model", "m")) == {
        "EndpointName": "live",
        "TargetVariant": "B",
        "ContentType": MEDIA,
        "Accept": MEDIA,
        "Body": b'{"inputs": []}',
    }


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (("inference-header-content-length", "20"), "binary_data=False"),
        (("content-encoding", "gzip"), "'gzip' is not read"),
    ],
)
def test_bodies_that_are_not_json_are_refused(header, says):
    with pytest.raises(Malformed, match=says):
        asked(header)


def test_a_path_has_to_be_utf_8():
    with pytest.raises(Malformed, match="EndpointName of the path is not UTF-8"):
        asked(labels=(("EndpointName", "%ff"),))


def test_an_answer_says_which_model_it_is_of():
    result = {"Body": b'{"id": "1", "outputs": []}', "InvokedProductionVariant": "B"}
    assert json.loads(write_document(INVOKE, LABELS, result)) == {
        "model_name": "live",
        "model_version": "B",
        "id": "1",
        "outputs": [],
    }


def schema(**members):
    columns = [{"Name": "a", "Type": "numeric"}, {"Name": "c", "Type": "categorical"}]
    told = {"VariantName": "B", "ProblemType": "Regression", "Labels": [], "Columns": columns}
    return told | members


def metadata(labels=LABELS[:1], **members):
    return json.loads(write_document(SCHEMA, labels, schema(**members)))


def test_metadata_of_values():
    assert metadata() == {
        "name": "live",
        "versions": ["B"],
        "platform": "windvane",
        "inputs": [
            {"name": "a", "datatype": "FP64", "shape": [-1]},
            {"name": "c", "datatype": "BYTES", "shape": [-1]},
        ],
        "outputs": [{"name": "predicted_value", "datatype": "FP64", "shape": [-1]}],
    }


def test_metadata_of_classes_say_how_many_there_are():
    outputs = metadata(ProblemType="MulticlassClassification", Labels=["x", "y", "z"])["outputs"]
    assert [(one["name"], one["shape"]) for one in outputs] == [
        ("predicted_label", [-1]),
        ("probability", [-1]),
        ("probabilities", [-1, 3]),
        ("labels", [3]),
    ]


def test_a_model_that_says_what_it_is_is_ready():
    labels = (*LABELS[:1], ("ready", "ready"))
    for kind in ("Regression", "TimeSeriesForecasting"):
        assert metadata(labels, ProblemType=kind) == {"name": "live", "ready": True}


def test_forecasts_are_no_tensors():
    with pytest.raises(InvalidRequest, match="endpoint live forecasts series"):
        metadata(ProblemType="TimeSeriesForecasting")
