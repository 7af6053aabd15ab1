"""ListCandidatesForAutoMLJob."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from api.records import candidate_record, finished_candidate, job_record
from api.world import World, refusal

from windvane.domain.candidate import CandidateStatus
from windvane.domain.problem import MetricName
from windvane.notes.note import said


def numbers(answer: dict[str, Any]) -> list[int]:
    return [int(candidate["CandidateName"][-3:]) for candidate in answer["Candidates"]]


def listed(world: World, **parameters: Any) -> dict[str, Any]:
    answer: dict[str, Any] = world.client().list_candidates_for_auto_ml_job(
        AutoMLJobName="churn", **parameters
    )
    return answer


def job_with_scores(world: World, objective: MetricName, *scores: float | None) -> None:
    world.insert(job_record(world.clock(), objective=objective))
    for index, score in enumerate(scores, start=1):
        now = world.clock.advance()
        if score is None:
            world.insert(candidate_record(now, index))
        else:
            world.insert(finished_candidate(now, index, score=score))


def test_the_default_page_holds_the_ten_newest(world: World) -> None:
    job_with_scores(world, MetricName.F1, *([0.5] * 12))
    first = listed(world)
    assert numbers(first) == list(range(12, 2, -1))
    assert numbers(listed(world, NextToken=first["NextToken"])) == [2, 1]


@pytest.mark.parametrize(
    ("objective", "best_first"), [(MetricName.F1, [2, 3, 1, 4]), (MetricName.MSE, [1, 3, 2, 4])]
)
def test_sorted_by_objective_alone_the_best_comes_first(
    world: World, objective: MetricName, best_first: list[int]
) -> None:
    job_with_scores(world, objective, 0.1, 0.9, 0.5, None)
    assert numbers(listed(world, SortBy="FinalObjectiveMetricValue")) == best_first


@pytest.mark.parametrize("objective", [MetricName.F1, MetricName.MSE])
def test_an_order_asked_for_is_that_of_the_figures(world: World, objective: MetricName) -> None:
    job_with_scores(world, objective, 0.1, 0.9, 0.5)
    ascending = listed(world, SortBy="FinalObjectiveMetricValue", SortOrder="Ascending")
    assert numbers(ascending) == [1, 3, 2]
    descending = listed(world, SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    assert numbers(descending) == [2, 3, 1]


def test_candidates_can_be_picked_by_status_and_by_name(world: World) -> None:
    job_with_scores(world, MetricName.F1, 0.1, None)
    failed = candidate_record(
        world.clock(), 3, status=CandidateStatus.FAILED, failure=said("It ran out of memory.")
    )
    world.insert(failed)
    (answer,) = listed(world, StatusEquals="Failed")["Candidates"]
    assert answer["FailureReason"] == "It ran out of memory."
    assert numbers(listed(world, CandidateNameEquals="CHURN-002")) == [2]


def test_candidates_of_another_job_are_not_listed(world: World) -> None:
    job_with_scores(world, MetricName.F1, 0.1)
    world.insert(candidate_record(world.clock(), 2, parent="arn:aws:sagemaker:x:1:automl-job/y"))
    assert numbers(listed(world)) == [1]


def test_a_missing_job_is_told_in_aws_own_words(client: Any) -> None:
    assert refusal(client.list_candidates_for_auto_ml_job, AutoMLJobName="nope") == (
        "ResourceNotFound",
        "Amazon SageMaker can't find an AutoML job called nope.",
    )


def test_reports_of_a_candidate_are_named_once_there_is_an_explanation(world: World) -> None:
    world.insert(job_record(world.clock(), objective=MetricName.F1))
    places = [
        ("", ""),
        ("", "s3://b/insights"),
        ("s3://b/explained", ""),
        ("s3://b/explained", "s3://b/insights"),
    ]
    for index, (explained, insights) in enumerate(places, start=1):
        candidate = finished_candidate(world.clock.advance(), index, score=0.5)
        world.insert(replace(candidate, explainability=explained, model_insights=insights))
    answer = listed(world, SortBy="CreationTime", SortOrder="Ascending")
    told = [
        one["CandidateProperties"].get("CandidateArtifactLocations") for one in answer["Candidates"]
    ]
    assert told == [
        None,
        None,
        {"Explainability": "s3://b/explained"},
        {"Explainability": "s3://b/explained", "ModelInsights": "s3://b/insights"},
    ]
