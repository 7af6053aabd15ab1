"""Text classification over CreateAutoMLJobV2: what is sent comes back in every state, and what is not served is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from api.test_auto_ml_job_v2 import ARN, channel, job_of, refused, request
from api.world import World

from windvane.domain.job import JobStatus, SecondaryStatus
from windvane.domain.problem import MetricName, ProblemType

CRITERIA = {
    "MaxCandidates": 3,
    "MaxAutoMLJobRuntimeInSeconds": 90,
    "MaxRuntimePerTrainingJobInSeconds": 30,
}
TEXT = {"ContentColumn": "sms", "TargetLabelColumn": "kind"}


def texts(**members: Any) -> dict[str, Any]:
    config = {"TextClassificationJobConfig": {**TEXT, **members.pop("config", {})}}
    return request(AutoMLProblemTypeConfig=config, **members)


def test_a_job_is_described_as_it_was_sent_and_its_objective_is_known_at_once(world: World) -> None:
    sent = texts(
        config={"CompletionCriteria": CRITERIA},
        AutoMLJobObjective={"MetricName": "Accuracy"},
    )
    client = world.client()
    assert client.create_auto_ml_job_v2(**sent)["AutoMLJobArn"] == ARN
    told = client.describe_auto_ml_job_v2(AutoMLJobName="churn")
    assert {name: told[name] for name in sent} == sent
    assert told["AutoMLProblemTypeConfigName"] == "TextClassification"
    assert told["ResolvedAttributes"] == {
        "AutoMLJobObjective": {"MetricName": "Accuracy"},
        "CompletionCriteria": CRITERIA,
    }
    [summary] = client.list_auto_ml_jobs()["AutoMLJobSummaries"]
    assert summary["AutoMLJobName"] == "churn"


def test_the_problem_type_that_was_found_is_not_told_as_that_of_a_table(world: World) -> None:
    world.client().create_auto_ml_job_v2(**texts())
    job = replace(
        job_of(world),
        problem_type=ProblemType.BINARY,
        objective=MetricName.ACCURACY,
        secondary=SecondaryStatus.MODEL_TUNING,
    )
    with world.store.transaction() as tx:
        tx.update(job)
    told = world.client().describe_auto_ml_job_v2(AutoMLJobName="churn")
    assert told["AutoMLJobStatus"] == JobStatus.IN_PROGRESS
    assert "AutoMLProblemTypeResolvedAttributes" not in told["ResolvedAttributes"]
    world.client().stop_auto_ml_job(AutoMLJobName="churn")
    told = world.client().describe_auto_ml_job_v2(AutoMLJobName="churn")
    assert told["AutoMLJobStatus"] == "Stopping"


def test_a_metric_of_tables_is_refused(world: World) -> None:
    message = refused(world, texts(AutoMLJobObjective={"MetricName": "F1macro"}))
    assert "does not fit text classification. Choose Accuracy" in message


def test_a_column_without_a_name_is_refused(world: World) -> None:
    message = refused(world, texts(config={"ContentColumn": "c" * 257}))
    assert "textClassificationJobConfig.contentColumn" in message


def test_two_channels_are_accepted(world: World) -> None:
    world.put("s3://data/held-out/v.csv")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/held-out/"}}
    channels = [
        channel(ChannelType="training"),
        {"ChannelType": "validation", "DataSource": source},
    ]
    world.client().create_auto_ml_job_v2(**texts(AutoMLJobInputDataConfig=channels))
    told = world.client().describe_auto_ml_job_v2(AutoMLJobName="churn")
    assert told["AutoMLJobInputDataConfig"] == channels
