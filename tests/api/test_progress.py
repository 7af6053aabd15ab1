"""Our own operations that say how far AutoML jobs are, over the real edge."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from api.records import JOB_ARN, candidate_record, finished_candidate, job_record
from api.world import ACCOUNT, MEMORY, OTHER_ACCOUNT, REGION, World, _call
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import Credentials

from windvane.domain.candidate import CandidateStatus, Metric
from windvane.domain.job import JobStatus, SecondaryStatus
from windvane.domain.problem import MetricName, ProblemType
from windvane.domain.task import NewTask, TaskKind, TaskStatus
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, said

JOBS = "/windvane/jobs"
PROGRESS = "/windvane/jobs/churn/progress"


def get(world: World, path: str, account: str = ACCOUNT, **query: Any) -> tuple[int, Any]:
    text = f"?{urlencode(query, quote_via=quote)}" if query else ""
    request = AWSRequest("GET", f"http://windvane.test{path}{text}", data=b"")
    SigV4Auth(Credentials(account, "secret"), "sagemaker", REGION).add_auth(request)
    return sent(world, request)


def sent(world: World, request: AWSRequest) -> tuple[int, Any]:
    prepared = AWSPreparedRequest("GET", request.url, request.headers, b"", stream_output=False)
    status, _, body = asyncio.run(_call(world.edge, prepared))
    return status, json.loads(body)


def overviews(world: World, **query: Any) -> dict[str, Any]:
    status, answer = get(world, JOBS, **query)
    assert status == 200
    return answer


def names(answer: dict[str, Any]) -> list[str]:
    return [one["AutoMLJobName"] for one in answer["AutoMLJobOverviews"]]


def seconds(moment: datetime) -> float:
    return moment.astimezone(UTC).timestamp()


# at a glance


def test_without_jobs_the_list_is_empty(world: World) -> None:
    assert overviews(world) == {"AutoMLJobOverviews": [], "TotalCount": 0}


def test_an_overview_says_how_far_a_job_is_and_how_good(world: World) -> None:
    now = world.clock()
    job = job_record(
        now,
        objective=MetricName.LOG_LOSS,
        problem_type=ProblemType.BINARY,
        best_candidate="churn-001",
        endpoint_name="churn-endpoint",
        secondary=SecondaryStatus.MODEL_TUNING,
    )
    world.insert(job, finished_candidate(now, score=0.3))
    world.insert(
        finished_candidate(now, 2),
        candidate_record(now, 3, status=CandidateStatus.FAILED),
        candidate_record(now, 4),
    )
    [told] = overviews(world)["AutoMLJobOverviews"]
    assert told == {
        "AutoMLJobName": "churn",
        "AutoMLJobArn": JOB_ARN,
        "AutoMLJobStatus": "InProgress",
        "AutoMLJobSecondaryStatus": "ModelTuning",
        "CreationTime": seconds(now),
        "LastModifiedTime": seconds(now),
        "Deadline": seconds(now) + 600,
        "ProblemType": "BinaryClassification",
        "Objective": "LogLoss",
        "ObjectiveIsMinimized": True,
        "BestCandidateName": "churn-001",
        "BestScore": 0.3,
        "MaxCandidates": 10,
        "CandidateCounts": {"InProgress": 1, "Completed": 2, "Failed": 1, "Stopped": 0},
        "EndpointName": "churn-endpoint",
    }


def test_the_best_score_comes_with_its_uncertainty(world: World) -> None:
    now = world.clock()
    world.insert(job_record(now, objective=MetricName.F1, best_candidate="churn-001"))
    metrics = (
        Metric(MetricName.F1, 0.9, "Train", 0.5),
        Metric(MetricName.F1, 0.9, "Validation", 0.01),
    )
    world.insert(finished_candidate(now, metrics=metrics))
    [told] = overviews(world)["AutoMLJobOverviews"]
    assert told["BestStandardError"] == 0.01
    assert told["ObjectiveIsMinimized"] is False


def test_a_job_that_has_just_begun_leaves_out_what_is_not_known(world: World) -> None:
    world.insert(job_record(world.clock()))
    [told] = overviews(world)["AutoMLJobOverviews"]
    unknown = {"ProblemType", "Objective", "ObjectiveIsMinimized", "BestScore", "EndpointName"}
    assert not unknown & told.keys()
    assert set(told["CandidateCounts"].values()) == {0}


def test_a_failed_job_says_when_and_why(world: World) -> None:
    now = world.clock()
    world.insert(job_record(now, status=JobStatus.FAILED, ended=now, failure=said("No rows.")))
    [told] = overviews(world)["AutoMLJobOverviews"]
    assert (told["EndTime"], told["FailureReason"]) == (seconds(now), "No rows.")


def test_the_objective_asked_for_is_told_before_the_data_are_read(world: World) -> None:
    asked = {"AutoMLJobObjective": {"MetricName": "RMSE"}}
    world.insert(job_record(world.clock(), request=asked))
    [told] = overviews(world)["AutoMLJobOverviews"]
    assert (told["Objective"], told["ObjectiveIsMinimized"]) == ("RMSE", True)


def several(world: World) -> None:
    statuses = [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.IN_PROGRESS, JobStatus.FAILED]
    for name, status in zip(["beta", "alpha", "Gamma", "alphabet"], statuses, strict=True):
        world.insert(job_record(world.clock(), name, status=status))
        world.clock.advance()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["alphabet", "Gamma", "alpha", "beta"]),
        ({"sortOrder": "Ascending"}, ["beta", "alpha", "Gamma", "alphabet"]),
        ({"sortBy": "Name", "sortOrder": "Ascending"}, ["alpha", "alphabet", "beta", "Gamma"]),
        ({"sortBy": "Status"}, ["Gamma", "alphabet", "alpha", "beta"]),
        ({"nameContains": "ALPHA"}, ["alphabet", "alpha"]),
        ({"statusEquals": "Failed", "sortBy": "CreationTime"}, ["alphabet", "alpha"]),
        ({"nameContains": "ß 100%_"}, []),
    ],
)
def test_filters_and_orders_are_those_of_other_lists(
    world: World, query: dict[str, str], expected: list[str]
) -> None:
    several(world)
    answer = overviews(world, **query)
    assert names(answer) == expected
    assert answer["TotalCount"] == len(expected)


def test_jobs_are_listed_by_project_and_without_those_that_were_archived(world: World) -> None:
    several(world)
    for name, key, value in (
        ("alpha", "project", "Churn + more"),
        ("beta", "project", "Churn + more"),
        ("beta", "windvane:archived", "yes"),
        ("Gamma", "project", "other"),
    ):
        arn = world.client().describe_auto_ml_job(AutoMLJobName=name)["AutoMLJobArn"]
        world.client().add_tags(ResourceArn=arn, Tags=[{"Key": key, "Value": value}])
    found = overviews(world, projectEquals="Churn + more", includeProjects="true")
    assert sorted(names(found)) == ["alpha", "beta"]
    assert found["Projects"] == [
        {"Name": "Churn + more", "JobCount": 2},
        {"Name": "other", "JobCount": 1},
    ]
    assert {one["Project"] for one in found["AutoMLJobOverviews"]} == {"Churn + more"}
    current = overviews(world, isArchived="false", projectEquals="Churn + more")
    assert (names(current), current["TotalCount"]) == (["alpha"], 1)
    archived = overviews(world, isArchived="true")
    assert names(archived) == ["beta"]
    assert archived["AutoMLJobOverviews"][0]["IsArchived"] is True
    assert "Projects" not in archived
    assert overviews(world, projectEquals="churn + more")["TotalCount"] == 0
    status, answer = get(world, JOBS, account=OTHER_ACCOUNT, includeProjects="true")
    assert (status, answer["AutoMLJobOverviews"], "Projects" in answer) == (200, [], False)


def test_pages_join_and_each_tells_how_many_there_are_in_all(world: World) -> None:
    several(world)
    first = overviews(world, maxResults=3, nameContains="a")
    assert (names(first), first["TotalCount"]) == (["alphabet", "Gamma", "alpha"], 4)
    rest = overviews(world, maxResults=3, nameContains="a", nextToken=first["NextToken"])
    assert (names(rest), rest["TotalCount"]) == (["beta"], 4)
    assert "NextToken" not in rest


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"maxResults": 101}, "'maxResults' failed to satisfy constraint"),
        ({"maxResults": 0}, "'maxResults' failed to satisfy constraint"),
        ({"sortBy": "Score"}, "'sortBy' failed to satisfy constraint"),
        ({"statusEquals": "Lost"}, "'statusEquals' failed to satisfy constraint"),
        ({"nextToken": "abc"}, "Invalid NextToken"),
    ],
)
def test_what_is_no_parameter_is_refused(world: World, query: dict[str, Any], told: str) -> None:
    status, answer = get(world, JOBS, **query)
    assert (status, answer["__type"]) == (400, "ValidationException")
    assert told in answer["message"]


def test_a_token_of_another_list_is_void(world: World) -> None:
    several(world)
    token = world.client().list_auto_ml_jobs(MaxResults=1)["NextToken"]
    assert "was not issued for this list" in get(world, JOBS, nextToken=token)[1]["message"]


def test_another_account_sees_nothing(world: World) -> None:
    several(world)
    assert get(world, JOBS, OTHER_ACCOUNT)[1] == {"AutoMLJobOverviews": [], "TotalCount": 0}
    answer = get(world, "/windvane/jobs/beta/progress", OTHER_ACCOUNT)[1]
    assert answer["__type"] == "ResourceNotFound"


@pytest.mark.parametrize("path", [JOBS, PROGRESS])
def test_nobody_is_served_unsigned(world: World, path: str) -> None:
    answer = sent(world, AWSRequest("GET", f"http://windvane.test{path}", data=b""))[1]
    assert answer["__type"] == "MissingAuthenticationTokenException"


# from near by


def progress(world: World) -> dict[str, Any]:
    status, answer = get(world, PROGRESS)
    assert status == 200
    return answer


def do(world: World, kind: TaskKind, key: str, payload: dict[str, Any] | None = None) -> Any:
    """The next task, queued and claimed now."""
    now = world.clock()
    with world.store.transaction() as tx:
        tx.add_tasks(JOB_ARN, [NewTask(kind, key, payload or {})], now)
        return tx.claim_task([kind], "run/train-1/1", now, now + timedelta(hours=1))


def end(world: World, task: Any, result: dict[str, Any] | None = None) -> None:
    with world.store.transaction() as tx:
        assert tx.finish_task(task, TaskStatus.DONE, world.clock(), result=result or {})


def test_a_job_that_has_just_begun_has_a_plan(world: World) -> None:
    now = world.clock()
    world.insert(job_record(now, endpoint_name="e"))
    told = progress(world)
    assert [phase["SecondaryStatus"] for phase in told["Phases"]] == [
        "Starting",
        "AnalyzingData",
        "FeatureEngineering",
        "ModelTuning",
        "GeneratingExplainabilityReport",
        "GeneratingModelInsightsReport",
        "DeployingModel",
    ]
    ends = [phase["PlannedEndTime"] for phase in told["Phases"]]
    assert ends == sorted(ends)
    assert seconds(now) < told["LastCandidateStartTime"] < ends[0]
    assert ends[-1] == pytest.approx(told["Deadline"])
    assert [phase.get("StartTime") for phase in told["Phases"]] == [seconds(now), *[None] * 6]
    assert (told["Now"], told["Running"], told["Scores"]) == (seconds(now), [], [])
    assert not {"RowCount", "ColumnCount"} & told.keys()


def test_what_is_under_way_is_told_with_age_and_memory(world: World) -> None:
    now = world.clock()
    world.insert(job_record(now), candidate_record(now, 3, algorithm="catboost", recipe="dpp2"))
    do(world, TaskKind.TRAIN, "train/0003", {"plan": {"index": 3}})
    world.clock.advance(12.5)
    do(world, TaskKind.FEATURES, "features/dpp4", {"recipe": "dpp4"})
    candidate, features = progress(world)["Running"]
    memory = {"MemoryInBytes": MEMORY["run/train-1/1"]}
    assert candidate == memory | {
        "Task": "train",
        "CandidateName": "churn-003",
        "CandidateNumber": 3,
        "Algorithm": "catboost",
        "Recipe": "dpp2",
        "StartTime": seconds(now),
        "AgeSeconds": 12.5,
        "LatestEndTime": seconds(now) + 60,
    }
    stops = features.pop("LatestEndTime")
    assert stops > seconds(now) + 60
    assert features == memory | {
        "Task": "features",
        "Recipe": "dpp4",
        "StartTime": seconds(world.clock()),
        "AgeSeconds": 0.0,
    }


def test_an_ensemble_under_way_is_called_one_before_it_is_a_candidate(world: World) -> None:
    world.insert(job_record(world.clock()))
    do(world, TaskKind.ENSEMBLE, "ensemble", {"index": 7, "members": [1, 2]})
    [told] = progress(world)["Running"]
    assert (told["Task"], told["Algorithm"], told["CandidateNumber"]) == ("ensemble", "ensemble", 7)
    assert "CandidateName" not in told


def test_the_memory_of_a_worker_that_is_gone_is_left_out(world: World) -> None:
    now = world.clock()
    world.insert(job_record(now))
    with world.store.transaction() as tx:
        tx.add_tasks(JOB_ARN, [NewTask(TaskKind.ANALYZE, "analyze")], now)
        tx.claim_task([TaskKind.ANALYZE], "gone", now, now + timedelta(hours=1))
    [told] = progress(world)["Running"]
    assert "MemoryInBytes" not in told


def test_scores_come_in_the_order_of_their_ends_with_ranks(world: World) -> None:
    start = world.clock()
    world.insert(job_record(start, objective=MetricName.F1))
    for index, score, folds in [
        (2, 0.7, 5),
        (1, 0.6, 5),
        (3, 0.9, 3),
        (4, 0.8, 5),
        (5, math.nan, 5),
    ]:
        ended = start + timedelta(seconds=10 - index)
        world.insert(
            finished_candidate(start, index, score=score, folds=folds, ended=ended, fit_s=4.0)
        )
    told = progress(world)["Scores"]
    seen = [(one["CandidateNumber"], one["Rank"], one["IsBestSoFar"]) for one in told]
    assert seen == [(4, 1, True), (3, 4, False), (2, 2, False), (1, 3, False)]
    assert told[0] == {
        "CandidateName": "churn-004",
        "CandidateNumber": 4,
        "Algorithm": "xgboost",
        "Recipe": "dpp0",
        "Score": 0.8,
        "FoldCount": 5,
        "Rank": 1,
        "IsBestSoFar": True,
        "EndTime": seconds(start) + 6,
        "TrainingTimeInSeconds": 4.0,
    }


@pytest.mark.parametrize("figure", ["many", -1, 10**30, [7], 0.5, True])
def test_a_figure_that_a_task_left_and_is_none_is_not_told(world: World, figure: object) -> None:
    """The progress of such a job, and its page, were a fault of the server."""
    world.insert(job_record(world.clock()))
    analysis = do(world, TaskKind.ANALYZE, "analyze")
    end(world, analysis, {"n_rows": figure, "n_columns": figure})
    assert not {"RowCount", "ColumnCount"} & progress(world).keys()


def test_a_finished_job_still_tells_its_way(world: World) -> None:
    start = world.clock()
    job = job_record(start, objective=MetricName.F1, best_candidate="churn-001")
    world.insert(job, finished_candidate(start))
    world.clock.advance(1)
    analysis = do(world, TaskKind.ANALYZE, "analyze")
    world.clock.advance(2)
    end(world, analysis, {"n_rows": 1000, "n_columns": 12})
    world.clock.advance(3)
    training = do(world, TaskKind.TRAIN, "train/0001", {"plan": {"index": 1}})
    world.clock.advance(4)
    end(world, training)
    insights = do(world, TaskKind.INSIGHTS, "insights", {"index": 1})
    world.clock.advance(5)
    end(world, insights)
    done = {"status": JobStatus.COMPLETED, "secondary": SecondaryStatus.COMPLETED}
    world.update(replace(job, ended=world.clock(), **done))
    told = progress(world)
    assert (told["RowCount"], told["ColumnCount"]) == (1000, 12)
    zero = seconds(start)
    times = {
        phase["SecondaryStatus"]: tuple(
            phase[key] - zero for key in ("StartTime", "EndTime") if key in phase
        )
        for phase in told["Phases"]
    }
    assert times == {
        "Starting": (0, 1),
        "AnalyzingData": (1, 3),
        "FeatureEngineering": (3, 6),
        "ModelTuning": (6, 10),
        "GeneratingExplainabilityReport": (),
        "GeneratingModelInsightsReport": (10, 15),
    }
    assert told["EndTime"] - zero == 15
    assert told["Running"] == []


def test_reports_on_the_best_candidate_are_told_each_as_soon_as_it_is_there(world: World) -> None:
    now = world.clock()
    best = finished_candidate(now, model_insights="s3://results/insights")
    world.insert(job_record(now, best_candidate="churn-001"), best)
    told = progress(world)
    assert told["ModelInsights"] == "s3://results/insights"
    assert "Explainability" not in told
    world.update(replace(best, explainability="s3://results/explained"))
    assert progress(world)["Explainability"] == "s3://results/explained"


def test_progress_of_a_job_that_is_not_there(world: World) -> None:
    status, answer = get(world, "/windvane/jobs/nope/progress")
    assert (status, answer["__type"]) == (400, "ResourceNotFound")
    assert "can't find an AutoML job called nope." in answer["message"]


@pytest.mark.parametrize("name", ["-a", "a" * 33, "a%0Ab", "%3Cb%3E"])
def test_hostile_names_are_refused_by_their_pattern(world: World, name: str) -> None:
    _, answer = get(world, f"/windvane/jobs/{name}/progress")
    assert answer["__type"] == "ValidationException"


def test_what_a_job_lacks_is_told_with_its_code(world: World) -> None:
    missing = Note(NoteCode.INSIGHTS_MISSING, because=Note(NoteCode.NO_TIME))
    world.insert(job_record(world.clock(), partial_failures=(missing, said("It broke."))))
    assert progress(world)["PartialFailures"] == [
        {
            "Code": "insights-missing",
            "Message": "The model insights report is missing: there was not enough time left.",
        },
        {"Code": "said", "Message": "It broke."},
    ]
