"""CreateAutoMLJobV2 and DescribeAutoMLJobV2: what is sent comes back, what is refused is called by its V2 name, and jobs
of both APIs are jobs alike."""

from __future__ import annotations

from typing import Any

import pytest
from api.world import INPUT, OUTPUT, ROLE, SCOPE, World, refusal

from windvane.domain.job import ApiVersion, AutoMLJob, Echo, JobStatus, Limits
from windvane.domain.problem import Mode
from windvane.domain.task import TaskKind

TABULAR = "autoMLProblemTypeConfig.tabularJobConfig"
ALGORITHMS = f"{TABULAR}.candidateGenerationConfig.algorithmsConfig"
ARN = f"arn:aws:sagemaker:{SCOPE.region}:{SCOPE.account}:automl-job/churn"
NOT_SERVED = "is not supported by this server: leave it out"


def channel(**changes: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": INPUT}}
    return {"DataSource": source, **changes}


def request(tabular: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "AutoMLJobName": "churn",
        "AutoMLJobInputDataConfig": [channel()],
        "OutputDataConfig": {"S3OutputPath": OUTPUT},
        "RoleArn": ROLE,
        "AutoMLProblemTypeConfig": {
            "TabularJobConfig": {"TargetAttributeName": "y", **(tabular or {})}
        },
        **changes,
    }


def job_of(world: World) -> AutoMLJob:
    with world.store.snapshot() as tx:
        job = tx.find(AutoMLJob, SCOPE, "churn")
    assert job is not None
    return job


def refused(world: World, sent: dict[str, Any]) -> str:
    code, message = refusal(world.client().create_auto_ml_job_v2, **sent)
    assert code == "ValidationException"
    with world.store.snapshot() as tx:
        assert tx.count(AutoMLJob, list(JobStatus)) == 0
    return message


COMPLETE = request(
    {
        "CandidateGenerationConfig": {
            "AlgorithmsConfig": [{"AutoMLAlgorithms": ["xgboost", "lightgbm"]}]
        },
        "CompletionCriteria": {
            "MaxCandidates": 4,
            "MaxRuntimePerTrainingJobInSeconds": 60,
            "MaxAutoMLJobRuntimeInSeconds": 600,
        },
        "Mode": "ENSEMBLING",
        "GenerateCandidateDefinitionsOnly": False,
        "ProblemType": "BinaryClassification",
    },
    AutoMLJobInputDataConfig=[
        channel(
            ChannelType="training", ContentType="text/csv;header=present", CompressionType="None"
        )
    ],
    AutoMLJobObjective={"MetricName": "AUC"},
    ModelDeployConfig={"AutoGenerateEndpointName": False, "EndpointName": "e"},
    SecurityConfig={"EnableInterContainerTrafficEncryption": False},
    DataSplitConfig={},
    AutoMLComputeConfig={},
    Tags=[{"Key": "team", "Value": "growth"}],
)


@pytest.mark.parametrize("sent", [COMPLETE, request()], ids=["every member", "the least"])
def test_what_was_sent_is_described(world: World, sent: dict[str, Any]) -> None:
    assert world.client().create_auto_ml_job_v2(**sent)["AutoMLJobArn"] == ARN
    answer = world.client().describe_auto_ml_job_v2(AutoMLJobName="churn")
    assert {name: answer.get(name) for name in sent if name != "Tags"} == {
        name: value for name, value in sent.items() if name != "Tags"
    }
    assert answer["AutoMLProblemTypeConfigName"] == "Tabular"
    tags = world.client().list_tags(ResourceArn=ARN)["Tags"]
    assert tags == sent.get("Tags", [])


def test_a_job_is_recorded_as_the_first_api_would_and_marked(
    world: World,
) -> None:
    world.client().create_auto_ml_job_v2(**COMPLETE)
    job = job_of(world)
    sent = {name: value for name, value in COMPLETE.items() if name != "Tags"}
    assert job.echo == Echo(ApiVersion.V2, sent)
    assert (job.limits, job.endpoint_name) == (Limits(4, 600, 60), "e")
    assert (job.mode, job.spec.search.algorithms) == (Mode.ENSEMBLING, ("xgboost", "lightgbm"))
    assert job.spec.problem.target == "y"
    with world.store.snapshot() as tx:
        assert [task.kind for task in tx.tasks(job.arn)] == [TaskKind.ANALYZE]


def test_a_job_without_a_mode_goes_by_the_size_of_its_data(world: World) -> None:
    world.client().create_auto_ml_job_v2(**request())
    job = job_of(world)
    assert job.spec.search.mode is Mode.AUTO
    assert job.resolved(99_999_999) is Mode.ENSEMBLING
    assert job.resolved(100_000_000) is Mode.TUNING


def test_what_a_job_resolved_is_told_below_its_problem_type(world: World) -> None:
    sent = request({"ProblemType": "Regression"}, AutoMLJobObjective={"MetricName": "MAE"})
    world.client().create_auto_ml_job_v2(**sent)
    resolved = world.client().describe_auto_ml_job_v2(AutoMLJobName="churn")["ResolvedAttributes"]
    assert resolved["AutoMLJobObjective"] == {"MetricName": "MAE"}
    assert resolved["AutoMLProblemTypeResolvedAttributes"] == {
        "TabularResolvedAttributes": {"ProblemType": "Regression"}
    }


def test_the_first_api_refuses_to_describe_a_job_of_v2(world: World) -> None:
    world.client().create_auto_ml_job_v2(**request())
    assert refusal(world.client().describe_auto_ml_job, AutoMLJobName="CHURN") == (
        "ValidationException",
        (
            "The AutoML job churn was created by CreateAutoMLJobV2 and is not described by DescribeAutoMLJob. "
            "Use DescribeAutoMLJobV2."
        ),
    )


def test_a_name_is_taken_whichever_api_took_it(world: World) -> None:
    world.client().create_auto_ml_job_v2(**request())
    with pytest.raises(world.client().exceptions.ResourceInUse):
        world.create_job("Churn")


def test_jobs_of_both_are_listed_stopped_and_asked_for_candidates_alike(world: World) -> None:
    client = world.client()
    client.create_auto_ml_job_v2(**request())
    world.create_job("first-api")
    listed = client.list_auto_ml_jobs(SortBy="Name", SortOrder="Ascending")["AutoMLJobSummaries"]
    assert [job["AutoMLJobName"] for job in listed] == ["churn", "first-api"]
    assert client.list_candidates_for_auto_ml_job(AutoMLJobName="churn")["Candidates"] == []
    client.stop_auto_ml_job(AutoMLJobName="churn")
    status = client.describe_auto_ml_job_v2(AutoMLJobName="churn")["AutoMLJobStatus"]
    assert status == "Stopping"


OTHER_PROBLEMS = {
    "ImageClassificationJobConfig": (
        {},
        "models of images need pretrained networks and GPUs, which this server does without",
    ),
    "TextGenerationJobConfig": (
        {},
        "language models are fine-tuned on GPUs, which this server does without",
    ),
}


@pytest.mark.parametrize("name", OTHER_PROBLEMS)
def test_another_problem_type_is_refused_with_the_reason(world: World, name: str) -> None:
    config, why = OTHER_PROBLEMS[name]
    assert refused(world, request(AutoMLProblemTypeConfig={name: config})) == (
        f"The member 'autoMLProblemTypeConfig.{name[0].lower()}{name[1:]}' is not supported by this server: {why}."
    )


BROKEN = [
    (
        request(AutoMLJobObjective={"MetricName": "F1"}),
        (
            "AutoMLJobObjective is specified without ProblemType: you must either provide both the AutoMLJobObjective "
            "and the ProblemType, or none at all."
        ),
    ),
    (
        request({"ProblemType": "Regression"}),
        (
            "ProblemType is specified without AutoMLJobObjective: you must either provide both the AutoMLJobObjective "
            "and the ProblemType, or none at all."
        ),
    ),
    (
        request({"ProblemType": "Regression"}, AutoMLJobObjective={"MetricName": "F1"}),
        (
            "The objective metric F1 does not fit the problem type Regression. Choose one of: MSE, RMSE, MAE, R2."
        ),
    ),
    (
        request(
            {"CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["xgboost"]}]}}
        ),
        (
            f"The member '{ALGORITHMS}' must not be specified without a Mode, which is then AUTO: choose the Mode "
            "ENSEMBLING or HYPERPARAMETER_TUNING."
        ),
    ),
    (
        request(
            {
                "Mode": "AUTO",
                "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": []}]},
            }
        ),
        (
            f"The member '{ALGORITHMS}' must not be specified when the Mode is AUTO: choose the Mode ENSEMBLING or "
            "HYPERPARAMETER_TUNING."
        ),
    ),
    (
        request(
            {
                "Mode": "ENSEMBLING",
                "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["mlp"]}]},
            }
        ),
        (
            f"Value 'mlp' at '{ALGORITHMS}.1.member.autoMLAlgorithms' is not an algorithm of the Mode ENSEMBLING. Choose "
            "from: catboost, extra-trees, fastai, lightgbm, linear-learner, nn-torch, randomforest, xgboost."
        ),
    ),
    (
        request(AutoMLJobInputDataConfig=[channel(ContentType="inputDataConfig.1")]),
        (
            "Value 'inputDataConfig.1' at 'autoMLJobInputDataConfig.1.member.contentType' is not supported. Choose one "
            "of: text/csv;header=present, x-application/vnd.amazon+parquet."
        ),
    ),
    (
        request(AutoMLJobInputDataConfig=[channel(ChannelType="validation")]),
        (
            "AutoMLJobInputDataConfig has no training channel: a single channel must be of the type training."
        ),
    ),
    (
        request(SecurityConfig={"VolumeKmsKeyId": "alias/none"}),
        (
            "The KMS key 'alias/none' at 'securityConfig.volumeKmsKeyId' cannot be used: Alias "
            "arn:aws:kms:us-east-1:111122223333:alias/none is not found."
        ),
    ),
    (
        request(AutoMLComputeConfig={"EmrServerlessComputeConfig": {"ExecutionRoleARN": ROLE}}),
        f"The member 'autoMLComputeConfig' {NOT_SERVED}.",
    ),
    (
        request({"CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 2_592_001}}),
        "MaxAutoMLJobRuntimeInSeconds (2592001) must be at most 2592000, which is 30 days.",
    ),
    (
        request(AutoMLJobInputDataConfig=[{}]),
        (
            "1 validation error detected: Value null at 'autoMLJobInputDataConfig.1.member.dataSource' failed to satisfy "
            "constraint: Member must not be null"
        ),
    ),
]


@pytest.mark.parametrize(("sent", "message"), BROKEN)
def test_a_request_that_breaks_a_rule_is_told_in_the_words_of_v2(
    world: World, sent: dict[str, Any], message: str
) -> None:
    assert refused(world, sent) == message
