"""A job as a form fills it in, the request that it makes, and the same request as code."""

from __future__ import annotations

import ast
import json
import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.console.forms import Form
from windvane.console.job_form.code import boto3_code, cli_code
from windvane.console.job_form.draft import Draft, Specification, packed, unpacked
from windvane.console.job_form.faults import faults_of, refused_field
from windvane.console.job_form.time_limit import limit_text, seconds_of
from windvane.errors import InvalidRequest, NameTaken, OutputBucketMissing
from windvane.wire.call import Caller, Credential
from windvane.wire.model import load_service
from windvane.wire.validate import validate

ACCOUNT, REGION = "111122223333", "us-east-1"
CALLER = Caller(ACCOUNT, REGION, Credential(ACCOUNT, "AKIA1", "secret", "arn", "id"))
URL = "http://127.0.0.1:8470"
UPLOADED = f"s3://sagemaker-{REGION}-{ACCOUNT}/console/uploads/20260102T030405Z-0a1b2c3d/train.csv"
FIELDS = {
    "uri": "s3://data/train.csv",
    "target": "y",
    "job_name": "churn",
    "role": f"arn:aws:iam::{ACCOUNT}:role/windvane",
    "output": "s3://results/jobs",
}
HOSTILE = (
    "'; rm -rf / #",
    '"""\\',
    "$(id)`id`",
    "two\nlines\r",
    "</script>",
    "\u202egnp",
)


def draft(columns: dict[str, str] | None = None, **fields: str) -> Draft:
    told = {name: [value] for name, value in {**FIELDS, **fields}.items()}
    told["column"] = [packed(name) for name in columns or {}]
    told["type"] = list((columns or {}).values())
    return Draft.of(Form(told))


def request(*given: Any, **fields: str) -> dict[str, Any]:
    made = draft(*given, **fields).job_request(CALLER)
    validate(made, load_service("sagemaker").operation("CreateAutoMLJobV2").input_shape)
    return made


def test_the_shortest_form_is_the_shortest_request() -> None:
    assert request(time_limit="") == {
        "AutoMLJobName": "churn",
        "AutoMLJobInputDataConfig": [
            {
                "ChannelType": "training",
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/train.csv"}
                },
            }
        ],
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
        "OutputDataConfig": {"S3OutputPath": "s3://results/jobs"},
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/windvane",
    }


def test_every_field_has_its_place() -> None:
    made = request(
        data_type="ManifestFile",
        time_limit="7",
        candidates="12",
        mode="ENSEMBLING",
        problem_type="Regression",
        objective="MAE",
        deploy="1",
        endpoint_name="churn-live",
        tags="team=a\n\n stage = test=1 \n",
        content_type="text/csv;header=present",
        compression="Gzip",
    )
    tabular = made["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert tabular == {
        "TargetAttributeName": "y",
        "ProblemType": "Regression",
        "Mode": "ENSEMBLING",
        "CompletionCriteria": {"MaxCandidates": 12, "MaxAutoMLJobRuntimeInSeconds": 420},
    }
    [channel] = made["AutoMLJobInputDataConfig"]
    assert channel["CompressionType"] == "Gzip"
    assert channel["ContentType"] == "text/csv;header=present"
    assert channel["DataSource"]["S3DataSource"]["S3DataType"] == "ManifestFile"
    assert made["AutoMLJobObjective"] == {"MetricName": "MAE"}
    assert made["ModelDeployConfig"] == {
        "AutoGenerateEndpointName": False,
        "EndpointName": "churn-live",
    }
    assert made["Tags"] == [{"Key": "team", "Value": "a"}, {"Key": "stage", "Value": "test=1"}]


def test_a_column_that_splits_the_rows_is_in_the_specification() -> None:
    name = "who\nis it"
    told = draft(uri=UPLOADED, group_column_json=packed(name)).specification(CALLER)
    assert told is not None
    assert json.loads(told.text) == {"WindvaneGroupColumn": name}
    told = draft(uri=UPLOADED, time_column="when").specification(CALLER)
    assert told is not None
    assert json.loads(told.text) == {"WindvaneTimeColumn": "when"}
    made = draft(group_column="who", time_column="when").preview_request()
    assert (made["GroupColumn"], made["TimeColumn"]) == ("who", "when")


def test_columns_that_are_sensitive_are_in_a_tag_and_the_target_is_none() -> None:
    told = Draft.of(
        Form(
            {
                **{name: [value] for name, value in FIELDS.items()},
                "sensitive": ['"y"', '"a/b"', "x"],
            }
        )
    )
    assert told.sensitive == ("y", "a/b")
    marked = {"Key": "windvane:sensitive-columns", "Value": "a=2Fb"}
    made = told.job_request(CALLER)
    validate(made, load_service("sagemaker").operation("CreateAutoMLJobV2").input_shape)
    assert made["Tags"] == [marked]
    assert "Tags" not in replace(told, problem_type="TextClassification", content="t").job_request(
        CALLER
    )
    assert faults_of(told) == {}
    twice = faults_of(replace(told, tags="windvane:sensitive-columns=x"))["sensitive"]
    assert "both say the same" in twice
    many = faults_of(replace(told, sensitive=tuple(f"column {n}" for n in range(99))))
    assert "characters in the tag of the job; at most 256" in many["sensitive"]


def test_a_webhook_is_asked_for_by_a_tag_and_must_be_one_that_there_is() -> None:
    told = draft(webhook="chat")
    made = told.job_request(CALLER)
    validate(made, load_service("sagemaker").operation("CreateAutoMLJobV2").input_shape)
    assert made["Tags"] == [{"Key": "windvane:webhook", "Value": "chat"}]
    assert faults_of(told, ("chat",)) == {}
    assert "has no webhook of this name" in faults_of(told, ("mail",))["webhook"]
    twice = replace(told, tags="windvane:webhook=mail")
    assert "both say the same" in faults_of(twice, ("chat",))["webhook"]


def test_a_name_for_the_endpoint_is_made_up_where_none_is_given() -> None:
    named = {"AutoGenerateEndpointName": False, "EndpointName": "churn"}
    assert request(deploy="1")["ModelDeployConfig"] == named
    assert "ModelDeployConfig" not in request(endpoint_name="churn-live")


def test_a_classifier_that_is_deployed_answers_with_probabilities() -> None:
    asked = [{"Key": "windvane:responses", "Value": "probabilities"}]
    assert request(deploy="1", implied="BinaryClassification")["Tags"] == asked
    assert "Tags" not in request(deploy="1", implied="Regression")
    assert "Tags" not in request(implied="BinaryClassification")


@pytest.mark.parametrize(
    "chosen", [{"objective": "AUC"}, {"problem_type": "BinaryClassification", "objective": "AUC"}]
)
def test_an_objective_brings_the_problem_type_that_the_operation_wants_with_it(
    chosen: dict[str, str],
) -> None:
    made = request(implied="BinaryClassification", default_objective="F1", **chosen)
    tabular = made["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert tabular["ProblemType"] == "BinaryClassification"
    assert made["AutoMLJobObjective"] == {"MetricName": "AUC"}


def test_a_problem_type_brings_its_objective() -> None:
    made = request(problem_type="Regression", implied="Regression", default_objective="MSE")
    assert made["AutoMLJobObjective"] == {"MetricName": "MSE"}


def test_types_and_columns_that_are_left_out_become_a_specification() -> None:
    columns = {"a": "text", "b": "out", "c": "", "y": ""}
    made = draft(columns)
    specification = made.specification(CALLER)
    assert specification is not None
    assert json.loads(specification.text) == {
        "FeatureAttributeNames": ["a", "c"],
        "FeatureDataTypes": {"a": "text"},
    }
    told = request(columns)["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert told["FeatureSpecificationS3Uri"] == specification.uri
    assert made.preview_request()["FeatureAttributeNames"] == ["a", "c"]
    assert draft({"a": "", "y": ""}).specification(CALLER) is None


def test_what_is_chosen_for_the_target_is_no_choice_for_a_feature() -> None:
    assert draft({"a": "", "y": "out"}).specification(CALLER) is None
    assert draft({"a": "", "y": "text"}).specification(CALLER) is None


def test_a_specification_lies_beside_data_that_were_uploaded_here() -> None:
    beside = draft({"a": "text"}, uri=UPLOADED).specification(CALLER)
    assert beside is not None
    assert beside.uri.startswith(UPLOADED.removesuffix("train.csv") + "features-")
    elsewhere = draft({"a": "text"}).specification(CALLER)
    assert elsewhere is not None
    bucket = f"s3://sagemaker-{REGION}-{ACCOUNT}"
    assert elsewhere.uri.startswith(f"{bucket}/console/uploads/specifications/features-")
    other = draft({"a": "numeric"}).specification(CALLER)
    assert other is not None
    assert other.uri != elsewhere.uri


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("target", "", "Choose the column"),
        ("time_limit", "soon", "such as 90 s, 10 min or 1.5 h"),
        ("time_limit", "0", "from 1 s to 30 days"),
        ("time_limit", "31 d", "from 1 s to 30 days"),
        ("time_limit", "2 months", "from 1 s to 30 days"),
        ("candidates", "-1", "whole number"),
        ("candidates", "1.5", "whole number"),
        ("time_limit", "٣", "A number alone is minutes"),
        ("tags", "team=a\nno sign", "“no sign” is not of the form key=value"),
        ("tags", "=a", "not of the form"),
        ("tags", "a=1\na=2", "The key “a” is there twice"),
        ("tags", "aws:a=1", "reserved"),
        ("tags", "\n".join(f"k{i}=v" for i in range(51)), "51 tags; at most 50"),
        ("tags", f"k={'v' * 257}", "a value at most 256"),
        ("job_name", "not_valid", "“_” is not allowed"),
        ("job_name", "not valid", "a space is not allowed"),
        ("job_name", "-a", "start and end with a letter or digit"),
        ("job_name", "a" * 33, "33 characters; at most 32"),
        ("job_name", "", "Enter a name"),
        ("output", "somewhere", "such as s3://my-bucket/automl"),
        ("output", "s3://bucket/" + "a" * 120, "132 characters; at most 128"),
    ],
)
def test_what_cannot_be_read_is_told_at_its_field(field: str, text: str, told: str) -> None:
    assert told in faults_of(draft(**{field: text}))[field]
    draft(**{field: text}).job_request(CALLER)


def test_the_name_of_an_endpoint_is_checked_if_one_is_asked_for() -> None:
    assert "at most 63" in faults_of(draft(deploy="1", endpoint_name="a" * 64))["endpoint_name"]
    assert faults_of(draft(endpoint_name="a_b")) == {}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10", 600),
        ("1.5", 90),
        ("90 s", 90),
        ("90sec", 90),
        ("1.5 min", 90),
        ("1 h", 3600),
        ("1h 30m", 5400),
        ("2 Days", 172_800),
        ("0.1 s", None),
        ("1:30", None),
        ("-5", None),
        ("1e3", None),
        ("10 min later", None),
        ("nan", None),
    ],
)
def test_a_time_limit_has_a_unit_or_is_minutes(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds


@given(st.integers(1, 30 * 24 * 3600))
def test_a_time_limit_is_read_as_it_is_written(seconds: int) -> None:
    assert seconds_of(limit_text(seconds)) == seconds


def test_a_link_may_give_the_time_limit_in_minutes() -> None:
    assert Draft.of(Form({"minutes": ["5"]})).time_limit == "5"
    assert Draft.of(Form({"minutes": ["5"], "time_limit": ["90 s"]})).time_limit == "90 s"


def test_a_refusal_is_told_at_its_field_in_plain_words() -> None:
    one = draft()
    taken = NameTaken("AutoML job names must be unique within an AWS account and region")
    assert refused_field(one, taken) == (
        "job_name",
        "There is already a job called churn. Choose another name.",
    )
    missing = OutputBucketMissing("results", one.output, "us-east-1", "arn:aws:iam::0:role/one")
    assert refused_field(one, missing)[0] == "output"
    assert "no bucket called results" in refused_field(one, missing)[1]
    assert refused_field(one, InvalidRequest("Something else.")) == ("", "Something else.")


@given(st.text())
def test_a_form_carries_any_name(name: str) -> None:
    carried = packed(name)
    assert carried.isascii()
    assert carried.isprintable()
    assert unpacked(carried) == name


@pytest.mark.parametrize("text", ["", "plain", "[1]", "3", "[" * 100_000, '"', r'"\ud800"'])
def test_what_is_no_packed_name_is_none(text: str) -> None:
    assert unpacked(text) == ""


def calls_of(program: str) -> list[tuple[str, dict[str, Any]]]:
    """What a program asks of boto3, told from its syntax: every argument must be a literal."""
    found = []
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Attribute)
            assert all(isinstance(one, ast.Constant) for one in node.args)
            arguments = {one.arg or "": ast.literal_eval(one.value) for one in node.keywords}
            found.append((node.func.attr, arguments))
    return found


def as_code(made: dict[str, Any], specification: Specification | None = None) -> tuple[str, str]:
    where = (URL, REGION, made, specification)
    return boto3_code(*where), cli_code(*where)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_of_somebodys_data_becomes_code(text: str) -> None:
    one = draft(
        {text: "text", "b": "out"}, target=text + "y", tags=f"k={text}", uri=f"s3://b/{text}"
    )
    made, specification = one.job_request(CALLER), one.specification(CALLER)
    assert specification is not None
    python, shell = as_code(made, specification)
    calls = dict(calls_of(python))
    assert calls["create_auto_ml_job_v2"] == made
    assert calls["put_object"]["Body"] == specification.text
    words = shlex.split(shell)
    assert json.loads(words[words.index("--cli-input-json") + 1]) == made
    assert words[:3] == ["printf", "%s", specification.text]


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_is_a_literal(value: Any) -> None:
    python, shell = as_code({"AutoMLJobName": value})
    assert dict(calls_of(python))["create_auto_ml_job_v2"] == {"AutoMLJobName": value}
    words = shlex.split(shell)
    assert json.loads(words[-1]) == {"AutoMLJobName": value}


SERIES = {
    "problem_type": "TimeSeriesForecasting",
    "timestamp_json": packed("day"),
    "item_json": packed("shop"),
    "frequency": "1D",
    "horizon": "14",
    "target": "sales",
}


def test_a_forecasting_job_is_asked_for_with_what_makes_series() -> None:
    made = draft(**SERIES, groups_json=packed("product"), quantiles="p5, p50 p95")
    assert faults_of(made) == {}
    assert made.specification(CALLER) is None
    asked = made.job_request(CALLER)
    validate(asked, load_service("sagemaker").operation("CreateAutoMLJobV2").input_shape)
    config = asked["AutoMLProblemTypeConfig"]["TimeSeriesForecastingJobConfig"]
    assert config == {
        "ForecastFrequency": "1D",
        "ForecastHorizon": 14,
        "ForecastQuantiles": ["p5", "p50", "p95"],
        "TimeSeriesConfig": {
            "TargetAttributeName": "sales",
            "TimestampAttributeName": "day",
            "ItemIdentifierAttributeName": "shop",
            "GroupingAttributeNames": ["product"],
        },
        "CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 600},
    }
    usual = draft(**SERIES).job_request(CALLER)["AutoMLProblemTypeConfig"]
    assert "ForecastQuantiles" not in usual["TimeSeriesForecastingJobConfig"]


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("timestamp", "timestamp_json", ""),
        ("item", "item_json", ""),
        ("frequency", "frequency", ""),
        ("horizon", "horizon", "soon"),
        ("mode", "mode", "ENSEMBLING"),
    ],
)
def test_what_a_forecasting_job_lacks_is_told_at_its_field(
    field: str, name: str, value: str
) -> None:
    assert set(faults_of(draft(**{**SERIES, name: value}))) == {field}


TEXTS = {
    "problem_type": "TextClassification",
    "target_json": packed("type"),
    "content_json": packed("text"),
}


def test_a_job_on_texts_is_asked_for_with_its_two_columns() -> None:
    made = draft(**TEXTS, objective="Accuracy")
    assert faults_of(made) == {}
    assert made.specification(CALLER) is None
    asked = made.job_request(CALLER)
    validate(asked, load_service("sagemaker").operation("CreateAutoMLJobV2").input_shape)
    assert asked["AutoMLProblemTypeConfig"] == {
        "TextClassificationJobConfig": {
            "ContentColumn": "text",
            "TargetLabelColumn": "type",
            "CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 600},
        }
    }
    assert asked["AutoMLJobObjective"] == {"MetricName": "Accuracy"}
    looked = made.preview_request()
    assert "ProblemType" not in looked
    assert looked["FeatureDataTypes"] == {"text": "text"}


@pytest.mark.parametrize(
    ("field", "name", "value"), [("content", "content_json", ""), ("mode", "mode", "ENSEMBLING")]
)
def test_what_a_job_on_texts_lacks_is_told_at_its_field(field: str, name: str, value: str) -> None:
    assert set(faults_of(draft(**{**TEXTS, name: value}))) == {field}
