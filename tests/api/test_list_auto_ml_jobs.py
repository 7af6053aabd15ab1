"""ListAutoMLJobs: order, filters, pages and their tokens. What holds here holds for every list."""

from __future__ import annotations

from typing import Any

import pytest
from api.records import job_record
from api.world import ACCOUNT, OTHER_ACCOUNT, REGION, World, refusal

from windvane.domain.job import JobStatus, SecondaryStatus
from windvane.notes.note import said


def names(answer: dict[str, Any]) -> list[str]:
    return [summary["AutoMLJobName"] for summary in answer["AutoMLJobSummaries"]]


def jobs_named(world: World, *job_names: str) -> None:
    for name in job_names:
        world.insert(job_record(world.clock(), name))
        world.clock.advance()


def test_an_empty_list_has_no_token(client: Any) -> None:
    answer = client.list_auto_ml_jobs()
    assert answer["AutoMLJobSummaries"] == []
    assert "NextToken" not in answer


def test_by_default_names_come_in_descending_order_ten_a_page(world: World, client: Any) -> None:
    jobs_named(world, *(f"job-{n:02}" for n in range(12)))
    assert names(client.list_auto_ml_jobs()) == [f"job-{n:02}" for n in range(11, 1, -1)]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"SortOrder": "Ascending"}, ["a", "b", "c"]),
        ({"SortBy": "CreationTime"}, ["a", "c", "b"]),
        ({"SortBy": "CreationTime", "SortOrder": "Ascending"}, ["b", "c", "a"]),
    ],
)
def test_a_list_is_in_the_order_asked_for(
    world: World, client: Any, parameters: dict[str, str], expected: list[str]
) -> None:
    jobs_named(world, "b", "c", "a")
    assert names(client.list_auto_ml_jobs(**parameters)) == expected


def test_sorting_by_status_puts_like_with_like(world: World, client: Any) -> None:
    for name, status in (
        ("a", JobStatus.STOPPED),
        ("b", JobStatus.FAILED),
        ("c", JobStatus.STOPPED),
    ):
        world.insert(job_record(world.clock(), name, status=status))
    answer = client.list_auto_ml_jobs(SortBy="Status", SortOrder="Ascending")
    assert names(answer)[0] == "b"


def test_filters_narrow_the_list(world: World, client: Any) -> None:
    jobs_named(world, "alpha", "beta", "alphabet")
    world.insert(job_record(world.clock(), "gamma", status=JobStatus.FAILED))
    assert names(client.list_auto_ml_jobs(NameContains="ALPHA")) == ["alphabet", "alpha"]
    assert names(client.list_auto_ml_jobs(StatusEquals="Failed")) == ["gamma"]


def test_time_filters_exclude_their_bounds(world: World, client: Any) -> None:
    start = world.clock()
    jobs_named(world, "a", "b", "c")
    assert names(client.list_auto_ml_jobs(CreationTimeAfter=start)) == ["c", "b"]
    assert names(client.list_auto_ml_jobs(LastModifiedTimeBefore=start)) == []
    assert names(client.list_auto_ml_jobs(CreationTimeBefore=world.clock())) == ["c", "b", "a"]


def test_a_summary_tells_how_a_job_ended(world: World, client: Any) -> None:
    now = world.clock()
    world.insert(
        job_record(
            now,
            status=JobStatus.FAILED,
            secondary=SecondaryStatus.FAILED,
            ended=now,
            failure=said("The file is empty."),
            partial_failures=(said("A candidate broke."),),
        )
    )
    assert client.list_auto_ml_jobs()["AutoMLJobSummaries"] == [
        {
            "AutoMLJobName": "churn",
            "AutoMLJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:automl-job/churn",
            "AutoMLJobStatus": "Failed",
            "AutoMLJobSecondaryStatus": "Failed",
            "CreationTime": now,
            "EndTime": now,
            "LastModifiedTime": now,
            "FailureReason": "The file is empty.",
            "PartialFailureReasons": [{"PartialFailureMessage": "A candidate broke."}],
        }
    ]


def test_pages_join_to_the_whole_list_though_jobs_are_added_meanwhile(
    world: World, client: Any
) -> None:
    jobs_named(world, "b", "d", "f", "h")
    seen: list[str] = []
    token: dict[str, str] = {}
    for added in ("i", "e", "a"):
        answer = client.list_auto_ml_jobs(MaxResults=2, SortOrder="Ascending", **token)
        seen += names(answer)
        jobs_named(world, added)
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert [name for name in seen if name in "bdfh"] == ["b", "d", "f", "h"]
    assert len(seen) == len(set(seen))


def test_the_page_size_may_change_between_pages(world: World, client: Any) -> None:
    jobs_named(world, "a", "b", "c", "d")
    token = client.list_auto_ml_jobs(MaxResults=1)["NextToken"]
    answer = client.list_auto_ml_jobs(MaxResults=3, NextToken=token)
    assert names(answer) == ["c", "b", "a"]
    assert "NextToken" not in answer


def test_a_token_is_void_elsewhere(world: World, client: Any) -> None:
    jobs_named(world, "a", "b")
    token = client.list_auto_ml_jobs(MaxResults=1)["NextToken"]
    elsewhere = [
        (world.client(OTHER_ACCOUNT).list_auto_ml_jobs, {}),
        (world.client(region="eu-west-1").list_auto_ml_jobs, {}),
        (client.list_auto_ml_jobs, {"NameContains": "a"}),
        (client.list_auto_ml_jobs, {"SortOrder": "Ascending"}),
        (client.list_models, {}),
    ]
    for call, parameters in elsewhere:
        assert refusal(call, NextToken=token, **parameters) == (
            "ValidationException",
            "Invalid NextToken: it was not issued for this list and these filters.",
        )


def test_a_made_up_token_is_refused(client: Any) -> None:
    code, message = refusal(client.list_auto_ml_jobs, NextToken="abc")
    assert code == "ValidationException"
    assert message.startswith("Invalid NextToken")


@pytest.mark.parametrize("size", [101, 1000])
def test_a_page_has_at_most_a_hundred(client: Any, size: int) -> None:
    code, message = refusal(client.list_auto_ml_jobs, MaxResults=size)
    assert code == "ValidationException"
    assert "'maxResults' failed to satisfy constraint" in message
