"""The audit log on a page: what LookupEvents answers, and what it is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api.accounts import ACCOUNT, ROOT, Accounts, allow, keys_of
from unit.console.test_site_permissions import Desk

from windvane.errors import InvalidRequest, Throttled

HOSTILE = "<script>alert(1)</script>"
PAGE = "/console/audit"


ANN = {"type": "IAMUser", "userName": "ann", "accessKeyId": "AKIAANN"}


def session(of: str, name: str, key: str) -> dict[str, str]:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{of}/{name}"
    return {"type": "AssumedRole", "arn": arn, "accessKeyId": key}


class Trail:
    """Answers LookupEvents, and keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {"Events": []}
        self.error: Exception | None = None

    async def look_up(self, call: Any) -> dict[str, Any]:
        self.asked.append(dict(call.parameters))
        if self.error is not None:
            raise self.error
        return self.answer


@pytest.fixture
def trail() -> Trail:
    return Trail()


@pytest.fixture
def desk(tmp_path: Path, trail: Trail) -> Iterator[Desk]:
    accounts = Accounts(tmp_path)
    made = Desk(accounts)
    made.inside._async_operations["cloudtrail", "LookupEvents"] = trail.look_up  # type: ignore[index]
    yield made
    accounts.close()


def event(name: str, **whole: Any) -> dict[str, Any]:
    return {
        "EventId": "e",
        "EventName": name,
        "ReadOnly": "false",
        "EventTime": datetime(2026, 11, 1, 9, 30, tzinfo=UTC),
        "EventSource": "sagemaker.amazonaws.com",
        "Username": "ann",
        "AccessKeyId": "AKIAANN",
        "Resources": [{"ResourceType": "t", "ResourceName": f"arn:{n}"} for n in range(5)],
        "CloudTrailEvent": json.dumps(
            {"userIdentity": ANN, "sourceIPAddress": "192.0.2.7", **whole}
        ),
    }


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_an_event_says_who_did_what_to_what_from_where_and_how_it_ended(
    desk: Desk, trail: Trail
) -> None:
    done, denied = event("CreateModel", x=HOSTILE), event("DeleteModel", errorCode="AccessDenied")
    failed = event("DeleteUser", errorCode="DeleteConflict")
    trail.answer = {"Events": [done, denied, failed]}
    page = desk.browser(keys_of(ROOT)).get(PAGE)
    told = words(page.text)
    assert "ann CreateModel sagemaker , whole event Done arn:0 and 4 more 192.0.2.7" in told
    assert "DeleteModel sagemaker , whole event Refused AccessDenied" in told
    assert "DeleteUser sagemaker , whole event Failed DeleteConflict" in told
    assert HOSTILE not in page.text
    assert trail.asked == [{"MaxResults": 50}]
    assert "Older events" not in told


def test_nobody_is_taken_for_somebody_else_by_the_name_of_a_session(
    desk: Desk, trail: Trail
) -> None:
    trail.answer = {
        "Events": [
            event("A", userIdentity=session("windvane", "AKIAROOT", "AKIAROOT")),
            event("B", userIdentity=session("jobs", "ann", "ASIA1")),
            event("C", userIdentity=session("windvane", "root", "ASIA2")),
            event("D", userIdentity={"type": "Unknown", "accessKeyId": HOSTILE}),
            event("E", userIdentity={"type": "Root", "accessKeyId": "AKIA3"}),
        ]
    }
    page = desk.browser(keys_of(ROOT)).get(PAGE).text
    told = words(page)
    assert "root key A sagemaker" in told
    assert "jobs role, session ann B sagemaker" in told
    assert "windvane role, session root C sagemaker" in told
    assert "not verified, key &lt;script&gt;" in told
    assert "root key E sagemaker" in told
    assert HOSTILE not in page


def test_who_acted_leads_to_all_that_the_same_user_did(desk: Desk, trail: Trail) -> None:
    trail.answer = {"Events": [event("CreateModel")]}
    browser = desk.browser(keys_of(ROOT))
    link = re.search(r'<a href="([^"]+)"[^>]*>ann</a>', browser.get(PAGE).text)
    assert link is not None
    browser.get(link[1].replace("&amp;", "&"))
    assert trail.asked[-1]["LookupAttributes"] == [
        {"AttributeKey": "Username", "AttributeValue": "ann"}
    ]


def test_filters_and_pages_are_those_of_lookup_events(desk: Desk, trail: Trail) -> None:
    trail.answer = {"Events": [event("CreateModel")], "NextToken": "next&token"}
    browser = desk.browser(keys_of(ROOT))
    filters = "attribute=EventName&value=CreateModel&since=2026-11-01T09%3A00&until=2026-11-02"
    page = browser.get(f"{PAGE}?{filters}").text
    assert trail.asked[-1] == {
        "MaxResults": 50,
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateModel"}],
        "StartTime": datetime(2026, 11, 1, 9, tzinfo=UTC),
        "EndTime": datetime(2026, 11, 2, 23, 59, 59, tzinfo=UTC),
    }
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following is not None
    second = browser.get(following[1].replace("&amp;", "&")).text
    assert trail.asked[-1]["NextToken"] == "next&token"
    assert trail.asked[-1]["LookupAttributes"]
    assert "Newest events" in second


def test_a_page_without_events_offers_to_search_on(desk: Desk, trail: Trail) -> None:
    trail.answer = {"Events": [], "NextToken": "t"}
    told = words(desk.browser(keys_of(ROOT)).get(PAGE).text)
    assert "There are older events that have not been searched yet." in told
    trail.answer = {"Events": []}
    assert "No event of the last 90 days matches." in words(
        desk.browser(keys_of(ROOT)).get(PAGE).text
    )


@pytest.mark.parametrize(
    ("query", "error", "status", "told"),
    [
        ("since=yesterday", None, 400, "“yesterday” is not a time."),
        ("attribute=Color&value=red", None, 400, "Choose what to look for."),
        ("token=forged", InvalidRequest("The NextToken is not one."), 400, "The NextToken is not"),
        ("", Throttled("Rate exceeded."), 429, "Rate exceeded."),
    ],
)
def test_what_cannot_be_asked_is_told_on_the_page(
    desk: Desk, trail: Trail, query: str, error: Exception | None, status: int, told: str
) -> None:
    trail.error = error
    answer = desk.browser(keys_of(ROOT)).get(f"{PAGE}?{query}")
    assert (answer.status, told in words(answer.text)) == (status, True)


def test_whoever_may_not_look_is_told_why(desk: Desk) -> None:
    answer = desk.browser(desk.accounts.user("ann", allow("sagemaker:*"))).get(PAGE)
    assert (answer.status, "cloudtrail:LookupEvents" in answer.text) == (403, True)
