"""Our own operations on leaderboards: all candidates of a job at once, and everything of one, over the real edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api.records import candidate_record, finished_candidate, job_record, step_record
from api.test_reports import get, refused, sent, signed
from api.world import ACCOUNT, OTHER_ACCOUNT, REGION, World

from windvane.domain.candidate import (
    Candidate,
    CandidateStatus,
    Metric,
    ProcessingJob,
    StepStatus,
    TrainingJob,
)
from windvane.domain.job import JobStatus
from windvane.domain.problem import MetricName, ProblemType
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note, said
from windvane.store.records import from_json, to_json

BOARD = "/windvane/jobs/churn/leaderboard"
ONE = "/windvane/jobs/churn/candidates/churn-001"


def told(world: World, path: str = BOARD) -> dict[str, Any]:
    status, answer = get(world, path)
    assert status == 200, answer
    return answer


def names(answer: dict[str, Any]) -> list[str]:
    return [candidate["CandidateName"] for candidate in answer["Candidates"]]


def marked(answer: dict[str, Any], mark: str) -> list[str]:
    return [one["CandidateName"] for one in answer["Candidates"] if one[mark]]


def insert_job(world: World, objective: MetricName | None = MetricName.F1, **changes: Any) -> None:
    problem = ProblemType.BINARY if objective is not None else None
    world.insert(job_record(world.clock(), objective=objective, problem_type=problem, **changes))


def insert(world: World, index: int, score: float, latency_s: float, **changes: Any) -> None:
    now = world.clock()
    world.insert(finished_candidate(now, index, score=score, latency_s=latency_s, **changes))


def test_how_rows_were_kept_together_is_told_once(world: World) -> None:
    insert_job(world)
    insert(world, 1, 0.9, 0.01)
    assert "ValidationSplit" not in told(world)
    how = {"kind": "groups", "how": DataValue("whole groups of 'who' (70 groups, 5 folds)")}
    insert(world, 2, 0.8, 0.01, notes=(said("new"), Note(NoteCode.ROWS_SPLIT, how)))
    split = told(world)["ValidationSplit"]
    assert split == "validation rows: whole groups of 'who' (70 groups, 5 folds)"


def test_a_completed_job_without_an_ensemble_says_why(world: World) -> None:
    insert_job(world, status=JobStatus.COMPLETED)
    insert(world, 1, 0.9, 0.01)
    assert (
        told(world)["WhyNoEnsemble"] == "There is no ensemble: fewer than two candidates finished."
    )


def test_the_job_stands_above_its_candidates(world: World) -> None:
    insert_job(world, best_candidate="churn-001")
    answer = told(world)
    assert answer["AutoMLJobArn"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:automl-job/churn"
    assert (answer["AutoMLJobStatus"], answer["AutoMLJobSecondaryStatus"]) == (
        "InProgress",
        "Starting",
    )
    assert answer["ProblemType"] == "BinaryClassification"
    assert (answer["Objective"], answer["ObjectiveIsMinimized"]) == ("F1", False)
    assert answer["MetricNames"][:2] == ["F1", "AUC"]
    assert answer["BestCandidateName"] == "churn-001"
    assert answer["Candidates"] == []


def test_a_job_that_knows_nothing_yet_says_nothing(world: World) -> None:
    insert_job(world, None)
    answer = told(world)
    assert answer["MetricNames"] == []
    assert not {"ProblemType", "Objective", "BestCandidateName"} & set(answer)


def test_everything_of_a_finished_candidate_is_told(world: World) -> None:
    insert_job(world, best_candidate="churn-001")
    now = world.clock()
    world.insert(
        finished_candidate(
            now,
            metrics=(
                Metric(MetricName.F1, 0.9, standard_error=0.01),
                Metric(MetricName.F1, 0.95, "Train"),
                Metric(MetricName.LOG_LOSS, float("inf")),
            ),
            fit_s=12.5,
            size_bytes=123_456,
            folds=5,
            n_rows=20_000,
            cut_short=True,
            members={"churn-002": 0.75, "churn-003": 0.25},
            explainability="s3://results/e",
        )
    )
    [candidate] = told(world)["Candidates"]
    assert candidate == {
        "CandidateName": "churn-001",
        "Index": 1,
        "CandidateStatus": "Completed",
        "Algorithm": "xgboost",
        "Recipe": "dpp0",
        "Score": 0.9,
        "StandardError": 0.01,
        "Metrics": [
            {"MetricName": "F1", "Set": "Validation", "Value": 0.9, "StandardError": 0.01},
            {"MetricName": "F1", "Set": "Train", "Value": 0.95},
        ],
        "TrainingTimeInSeconds": 12.5,
        "LatencyInSeconds": 0.001,
        "SizeInBytes": 123_456,
        "FoldCount": 5,
        "RecipeTitle": "native columns for boosted trees",
        "RowsPerFold": 20_000,
        "Members": [
            {"CandidateName": "churn-002", "Weight": 0.75},
            {"CandidateName": "churn-003", "Weight": 0.25},
        ],
        "IsBest": True,
        "IsOnFront": True,
        "IsComparable": True,
        "IsCutShort": True,
        "HasReports": True,
        "CreationTime": now.timestamp(),
        "EndTime": now.timestamp(),
    }


def test_a_candidate_that_is_trained_or_failed_has_no_figures(world: World) -> None:
    insert_job(world)
    now = world.clock()
    world.insert(candidate_record(now), replace(
        candidate_record(now, 2),
        status=CandidateStatus.FAILED,
        failure=said("It broke."),
        ended=now,
    ))  # fmt: skip
    running, failed = told(world)["Candidates"]
    assert running["CandidateStatus"] == "InProgress"
    assert not {"Score", "TrainingTimeInSeconds", "SizeInBytes", "EndTime"} & set(running)
    assert (failed["FailureReason"], failed["IsComparable"]) == ("It broke.", False)


@pytest.mark.parametrize(
    ("objective", "order"), [(MetricName.F1, [2, 3, 1]), (MetricName.MSE, [1, 3, 2])]
)
def test_the_best_comes_first(world: World, objective: MetricName, order: list[int]) -> None:
    insert_job(world, objective)
    for index, score in enumerate((0.1, 0.9, 0.5), start=1):
        insert(world, index, score, 0.001)
    assert names(told(world)) == [f"churn-{index:03}" for index in order]


def test_of_equal_scores_the_one_that_the_job_chose_comes_first(world: World) -> None:
    insert_job(world, best_candidate="churn-002")
    for index, latency_s in ((1, 0.01), (2, 0.05), (3, 0.02)):
        insert(world, index, 0.8, latency_s)
    assert names(told(world)) == ["churn-002", "churn-001", "churn-003"]
    assert marked(told(world), "IsBest") == ["churn-002"]


def test_an_ensemble_is_told_by_its_cross_fitted_score_and_placed_by_the_weights_it_has(
    world: World,
) -> None:
    insert_job(world)
    insert(world, 1, 0.8, 0.001)
    now = world.clock()
    metrics = (Metric(MetricName.F1, 0.79), Metric(MetricName.F1, 0.81, "Train"))
    members = {"churn-001": 0.6, "churn-003": 0.4}
    world.insert(finished_candidate(now, 2, score=0.79, metrics=metrics, members=members))
    answer = told(world)
    assert [(one["CandidateName"], one["Score"]) for one in answer["Candidates"]] == [
        ("churn-002", 0.79),
        ("churn-001", 0.8),
    ]


def test_the_front_is_of_those_that_nothing_else_beats_in_both(world: World) -> None:
    insert_job(world)
    for index, (score, latency_s) in enumerate(
        ((0.9, 0.02), (0.8, 0.03), (0.7, 0.01), (0.6, 0.015)), start=1
    ):
        insert(world, index, score, latency_s)
    assert marked(told(world), "IsOnFront") == ["churn-001", "churn-003"]


@pytest.mark.parametrize(
    ("objective", "scores", "of_weights"),
    [(MetricName.F1, (0.8, 0.79), 0.81), (MetricName.MSE, (8.0, 8.2), 7.9)],
)
def test_an_ensemble_that_shows_a_worse_score_than_a_faster_candidate_is_best_and_not_on_the_front(
    world: World, objective: MetricName, scores: tuple[float, float], of_weights: float
) -> None:
    insert_job(world, objective, best_candidate="churn-002")
    insert(world, 1, scores[0], 0.001)
    metrics = (Metric(objective, scores[1]), Metric(objective, of_weights, "Train"))
    world.insert(
        finished_candidate(
            world.clock(),
            2,
            score=scores[1],
            latency_s=0.004,
            metrics=metrics,
            members={"churn-001": 0.6, "churn-003": 0.4},
        )
    )
    answer = told(world)
    assert names(answer) == ["churn-002", "churn-001"]
    assert marked(answer, "IsBest") == ["churn-002"]
    assert marked(answer, "IsOnFront") == ["churn-001"]


def test_what_was_scored_on_fewer_folds_is_compared_with_nothing(world: World) -> None:
    insert_job(world)
    insert(world, 1, 0.8, 0.002, folds=5)
    insert(world, 2, 0.99, 0.001, folds=1)
    insert(world, 3, 0.7, 0.003, folds=None)
    answer = told(world)
    assert names(answer) == ["churn-001", "churn-003", "churn-002"]
    assert marked(answer, "IsComparable") == ["churn-001", "churn-003"]
    assert marked(answer, "IsOnFront") == ["churn-001"]


@pytest.mark.slow
def test_750_candidates_come_at_once(world: World) -> None:
    insert_job(world)
    now = world.clock()
    world.insert(*(finished_candidate(now, index, score=index / 750) for index in range(1, 751)))
    assert names(told(world))[:2] == ["churn-750", "churn-749"]
    assert len(names(told(world))) == 750


def test_records_of_versions_that_kept_neither_time_nor_size_are_read() -> None:
    record = finished_candidate(datetime(2026, 1, 1, tzinfo=UTC))
    text = to_json(record)
    for field in ('"fit_s":null,', '"size_bytes":null,', '"notes":[],', '"why":"",'):
        assert field in text
        text = text.replace(field, "")
    assert from_json(Candidate, text) == record


# one candidate


def test_a_candidate_says_what_it_is_in_plain_words(world: World) -> None:
    insert_job(world)
    now = world.clock()
    hyperparameters = {"eta": 0.1, "depth": 6, "booster": "dart"}
    world.insert(
        finished_candidate(
            now,
            hyperparameters=hyperparameters,
            why="its defaults",
            seed=7,
            notes=(said("stopped after 120 rounds"),),
            explainability="s3://results/e",
            model_insights="s3://results/m",
        )
    )
    answer = told(world, ONE)
    assert answer["Candidate"]["CandidateName"] == "churn-001"
    assert answer["AlgorithmTitle"] == "gradient-boosted trees (XGBoost)"
    assert answer["AlgorithmDescription"].startswith("Gradient boosting: ")
    assert answer["RecipeTitle"] == "native columns for boosted trees"
    assert "Numbers stay unchanged" in answer["RecipeDescription"]
    first = answer["Transformers"][0]
    assert (first["ColumnType"], first["Name"]) == ("numeric", "number")
    assert first["Description"].startswith("the number unchanged")
    assert answer["Hyperparameters"] == {"eta": "0.1", "depth": "6", "booster": "dart"}
    assert (answer["Why"], answer["Seed"]) == ("its defaults", 7)
    assert answer["Notes"] == ["stopped after 120 rounds"]
    assert (answer["Explainability"], answer["ModelInsights"]) == (
        "s3://results/e",
        "s3://results/m",
    )
    assert answer["InferenceContainers"][0]["Environment"] == {"A": "1"}
    assert {"Image", "ModelDataUrl"} < set(answer["InferenceContainers"][0])
    assert answer["Objective"] == "F1"


def test_members_are_told_with_algorithm_and_number_where_they_are_known(world: World) -> None:
    insert_job(world)
    members = {"churn-002": 0.75, "churn-003": 0.25}
    ensemble = finished_candidate(world.clock(), algorithm="ensemble", recipe="", members=members)
    world.insert(ensemble, finished_candidate(world.clock(), 2, fit_s=2.5))
    known, gone = told(world, ONE)["Candidate"]["Members"]
    assert known == {
        "CandidateName": "churn-002",
        "Weight": 0.75,
        "Algorithm": "xgboost",
        "Index": 2,
        "TrainingTimeInSeconds": 2.5,
    }
    assert gone == {"CandidateName": "churn-003", "Weight": 0.25}


@pytest.mark.parametrize("algorithm", ["ensemble", "baseline"])
def test_what_the_search_did_not_propose_has_no_recipe(world: World, algorithm: str) -> None:
    insert_job(world)
    world.insert(finished_candidate(world.clock(), algorithm=algorithm, recipe=""))
    answer = told(world, ONE)
    assert answer["AlgorithmDescription"].endswith(".")
    assert not {"RecipeTitle", "RecipeDescription", "Transformers", "Why"} & set(answer)


def test_steps_have_times_and_logs_as_far_as_they_have_come(world: World) -> None:
    insert_job(world)
    now = world.clock()
    world.insert(finished_candidate(now))
    ended = replace(
        step_record(ProcessingJob, now, "db-1"),
        status=StepStatus.FAILED,
        started=now + timedelta(seconds=1),
        ended=now + timedelta(seconds=3),
        failure=said("It broke."),
    )
    world.insert(ended, step_record(TrainingJob, now, "dpp0-1"))
    split, fitted, transformed, trained = told(world, ONE)["Steps"]
    assert split == {
        "CandidateStepType": "AWS::SageMaker::ProcessingJob",
        "CandidateStepArn": ended.arn,
        "CandidateStepName": "db-1",
        "Status": "Failed",
        "CreationTime": now.timestamp(),
        "StartTime": now.timestamp() + 1,
        "EndTime": now.timestamp() + 3,
        "LogGroupName": "/aws/sagemaker/ProcessingJobs",
        "LogStreamName": f"db-1/algo-1-{int(now.timestamp())}",
        "FailureReason": "It broke.",
    }
    assert (fitted["Status"], fitted["LogGroupName"]) == (
        "InProgress",
        "/aws/sagemaker/TrainingJobs",
    )
    assert set(transformed) == {"CandidateStepType", "CandidateStepArn", "CandidateStepName"}
    assert trained["CandidateStepName"] == "churn-001"


def test_a_candidate_is_found_whatever_its_case(world: World) -> None:
    insert_job(world)
    world.insert(finished_candidate(world.clock()))
    assert told(world, ONE.replace("churn", "CHURN"))["Candidate"]["CandidateName"] == "churn-001"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (BOARD.replace("churn", "nope"), "can't find an AutoML job called nope."),
        (ONE.replace("/churn/", "/nope/"), "can't find an AutoML job called nope."),
        (ONE.replace("churn-001", "churn-009"), "has no candidate called churn-009"),
    ],
)
def test_unknown_names_are_told(world: World, path: str, sentence: str) -> None:
    insert_job(world)
    world.insert(finished_candidate(world.clock()))
    status, code, message = refused(get(world, path))
    assert (status, code) == (400, "ResourceNotFound")
    assert sentence in message


@pytest.mark.parametrize("path", [BOARD, ONE])
def test_another_account_sees_nothing(world: World, path: str) -> None:
    insert_job(world)
    world.insert(finished_candidate(world.clock()))
    answer = sent(world, signed("GET", path, account=OTHER_ACCOUNT))
    assert refused(answer)[1] == "ResourceNotFound"
