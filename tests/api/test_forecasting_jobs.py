"""Forecasting jobs over the API: what is sent comes back in every state, candidates name their backtests, and what is wrong
with the request or with what it points to leaves nothing behind."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from api.records import candidate_record
from api.test_reports import get
from api.world import INPUT, OUTPUT, READER, ROLE, SCOPE, World, build_world, close, refusal

from windvane.domain.candidate import Candidate, CandidateStatus, Metric
from windvane.domain.features import EVERYTHING, FeatureSpecification, FeatureType
from windvane.domain.job import AutoMLJob, JobStatus, SecondaryStatus
from windvane.domain.problem import MetricName
from windvane.domain.task import TaskKind
from windvane.names import arn
from windvane.notes.note import said

NAME = "sales"
FEATURES = "s3://data/features.json"
PLACE = "autoMLProblemTypeConfig.timeSeriesForecastingJobConfig"


def request(forecast: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """forecast    members of the configuration, beside the least"""
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": INPUT}}
    told = {
        "ForecastFrequency": "1D",
        "ForecastHorizon": 14,
        "TimeSeriesConfig": {
            "TargetAttributeName": "sales",
            "TimestampAttributeName": "day",
            "ItemIdentifierAttributeName": "shop",
        },
        **(forecast or {}),
    }
    return {
        "AutoMLJobName": NAME,
        "AutoMLJobInputDataConfig": [{"DataSource": source}],
        "OutputDataConfig": {"S3OutputPath": OUTPUT},
        "RoleArn": ROLE,
        "AutoMLProblemTypeConfig": {"TimeSeriesForecastingJobConfig": told},
        **changes,
    }


COMPLETE = request(
    {
        "ForecastFrequency": "15min",
        "ForecastQuantiles": ["p1", "p50", "p99"],
        "TimeSeriesConfig": {
            "TargetAttributeName": "sales",
            "TimestampAttributeName": "day",
            "ItemIdentifierAttributeName": "shop",
            "GroupingAttributeNames": ["region"],
        },
        "Transformations": {
            "Filling": {
                "sales": {"frontfill": "none", "middlefill": "value", "middlefill_value": "2"},
                "price": {"middlefill": "median", "futurefill": "median"},
            },
            "Aggregation": {"sales": "avg"},
        },
        "FeatureSpecificationS3Uri": FEATURES,
        "CompletionCriteria": {
            "MaxCandidates": 4,
            "MaxRuntimePerTrainingJobInSeconds": 60,
            "MaxAutoMLJobRuntimeInSeconds": 600,
        },
        "CandidateGenerationConfig": {
            "AlgorithmsConfig": [{"AutoMLAlgorithms": ["cnn-qr", "ets", "npts"]}]
        },
    },
    AutoMLJobInputDataConfig=[
        {
            "ChannelType": "training",
            "ContentType": "text/csv;header=present",
            "CompressionType": "Gzip",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": INPUT}},
        }
    ],
    AutoMLJobObjective={"MetricName": "MASE"},
    ModelDeployConfig={"EndpointName": "e"},
    SecurityConfig={"EnableInterContainerTrafficEncryption": False},
    DataSplitConfig={},
    AutoMLComputeConfig={},
)


def create(world: World, sent: dict[str, Any] | None = None) -> AutoMLJob:
    world.client().create_auto_ml_job_v2(**(sent or request()))
    with world.store.snapshot() as tx:
        job = tx.find(AutoMLJob, SCOPE, NAME)
    assert job is not None
    return job


def described(world: World) -> dict[str, Any]:
    told: dict[str, Any] = world.client().describe_auto_ml_job_v2(AutoMLJobName=NAME)
    return told


def refused(world: World, sent: dict[str, Any]) -> str:
    code, message = refusal(world.client().create_auto_ml_job_v2, **sent)
    assert code == "ValidationException"
    with world.store.snapshot() as tx:
        assert tx.count(AutoMLJob, list(JobStatus)) == 0
    return message


@pytest.mark.parametrize("sent", [COMPLETE, request()], ids=["every member", "the least"])
def test_what_was_sent_is_described(world: World, sent: dict[str, Any]) -> None:
    world.put(FEATURES, json.dumps({"FeatureAttributeNames": ["price"]}).encode())
    job = create(world, sent)
    answer = described(world)
    assert {name: answer.get(name) for name in sent} == sent
    assert answer["AutoMLProblemTypeConfigName"] == "TimeSeriesForecasting"
    assert answer["AutoMLJobArn"] == job.arn
    with world.store.snapshot() as tx:
        assert [task.kind for task in tx.tasks(job.arn)] == [TaskKind.ANALYZE]


def test_the_default_objective_is_known_at_once(world: World) -> None:
    create(world)
    assert described(world)["ResolvedAttributes"] == {
        "AutoMLJobObjective": {"MetricName": "AverageWeightedQuantileLoss"},
        "CompletionCriteria": {
            "MaxCandidates": 250,
            "MaxRuntimePerTrainingJobInSeconds": 3600,
            "MaxAutoMLJobRuntimeInSeconds": 3600,
        },
    }


STATES = [
    (JobStatus.IN_PROGRESS, SecondaryStatus.ANALYZING_DATA),
    (JobStatus.IN_PROGRESS, SecondaryStatus.TRAINING_MODELS),
    (JobStatus.IN_PROGRESS, SecondaryStatus.DEPLOYING_MODEL),
    (JobStatus.STOPPING, SecondaryStatus.STOPPING),
    (JobStatus.STOPPED, SecondaryStatus.STOPPED),
    (JobStatus.COMPLETED, SecondaryStatus.MAX_RUNTIME_REACHED),
    (JobStatus.FAILED, SecondaryStatus.FAILED),
]


@pytest.mark.parametrize(("status", "secondary"), STATES)
def test_resolved_attributes_are_there_in_every_state(
    world: World, status: JobStatus, secondary: SecondaryStatus
) -> None:
    job = create(world, request(AutoMLJobObjective={"MetricName": "WAPE"}))
    changed = replace(job, status=status, secondary=secondary)
    if status.is_final:
        changed = replace(changed, ended=world.clock.advance())
    if status is JobStatus.FAILED:
        changed = replace(changed, failure=said("The data have too few time steps."))
    world.insert_anew(changed)
    answer = described(world)
    assert answer["ResolvedAttributes"].keys() == {"AutoMLJobObjective", "CompletionCriteria"}
    assert answer["ResolvedAttributes"]["AutoMLJobObjective"] == {"MetricName": "WAPE"}
    assert ("EndTime" in answer, "FailureReason" in answer) == (
        status.is_final,
        status is JobStatus.FAILED,
    )
    [listed] = world.client().list_auto_ml_jobs()["AutoMLJobSummaries"]
    assert (listed["AutoMLJobStatus"], listed["AutoMLJobSecondaryStatus"]) == (status, secondary)


def test_the_first_api_does_not_describe_a_forecast(world: World) -> None:
    create(world)
    code, message = refusal(world.client().describe_auto_ml_job, AutoMLJobName=NAME)
    assert (code, message.rsplit(". ", 1)[1]) == (
        "ValidationException",
        "Use DescribeAutoMLJobV2.",
    )


# candidates


def backtested(world: World, job: AutoMLJob, index: int, loss: float, **changes: Any) -> Candidate:
    candidate = candidate_record(
        world.clock(),
        index,
        name=f"{NAME}-{index}",
        parent=job.arn,
        algorithm="theta",
        recipe="",
        status=CandidateStatus.COMPLETED,
        score=loss,
        ended=world.clock(),
        metrics=(Metric(MetricName.WQL, loss, standard_error=0.01), Metric(MetricName.MASE, 0.8)),
        backtest_results=f"{OUTPUT}/{NAME}/backtests/{index}",
        **changes,
    )
    world.insert(candidate)
    return candidate


def test_a_candidate_names_its_backtests_and_losses(world: World) -> None:
    job = create(world)
    best = backtested(world, job, 1, 0.25, explainability=f"{OUTPUT}/{NAME}/explained")
    world.update(replace(job, best_candidate=best.name))
    answer = described(world)["BestCandidate"]
    assert answer["FinalAutoMLJobObjectiveMetric"] == {
        "Type": "Minimize",
        "MetricName": "AverageWeightedQuantileLoss",
        "StandardMetricName": "AverageWeightedQuantileLoss",
        "Value": 0.25,
    }
    assert answer["CandidateProperties"]["CandidateArtifactLocations"] == {
        "Explainability": f"{OUTPUT}/{NAME}/explained",
        "BacktestResults": f"{OUTPUT}/{NAME}/backtests/1",
    }
    measured = answer["CandidateProperties"]["CandidateMetrics"]
    assert [(one["MetricName"], one["Value"]) for one in measured] == [
        ("AverageWeightedQuantileLoss", 0.25),
        ("MASE", 0.8),
    ]


def test_candidates_are_listed_with_the_smallest_loss_first(world: World) -> None:
    job = create(world)
    for index, loss in enumerate((0.3, 0.1, 0.2), start=1):
        backtested(world, job, index, loss)
    listed = world.client().list_candidates_for_auto_ml_job(
        AutoMLJobName=NAME, SortBy="FinalObjectiveMetricValue"
    )["Candidates"]
    assert [one["CandidateName"] for one in listed] == [f"{NAME}-{i}" for i in (2, 3, 1)]
    places = [one["CandidateProperties"]["CandidateArtifactLocations"] for one in listed]
    assert [place["BacktestResults"] for place in places] == [
        f"{OUTPUT}/{NAME}/backtests/{i}" for i in (2, 3, 1)
    ]


def test_our_own_leaderboard_and_progress_name_the_metrics_of_forecasts(world: World) -> None:
    job = create(world)
    for index, loss in enumerate((0.3, 0.1), start=1):
        backtested(world, job, index, loss)
    status, board = get(world, f"/windvane/jobs/{NAME}/leaderboard")
    assert status == 200
    assert board["MetricNames"][0] == board["Objective"] == "AverageWeightedQuantileLoss"
    assert set(board["MetricNames"]) == {
        "AverageWeightedQuantileLoss",
        "MASE",
        "WAPE",
        "RMSE",
        "MAPE",
    }
    assert board["ObjectiveIsMinimized"]
    assert [one["CandidateName"] for one in board["Candidates"]] == [f"{NAME}-2", f"{NAME}-1"]
    status, progress = get(world, f"/windvane/jobs/{NAME}/progress")
    assert status == 200
    assert (progress["Objective"], "ProblemType" in progress) == (
        "AverageWeightedQuantileLoss",
        False,
    )


def test_a_job_is_stopped_like_any_other(world: World) -> None:
    create(world)
    world.client().stop_auto_ml_job(AutoMLJobName=NAME)
    assert described(world)["AutoMLJobStatus"] == "Stopping"


# what a request points to


def features_of(world: World) -> FeatureSpecification:
    with world.store.snapshot() as tx:
        [task] = tx.tasks(arn(SCOPE, AutoMLJob.kind, NAME))
    return FeatureSpecification.from_json(task.payload["features"])


def specified(world: World, document: Any) -> dict[str, Any]:
    world.put(FEATURES, json.dumps(document).encode())
    return request({"FeatureSpecificationS3Uri": FEATURES})


def test_a_feature_specification_is_read_when_the_job_is_created(world: World) -> None:
    told = {"FeatureAttributeNames": ["price"], "FeatureDataTypes": {"price": "numeric"}}
    create(world, specified(world, told))
    assert features_of(world) == FeatureSpecification(("price",), {"price": FeatureType.NUMERIC})


def test_without_a_specification_everything_is_a_feature(world: World) -> None:
    create(world)
    assert features_of(world) == EVERYTHING


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (
            {"FeatureAttributeNames": ["day"]},
            "FeatureAttributeNames names 'day', which is the timestamp",
        ),
        (
            {"FeatureAttributeNames": ["shop"]},
            "FeatureAttributeNames names 'shop', which is the item identifier",
        ),
        (
            {"FeatureDataTypes": {"sales": "numeric"}},
            "FeatureDataTypes names 'sales', which is the target",
        ),
    ],
)
def test_a_specification_that_names_a_column_of_the_series_is_refused(
    world: World, document: Any, why: str
) -> None:
    message = refused(world, specified(world, document))
    assert message == f'The feature specification file "{FEATURES}" is malformed: {why}.'


def test_features_of_a_forecast_are_numbers_or_categories(world: World) -> None:
    told = {"FeatureDataTypes": {"weather": "categorical", "memo": "text"}}
    assert refused(world, specified(world, told)) == (
        f"The feature specification file \"{FEATURES}\" gives 'memo' the type text; features of a forecast are numeric or "
        "categorical."
    )


def test_a_missing_specification_is_refused(world: World) -> None:
    message = refused(world, request({"FeatureSpecificationS3Uri": FEATURES}))
    assert message.startswith(f'Could not find the feature specification file "{FEATURES}"')


def test_a_manifest_is_read_and_what_it_names_has_to_be_there(world: World) -> None:
    manifest = "s3://data/manifest.json"
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": manifest}}
    sent = request(AutoMLJobInputDataConfig=[{"DataSource": source}])
    world.put(manifest, json.dumps([{"prefix": INPUT}, "absent.csv"]).encode())
    assert "absent.csv" in refused(world, sent)
    world.put(manifest, json.dumps([{"prefix": INPUT}, "part-0.csv"]).encode())
    assert create(world, sent).spec.data.training.source.is_manifest


def test_a_role_that_may_not_write_is_refused(world: World) -> None:
    sent = request(RoleArn=READER, OutputDataConfig={"S3OutputPath": "s3://data/out"})
    assert "s3:PutObject" in refused(world, sent)


def test_forecasts_count_towards_the_quota_of_jobs(tmp_path: Any) -> None:
    world = build_world(tmp_path, concurrent_jobs=1)
    create(world)
    code, message = refusal(
        world.client().create_auto_ml_job_v2, **request(AutoMLJobName="another")
    )
    assert code == "ResourceLimitExceeded"
    assert "concurrent AutoML jobs" in message
    close(world)


# the service model's own rules


@pytest.mark.parametrize(
    ("forecast", "place"),
    [
        ({"ForecastFrequency": "60min"}, "forecastFrequency"),
        ({"ForecastFrequency": "1S"}, "forecastFrequency"),
        ({"ForecastQuantiles": ["p0"]}, "forecastQuantiles"),
        ({"ForecastQuantiles": ["p100"]}, "forecastQuantiles"),
        ({"ForecastQuantiles": [f"p{i}" for i in range(1, 7)]}, "forecastQuantiles"),
        ({"HolidayConfig": [{"CountryCode": "de"}]}, "holidayConfig"),
        ({"HolidayConfig": [{"CountryCode": "DE"}, {"CountryCode": "FR"}]}, "holidayConfig"),
        ({"Transformations": {"Filling": {"sales": {"sidefill": "zero"}}}}, "transformations"),
        ({"Transformations": {"Aggregation": {"sales": "median"}}}, "transformations"),
    ],
)
def test_what_the_service_model_does_not_allow_is_refused_in_its_words(
    world: World, forecast: dict[str, Any], place: str
) -> None:
    message = refused(world, request(forecast))
    assert message.startswith("1 validation error detected: Value ")
    assert f"at '{PLACE}.{place}" in message


def test_faults_of_ours_name_the_place_too(world: World) -> None:
    assert f"Value '501' at '{PLACE}.forecastHorizon'" in refused(
        world, request({"ForecastHorizon": 501})
    )
