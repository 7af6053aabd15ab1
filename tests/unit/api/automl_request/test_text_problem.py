"""A request to classify texts: its rules, and the problem that it becomes."""

from __future__ import annotations

from typing import Any

import pytest

from windvane.api.automl_request.spec import new_job_v2
from windvane.control.networks import NONE_DECLARED
from windvane.domain.jobspec import Purpose, TextClassification
from windvane.domain.problem import MetricName, Mode
from windvane.errors import InvalidRequest


def channel(**changes: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/texts/"}}
    return {"DataSource": source, **changes}


def request(text: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    config = {"ContentColumn": "sms", "TargetLabelColumn": "kind", **(text or {})}
    return {
        "AutoMLJobName": "spam",
        "AutoMLJobInputDataConfig": [channel()],
        "OutputDataConfig": {"S3OutputPath": "s3://results/jobs"},
        "RoleArn": "arn:aws:iam::000000000000:role/windvane",
        "AutoMLProblemTypeConfig": {"TextClassificationJobConfig": config},
        **changes,
    }


def test_the_columns_are_the_problem_and_accuracy_its_objective() -> None:
    spec = new_job_v2(request(), NONE_DECLARED).spec
    assert spec.problem == TextClassification(content="sms", target="kind")
    assert spec.text_column == "sms"
    assert spec.search.mode is Mode.AUTO
    table = spec.tabular
    assert (table.target, table.objective) == ("kind", MetricName.ACCURACY)
    assert table.problem_type is None


def test_every_member_has_its_place() -> None:
    criteria = {
        "MaxCandidates": 5,
        "MaxRuntimePerTrainingJobInSeconds": 30,
        "MaxAutoMLJobRuntimeInSeconds": 300,
    }
    spec = new_job_v2(
        request(
            {"CompletionCriteria": criteria},
            AutoMLJobInputDataConfig=[
                channel(ChannelType="training", ContentType="x-application/vnd.amazon+parquet"),
                channel(ChannelType="validation", ContentType="x-application/vnd.amazon+parquet"),
            ],
            AutoMLJobObjective={"MetricName": "Accuracy"},
            ModelDeployConfig={"EndpointName": "spam-live"},
        ),
        NONE_DECLARED,
    ).spec
    limits = spec.limits
    assert (limits.max_candidates, limits.max_runtime_s) == (5, 300)
    assert limits.max_candidate_runtime_s == 30
    assert [one.purpose for one in spec.data.channels] == [Purpose.TRAINING, Purpose.VALIDATION]
    assert spec.deployment is not None
    assert spec.deployment.endpoint_name == "spam-live"
    split = request(DataSplitConfig={"ValidationFraction": 0.3})
    assert new_job_v2(split, NONE_DECLARED).spec.data.validation_fraction == 0.3


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (
            request({"TargetLabelColumn": "sms"}),
            "'sms' is named as ContentColumn and as TargetLabelColumn; a column can be one of them.",
        ),
        (
            request(AutoMLJobObjective={"MetricName": "F1"}),
            "The objective metric F1 does not fit text classification. Choose Accuracy, or leave",
        ),
        (
            request(AutoMLJobInputDataConfig=[channel(ChannelType="validation")]),
            "AutoMLJobInputDataConfig has no training channel",
        ),
        (
            request(AutoMLJobInputDataConfig=[channel(ContentType="text/plain")]),
            "Value 'text/plain' at 'autoMLJobInputDataConfig.1.member.contentType' is not supported",
        ),
        (
            request(DataSplitConfig={"ValidationFraction": 1.0}),
            "Value '1' at 'dataSplitConfig.validationFraction' must be greater than 0 and less than 1",
        ),
        (
            request(
                {
                    "CompletionCriteria": {
                        "MaxRuntimePerTrainingJobInSeconds": 90,
                        "MaxAutoMLJobRuntimeInSeconds": 60,
                    }
                }
            ),
            "MaxAutoMLJobRuntimeInSeconds (60) must be equal to or greater than",
        ),
        (
            request(ModelDeployConfig={"AutoGenerateEndpointName": False}),
            "EndpointName must be specified in ModelDeployConfig",
        ),
        (
            request(
                AutoMLComputeConfig={"EmrServerlessComputeConfig": {"ExecutionRoleARN": "arn"}}
            ),
            "autoMLComputeConfig",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_the_words_of_the_operation(
    sent: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        new_job_v2(sent, NONE_DECLARED)
    assert told in str(raised.value)
