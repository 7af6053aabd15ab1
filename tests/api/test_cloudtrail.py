"""CloudTrail's LookupEvents, through a boto3 client: requests are recorded by the edge, and found by their account."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api.world import ACCOUNT, OTHER_ACCOUNT, Keys, World, refusal
from unit.audit.records import KEY, Anchors

from windvane.api import cloudtrail
from windvane.api.audit_logs import LocalLog, Logs
from windvane.api.cloudtrail import Trail, trail_operations
from windvane.audit.files import FileBounds
from windvane.audit.kinds import Recording
from windvane.audit.log import AuditLog
from windvane.control.servers.membership import SingleServerMembership
from windvane.errors import AccessDenied
from windvane.names import PageTokens
from windvane.wire.edge import Edge

MODEL_ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model/m"


def now() -> datetime:
    return datetime.now(UTC)


def create_model(call):
    if call.parameters["ModelName"] == "refused":
        raise AccessDenied("not you")
    return {"ModelArn": MODEL_ARN}


def alone(folder):
    """The logs where there is one server."""
    return Logs(LocalLog(folder), SingleServerMembership("one", None, now), None)


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(cloudtrail, "LOOKED_UP_PER_S", 100)
    log = AuditLog(tmp_path, KEY, Anchors(), now, Recording(), FileBounds())
    log.start()
    edge = Edge(
        Keys(),
        {
            ("sagemaker", "CreateModel"): create_model,
            ("sagemaker", "ListModels"): lambda _: {"Models": []},
        },
        trail_operations(Trail(alone(tmp_path), PageTokens(b"p" * 32), now)),
        None,
        now,
        recorder=log,
    )
    yield World(None, None, None, edge)
    edge.close()
    log.stop()


def create(world: World, name: str = "m", account: str = ACCOUNT) -> None:
    role = f"arn:aws:iam::{account}:role/windvane"
    world.client(account).create_model(ModelName=name, ExecutionRoleArn=role)


def names(answer: dict[str, Any]) -> list[str]:
    return [event["EventName"] for event in answer["Events"]]


def test_what_was_done_is_found_at_once(world):
    create(world)
    client = world.client(service="cloudtrail")
    (event,) = client.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateModel"}]
    )["Events"]
    assert (event["ReadOnly"], event["EventSource"]) == ("false", "sagemaker.amazonaws.com")
    whole = json.loads(event["CloudTrailEvent"])
    assert whole["eventID"] == event["EventId"]
    assert whole["requestParameters"]["ModelName"] == "m"
    assert whole["responseElements"] == {"ModelArn": MODEL_ARN}
    assert whole["recipientAccountId"] == ACCOUNT


def test_a_refusal_is_recorded_with_its_code(world):
    code, _ = refusal(
        world.client().create_model,
        ModelName="refused",
        ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/windvane",
    )
    create(world)  # once it is answered, what came before it is written too
    found = world.client(service="cloudtrail").lookup_events()["Events"]
    codes = [json.loads(event["CloudTrailEvent"]).get("errorCode") for event in found]
    assert codes == [None, code]


def test_accounts_do_not_see_each_other(world):
    create(world)
    other = world.client(OTHER_ACCOUNT, service="cloudtrail")
    assert "CreateModel" not in names(other.lookup_events())


def test_pages_follow_each_other(world):
    for n in range(7):
        create(world, f"m{n}")
    pages = world.client(service="cloudtrail").get_paginator("lookup_events")
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "CreateModel"}]
    asked = pages.paginate(LookupAttributes=wanted, PaginationConfig={"PageSize": 3})
    told = [json.loads(e["CloudTrailEvent"]) for page in asked for e in page["Events"]]
    models = [event["requestParameters"]["ModelName"] for event in told]
    assert models == [f"m{n}" for n in range(6, -1, -1)]


def test_bad_questions_get_cloudtrails_own_errors(world):
    create(world)
    create(world)
    client = world.client(service="cloudtrail")
    attribute = {"AttributeKey": "EventName", "AttributeValue": "x"}
    assert refusal(client.lookup_events, LookupAttributes=[attribute] * 2)[0] == (
        "InvalidLookupAttributesException"
    )
    later = now() + timedelta(hours=1)
    assert refusal(client.lookup_events, StartTime=later, EndTime=now())[0] == (
        "InvalidTimeRangeException"
    )
    token = client.lookup_events(MaxResults=1)["NextToken"]
    for bad in ({"NextToken": "x"}, {"NextToken": token, "LookupAttributes": [attribute]}):
        assert refusal(client.lookup_events, **bad)[0] == "InvalidNextTokenException"
    others = world.client(OTHER_ACCOUNT, service="cloudtrail")
    assert refusal(others.lookup_events, NextToken=token)[0] == "InvalidNextTokenException"


def test_there_are_no_insights_events(world):
    create(world)
    assert world.client(service="cloudtrail").lookup_events(EventCategory="insight")["Events"] == []


def test_other_operations_of_cloudtrail_are_not_served(world):
    code, text = refusal(world.client(service="cloudtrail").describe_trails)
    assert (code, "DescribeTrails" in text) == ("UnknownOperationException", True)
