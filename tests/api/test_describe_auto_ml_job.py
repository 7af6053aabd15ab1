"""DescribeAutoMLJob and its V2: every key true or absent in every state."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from itertools import chain, combinations, product
from typing import Any

import pytest
from api.job_states import ALWAYS, BY_STATE, ECHOED, STATES, State
from api.records import candidate_record, finished_candidate, job_record
from api.world import IMAGE, INPUT, MODEL_DATA, OUTPUT, ROLE, SCOPE, World, channel, refusal

from windvane.domain.candidate import CandidateStatus
from windvane.domain.job import AutoMLJob, JobStatus, SecondaryStatus
from windvane.domain.problem import MetricName, ProblemType
from windvane.notes.note import said


def described(world: World, job: AutoMLJob) -> dict[str, Any]:
    world.insert(job)
    answer = world.client().describe_auto_ml_job(AutoMLJobName=job.name)
    del answer["ResponseMetadata"]
    return answer


def keys_of(answer: dict[str, Any]) -> set[str]:
    return set(answer) | {f"ResolvedAttributes.{key}" for key in answer["ResolvedAttributes"]}


FACTS = {
    "ResolvedAttributes.ProblemType": lambda now: {"problem_type": ProblemType.BINARY},
    "ResolvedAttributes.AutoMLJobObjective": lambda now: {"objective": MetricName.F1},
    "EndTime": lambda now: {"ended": now},
    "FailureReason": lambda now: {"failure": said("It broke.")},
    "PartialFailureReasons": lambda now: {"partial_failures": (said("One broke."),)},
    "AutoMLJobArtifacts": lambda now: {"exploration": "s3://b/exploration.ipynb"},
    "BestCandidate": lambda now: {"best_candidate": "churn-001"},
    "ModelDeployResult": lambda now: {"deployed": True, "endpoint_name": "e"},
}
"""What of a record makes a key appear."""


def job_in(
    state: State, secondary: SecondaryStatus, keys: AbstractSet[str], now: datetime
) -> AutoMLJob:
    facts = [FACTS[key](now) for key in keys]
    changes = dict(chain.from_iterable(fact.items() for fact in facts))
    return job_record(now, status=state.status, secondary=secondary, **changes)


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.meaning)
def test_a_state_has_the_keys_of_its_row_and_no_others(world: World, state: State) -> None:
    now = world.clock()
    world.insert(finished_candidate(now))
    cases = product(sorted(state.secondaries), {frozenset(), state.perhaps})
    for number, (secondary, extra) in enumerate(cases):
        keys = state.there | extra
        job = replace(job_in(state, secondary, keys, now), name=f"job-{number}")
        assert keys_of(described(world, job)) == ALWAYS | keys


def test_the_table_of_states_covers_every_status_and_leaves_no_key_out() -> None:
    assert {state.status for state in STATES} == set(JobStatus)
    named = frozenset().union(*(state.there | state.perhaps for state in STATES))
    assert named == BY_STATE
    assert not ALWAYS & BY_STATE


@pytest.mark.parametrize("n_given", range(len(ECHOED) + 1))
def test_what_the_request_had_is_echoed_and_what_it_had_not_is_absent(
    world: World, n_given: int
) -> None:
    members = {
        "ProblemType": "BinaryClassification",
        "AutoMLJobObjective": {"MetricName": "AUC"},
        "AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": 3}},
        "ModelDeployConfig": {"AutoGenerateEndpointName": True},
    }
    for number, given in enumerate(combinations(sorted(ECHOED), n_given)):
        request = {key: members[key] for key in given}
        answer = described(world, job_record(world.clock(), f"job-{number}", request=request))
        assert {key: answer[key] for key in ECHOED & set(answer)} == request


def test_a_job_just_created_is_described_as_it_was_asked_for(world: World) -> None:
    arn = world.create_job(
        InputDataConfig=[channel(ContentType="text/csv; header=present", CompressionType="None")],
        GenerateCandidateDefinitionsOnly=True,
        Tags=[{"Key": "k", "Value": "v"}],
    )
    answer = world.client().describe_auto_ml_job(AutoMLJobName="CHURN")
    del answer["ResponseMetadata"]
    assert answer == {
        "AutoMLJobName": "churn",
        "AutoMLJobArn": arn,
        "InputDataConfig": [
            channel(ContentType="text/csv; header=present", CompressionType="None")
        ],
        "OutputDataConfig": {"S3OutputPath": OUTPUT},
        "RoleArn": ROLE,
        "CreationTime": world.clock(),
        "LastModifiedTime": world.clock(),
        "AutoMLJobStatus": "InProgress",
        "AutoMLJobSecondaryStatus": "Starting",
        "GenerateCandidateDefinitionsOnly": True,
        "ResolvedAttributes": {
            "CompletionCriteria": {
                "MaxCandidates": 250,
                "MaxRuntimePerTrainingJobInSeconds": 3600,
                "MaxAutoMLJobRuntimeInSeconds": 3600,
            }
        },
    }


def test_what_the_request_says_is_resolved_before_the_analysis(world: World) -> None:
    request = {"ProblemType": "Regression"}
    resolved = described(world, job_record(world.clock(), request=request))["ResolvedAttributes"]
    assert resolved["ProblemType"] == "Regression"
    assert resolved["AutoMLJobObjective"] == {"MetricName": "MSE"}


def test_an_inferred_problem_stands_in_the_resolved_attributes_alone(world: World) -> None:
    job = job_record(
        world.clock(), problem_type=ProblemType.MULTICLASS, objective=MetricName.ACCURACY
    )
    answer = described(world, job)
    assert answer["ResolvedAttributes"]["ProblemType"] == "MulticlassClassification"
    assert answer["ResolvedAttributes"]["AutoMLJobObjective"] == {"MetricName": "Accuracy"}
    assert "ProblemType" not in answer
    assert "AutoMLJobObjective" not in answer


def test_the_best_candidate_is_told_with_steps_containers_and_metrics(world: World) -> None:
    now = world.clock()
    world.insert(finished_candidate(now))
    job = job_record(now, objective=MetricName.F1, best_candidate="churn-001")
    prefix = f"arn:aws:sagemaker:{SCOPE.region}:{SCOPE.account}"
    assert described(world, job)["BestCandidate"] == {
        "CandidateName": "churn-001",
        "FinalAutoMLJobObjectiveMetric": {
            "Type": "Maximize",
            "MetricName": "F1",
            "StandardMetricName": "F1",
            "Value": 0.9,
        },
        "ObjectiveStatus": "Succeeded",
        "CandidateSteps": [
            {
                "CandidateStepType": f"AWS::SageMaker::{kind}",
                "CandidateStepArn": f"{prefix}:{path}",
                "CandidateStepName": path.split("/")[1],
            }
            for kind, path in (
                ("ProcessingJob", "processing-job/db-1"),
                ("TrainingJob", "training-job/dpp0-1"),
                ("TransformJob", "transform-job/dpp0-csv-1"),
                ("TrainingJob", "training-job/churn-001"),
            )
        ],
        "CandidateStatus": "Completed",
        "InferenceContainers": [
            {"Image": IMAGE, "ModelDataUrl": MODEL_DATA, "Environment": {"A": "1"}},
            {"Image": IMAGE, "ModelDataUrl": MODEL_DATA, "Environment": {}},
        ],
        "CreationTime": now,
        "EndTime": now,
        "LastModifiedTime": now,
        "CandidateProperties": {
            "CandidateMetrics": [
                {"MetricName": "F1", "StandardMetricName": "F1", "Value": 0.9, "Set": "Validation"},
                {"StandardMetricName": "LogLoss", "Value": 0.3, "Set": "Validation"},
                {"MetricName": "F1", "StandardMetricName": "F1", "Value": 0.95, "Set": "Train"},
                {"StandardMetricName": "InferenceLatency", "Value": 0.001, "Set": "Validation"},
            ]
        },
    }


def test_a_minimized_objective_says_so(world: World) -> None:
    world.insert(finished_candidate(world.clock()))
    job = job_record(world.clock(), objective=MetricName.MSE, best_candidate="churn-001")
    metric = described(world, job)["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]
    assert metric["Type"] == "Minimize"


@pytest.mark.parametrize(
    ("status", "objective_status"),
    [
        (CandidateStatus.IN_PROGRESS, "Pending"),
        (CandidateStatus.FAILED, "Failed"),
        (CandidateStatus.STOPPED, "Failed"),
    ],
)
def test_a_candidate_without_a_score_says_so_and_has_no_metric(
    world: World, status: CandidateStatus, objective_status: str
) -> None:
    world.insert(job_record(world.clock()), candidate_record(world.clock(), status=status))
    (listed,) = world.client().list_candidates_for_auto_ml_job(AutoMLJobName="churn")["Candidates"]
    assert listed["ObjectiveStatus"] == objective_status
    assert not {"FinalAutoMLJobObjectiveMetric", "InferenceContainers", "EndTime"} & set(listed)


def test_more_than_five_partial_failures_are_counted_in_the_fifth(world: World) -> None:
    job = job_record(
        world.clock(), partial_failures=tuple(said(f"No. {n} broke.") for n in range(8))
    )
    reasons = described(world, job)["PartialFailureReasons"]
    assert [item["PartialFailureMessage"] for item in reasons] == [
        "No. 0 broke.",
        "No. 1 broke.",
        "No. 2 broke.",
        "No. 3 broke.",
        "4 further failures.",
    ]


def test_a_failure_reason_has_at_most_1024_characters(world: World) -> None:
    answer = described(world, job_record(world.clock(), failure=said("x" * 2000)))
    assert len(answer["FailureReason"]) == 1024


@pytest.mark.parametrize("operation", ["describe_auto_ml_job", "describe_auto_ml_job_v2"])
def test_a_missing_job_is_told_in_aws_own_words(world: World, operation: str) -> None:
    call = getattr(world.client(), operation)
    assert refusal(call, AutoMLJobName="Nope") == (
        "ResourceNotFound",
        "Amazon SageMaker can't find an AutoML job called Nope.",
    )


def test_a_job_is_invisible_in_another_account_and_region(world: World) -> None:
    world.create_job()
    for client in (world.client("444455556666"), world.client(region="eu-west-1")):
        assert refusal(client.describe_auto_ml_job, AutoMLJobName="churn")[0] == "ResourceNotFound"
        assert client.list_auto_ml_jobs()["AutoMLJobSummaries"] == []


def test_v2_tells_a_v1_job_as_a_tabular_one(world: World) -> None:
    now = world.clock()
    world.insert(
        finished_candidate(now),
        job_record(
            now,
            request={
                "InputDataConfig": [channel(ContentType="text/csv;header=present")],
                "ProblemType": "BinaryClassification",
                "AutoMLJobObjective": {"MetricName": "F1"},
                "AutoMLJobConfig": {
                    "CompletionCriteria": {"MaxCandidates": 10},
                    "SecurityConfig": {"EnableInterContainerTrafficEncryption": False},
                    "Mode": "HYPERPARAMETER_TUNING",
                },
                "ModelDeployConfig": {},
            },
            problem_type=ProblemType.BINARY,
            objective=MetricName.F1,
            best_candidate="churn-001",
            deployed=True,
            endpoint_name="e",
        ),
    )
    answer = world.client().describe_auto_ml_job_v2(AutoMLJobName="churn")
    del answer["ResponseMetadata"], answer["BestCandidate"]
    assert answer == {
        "AutoMLJobName": "churn",
        "AutoMLJobArn": f"arn:aws:sagemaker:{SCOPE.region}:{SCOPE.account}:automl-job/churn",
        "AutoMLJobInputDataConfig": [
            {
                "ContentType": "text/csv;header=present",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": INPUT}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": OUTPUT},
        "RoleArn": ROLE,
        "AutoMLJobObjective": {"MetricName": "F1"},
        "AutoMLProblemTypeConfigName": "Tabular",
        "AutoMLProblemTypeConfig": {
            "TabularJobConfig": {
                "TargetAttributeName": "y",
                "GenerateCandidateDefinitionsOnly": False,
                "ProblemType": "BinaryClassification",
                "CompletionCriteria": {"MaxCandidates": 10},
                "Mode": "HYPERPARAMETER_TUNING",
            }
        },
        "SecurityConfig": {"EnableInterContainerTrafficEncryption": False},
        "CreationTime": now,
        "LastModifiedTime": now,
        "AutoMLJobStatus": "InProgress",
        "AutoMLJobSecondaryStatus": "Starting",
        "ResolvedAttributes": {
            "AutoMLJobObjective": {"MetricName": "F1"},
            "CompletionCriteria": {
                "MaxCandidates": 10,
                "MaxRuntimePerTrainingJobInSeconds": 60,
                "MaxAutoMLJobRuntimeInSeconds": 600,
            },
            "AutoMLProblemTypeResolvedAttributes": {
                "TabularResolvedAttributes": {"ProblemType": "BinaryClassification"}
            },
        },
        "ModelDeployConfig": {},
        "ModelDeployResult": {"EndpointName": "e"},
    }
