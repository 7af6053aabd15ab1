"""CloudWatch Logs, through a boto3 client."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from api.world import ACCOUNT, OTHER_ACCOUNT, REGION, SCOPE, World, refusal

from windvane.domain.logs import LogLine, LogPlace

GROUP = "/aws/sagemaker/TrainingJobs"
UNKNOWN_GROUP = ("ResourceNotFoundException", "The specified log group does not exist.")


@pytest.fixture
def logs(world: World) -> Any:
    return world.client(service="logs")


def write(world: World, stream: str, *messages: str, group: str = GROUP) -> None:
    with world.store.transaction() as tx:
        tx.log(
            LogPlace(SCOPE, group, stream),
            [LogLine(one) for one in messages],
            world.clock.advance(),
        )


def texts(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_groups_are_described_and_paged(world: World, logs: Any) -> None:
    write(world, "job/algo-1-1", "hello")
    write(world, "e/i-1", "x", group="/aws/sagemaker/Endpoints/churn")
    pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 1})
    groups = [group for page in pages for group in page["logGroups"]]
    assert [group["logGroupName"] for group in groups] == ["/aws/sagemaker/Endpoints/churn", GROUP]
    assert groups[1]["arn"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:*"
    assert groups[1]["storedBytes"] == 5
    assert groups[1]["retentionInDays"] == 30
    by_part = logs.describe_log_groups(logGroupNamePattern="Endpoints")
    assert [group["logGroupName"] for group in by_part["logGroups"]] == [groups[0]["logGroupName"]]
    none = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda")
    assert none["logGroups"] == []
    assert "nextToken" not in none


def test_a_prefix_and_a_pattern_exclude_each_other(logs: Any) -> None:
    code, text = refusal(logs.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="b")
    assert code == "InvalidParameterException"
    assert "logGroupNamePrefix" in text


def test_accounts_do_not_see_each_other(world: World, logs: Any) -> None:
    write(world, "s", "x")
    other = world.client(OTHER_ACCOUNT, service="logs")
    assert other.describe_log_groups()["logGroups"] == []
    assert refusal(other.filter_log_events, logGroupName=GROUP) == UNKNOWN_GROUP
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}"
    code, text = refusal(other.filter_log_events, logGroupIdentifier=arn)
    assert code == "InvalidParameterException"
    assert "another account" in text
    assert texts(logs.filter_log_events(logGroupIdentifier=arn)) == ["x"]


def test_streams_of_a_job_are_found_by_their_prefix(world: World, logs: Any) -> None:
    for stream in ("job/algo-1-1", "job-2/algo-1-1", "job/algo-2-1"):
        write(world, stream, "x")
    answer = logs.describe_log_streams(
        logGroupName=GROUP, logStreamNamePrefix="job/", orderBy="LogStreamName", limit=2
    )
    assert [s["logStreamName"] for s in answer["logStreams"]] == ["job/algo-1-1", "job/algo-2-1"]
    assert "nextToken" not in answer
    stream = answer["logStreams"][0]
    assert stream["arn"].endswith(f"log-group:{GROUP}:log-stream:job/algo-1-1")
    assert stream["firstEventTimestamp"] == stream["lastEventTimestamp"]


def test_streams_are_paged_by_their_last_event(world: World, logs: Any) -> None:
    for stream in ("b", "a", "c", "b"):
        write(world, stream, "x")
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=GROUP,
        orderBy="LastEventTime",
        descending=True,
        PaginationConfig={"PageSize": 1},
    )
    assert [s["logStreamName"] for page in pages for s in page["logStreams"]] == ["b", "c", "a"]


def test_the_last_event_and_a_prefix_exclude_each_other(world: World, logs: Any) -> None:
    write(world, "s", "x")
    refused = refusal(
        logs.describe_log_streams,
        logGroupName=GROUP,
        logStreamNamePrefix="s",
        orderBy="LastEventTime",
    )
    assert refused == (
        "InvalidParameterException",
        "Cannot order by LastEventTime with a logStreamNamePrefix.",
    )


def test_what_is_not_there_is_told_in_cloudwatchs_words(world: World, logs: Any) -> None:
    assert refusal(logs.describe_log_streams, logGroupName=GROUP) == UNKNOWN_GROUP
    nowhere = {"logGroupName": GROUP, "logStreamName": "s"}
    assert refusal(logs.get_log_events, **nowhere) == UNKNOWN_GROUP
    write(world, "other", "x")
    assert refusal(logs.get_log_events, **nowhere) == (
        "ResourceNotFoundException",
        "The specified log stream does not exist.",
    )


def test_a_group_is_named_in_exactly_one_way(logs: Any) -> None:
    for named in ({}, {"logGroupName": GROUP, "logGroupIdentifier": GROUP}):
        code, text = refusal(logs.filter_log_events, **named)
        assert code == "InvalidParameterException"
        assert text.startswith("Exactly one of logGroupName and logGroupIdentifier")


def test_a_stream_is_read_from_its_head_until_the_token_stays_the_same(
    world: World, logs: Any
) -> None:
    write(world, "s", "1", "2", "3")
    where = {"logGroupName": GROUP, "logStreamName": "s"}
    first = logs.get_log_events(**where, startFromHead=True, limit=2)
    assert texts(first) == ["1", "2"]
    second = logs.get_log_events(**where, nextToken=first["nextForwardToken"], startFromHead=True)
    assert texts(second) == ["3"]
    third = logs.get_log_events(**where, nextToken=second["nextForwardToken"], startFromHead=True)
    assert texts(third) == []
    assert third["nextForwardToken"] == second["nextForwardToken"]
    write(world, "s", "4")
    fourth = logs.get_log_events(**where, nextToken=third["nextForwardToken"], startFromHead=True)
    assert texts(fourth) == ["4"]
    back = logs.get_log_events(**where, nextToken=third["nextBackwardToken"], limit=2)
    assert texts(back) == ["2", "3"]


def test_a_stream_is_read_from_its_tail_by_default(world: World, logs: Any) -> None:
    write(world, "s", "1", "2", "3")
    where = {"logGroupName": GROUP, "logStreamName": "s"}
    last = logs.get_log_events(**where, limit=2)
    assert texts(last) == ["2", "3"]
    before = logs.get_log_events(**where, nextToken=last["nextBackwardToken"])
    assert texts(before) == ["1"]
    end = logs.get_log_events(**where, nextToken=before["nextBackwardToken"])
    assert texts(end) == []
    assert end["nextBackwardToken"] == before["nextBackwardToken"]
    again = logs.get_log_events(**where, nextToken=end["nextForwardToken"], startFromHead=True)
    assert texts(again) == ["1", "2", "3"]


def test_a_window_of_time_includes_its_start_and_not_its_end(world: World, logs: Any) -> None:
    for message in ("1", "2", "3"):
        write(world, "s", message)
    where = {"logGroupName": GROUP, "logStreamName": "s"}
    times = [event["timestamp"] for event in logs.get_log_events(**where)["events"]]
    window = {"startTime": times[0], "endTime": times[2]}
    assert texts(logs.get_log_events(**where, **window)) == ["1", "2"]
    empty = logs.get_log_events(**where, startTime=times[2] + 1, startFromHead=True)
    assert texts(empty) == []
    world.clock.now += timedelta(seconds=5)
    write(world, "s", "4")
    later = logs.get_log_events(
        **where,
        startTime=times[2] + 1,
        nextToken=empty["nextForwardToken"],
        startFromHead=True,
    )
    assert texts(later) == ["4"]


def test_a_foreign_token_is_refused(world: World, logs: Any) -> None:
    write(world, "s", "x")
    refused = refusal(logs.get_log_events, logGroupName=GROUP, logStreamName="s", nextToken="f/x/1")
    assert refused == ("InvalidParameterException", "The specified nextToken is invalid.")
    code, _ = refusal(logs.filter_log_events, logGroupName=GROUP, nextToken="nonsense")
    assert code == "InvalidParameterException"


def test_a_group_is_searched_across_streams_in_the_order_of_time(world: World, logs: Any) -> None:
    for stream, message in (("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")):
        write(world, stream, message)
    everything = logs.filter_log_events(logGroupName=GROUP, interleaved=True)
    assert texts(everything) == ["1", "2", "3", "4"]
    assert [event["logStreamName"] for event in everything["events"]] == ["a", "b", "a", "c"]
    assert len({event["eventId"] for event in everything["events"]}) == 4
    assert "nextToken" not in everything
    some = logs.filter_log_events(logGroupName=GROUP, logStreamNames=["a", "c"])
    assert texts(some) == ["1", "3", "4"]
    newest = logs.filter_log_events(logGroupName=GROUP, startFromHead=False, limit=3)
    assert texts(newest) == ["4", "3", "2"]
    rest = logs.filter_log_events(logGroupName=GROUP, nextToken=newest["nextToken"])
    assert texts(rest) == ["1"]


def test_a_search_is_paged_without_loss(world: World, logs: Any) -> None:
    write(world, "s", *(f"{n} {'even' if n % 2 == 0 else 'odd'}" for n in range(20)))
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP, filterPattern="even", PaginationConfig={"PageSize": 3}
    )
    found = [event["message"] for page in pages for event in page["events"]]
    assert found == [f"{n} even" for n in range(0, 20, 2)]


def test_following_a_group_as_the_command_line_does_misses_nothing(world: World, logs: Any) -> None:
    """`aws logs tail --follow`: pages to the end, then on from the newest time, known ids left out."""
    seen: dict[str, str] = {}
    start = 0
    for turn in range(5):
        write(world, f"s{turn % 2}", f"{turn} a", f"{turn} b")
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=GROUP, startTime=start
        )
        for page in pages:
            for event in page["events"]:
                seen[event["eventId"]] = event["message"]
                start = max(start, event["timestamp"])
    assert list(seen.values()) == [f"{turn} {part}" for turn in range(5) for part in "ab"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", [0, 1, 2]),
        ("error", [0, 2]),
        ("Error", []),
        ('"out of memory"', [0]),
        ("error -memory", [2]),
        ("?memory ?warning", [0, 1]),
        ('"say \\"no\\""', [2]),
    ],
)
def test_patterns_of_terms(world: World, logs: Any, pattern: str, found: list[int]) -> None:
    messages = ["error: out of memory", "warning", 'error: say "no"']
    write(world, "s", *messages)
    answer = logs.filter_log_events(logGroupName=GROUP, filterPattern=pattern)
    assert texts(answer) == [messages[n] for n in found]


@pytest.mark.parametrize("pattern", ["{ $.a = 1 }", "[a, b]", "%x%", '"open', "?a b", 'a"b"'])
def test_other_patterns_are_refused(world: World, logs: Any, pattern: str) -> None:
    write(world, "s", "x")
    code, text = refusal(logs.filter_log_events, logGroupName=GROUP, filterPattern=pattern)
    assert code == "InvalidParameterException"
    assert text.startswith("Invalid filter pattern: ")


def test_what_would_not_fit_into_one_answer_comes_in_several(world: World, logs: Any) -> None:
    write(world, "s", *("x" * 8000 for _ in range(200)))
    first = logs.get_log_events(logGroupName=GROUP, logStreamName="s", startFromHead=True)
    assert 0 < len(first["events"]) < 200
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP)
    assert sum(len(page["events"]) for page in pages) == 200
