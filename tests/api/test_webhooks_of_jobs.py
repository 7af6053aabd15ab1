"""The tag by which a job asks for a webhook of the configuration: what names none is refused, at once and later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from api.records import job_record
from api.world import (
    ACCOUNT,
    OTHER_ACCOUNT,
    REGION,
    World,
    build_world,
    close,
    job_request,
    refusal,
)

from windvane.domain.job import AutoMLJob, JobStatus
from windvane.names import WEBHOOK_TAG

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:automl-job/churn"


def asking(name: str) -> list[dict[str, str]]:
    return [{"Key": WEBHOOK_TAG, "Value": name}]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[World]:
    """The account may ask for two webhooks, the other account for its own alone."""
    names = {ACCOUNT: ("team-chat", "mail"), OTHER_ACCOUNT: ("secret-chat",)}
    built = build_world(tmp_path, webhooks=lambda account: names.get(account, ()))
    yield built
    close(built)


def created(world: World, name: str) -> Any:
    return world.client().create_auto_ml_job(**job_request(Tags=asking(name)))


def test_a_job_that_asks_for_a_webhook_is_accepted(told: World) -> None:
    created(told, "mail")
    assert told.client().list_tags(ResourceArn=ARN)["Tags"] == asking("mail")


@pytest.mark.parametrize(
    "name", ["chat", "", "TEAM-CHAT", "secret-chat", "http://169.254.169.254/"]
)
def test_a_webhook_that_is_not_there_is_refused_with_those_that_are(told: World, name: str) -> None:
    ask = told.client().create_auto_ml_job
    code, message = refusal(ask, **job_request(Tags=asking(name)))
    assert code == "ValidationException"
    assert message == (
        f"The tag windvane:webhook names the webhook '{name}', which is not there. Those that there are for this account: "
        "team-chat, mail."
    )
    with told.store.snapshot() as tx:
        assert tx.count(AutoMLJob, list(JobStatus)) == 0


def test_without_webhooks_the_refusal_says_what_to_do(world: World) -> None:
    ask = world.client().create_auto_ml_job
    _, message = refusal(ask, **job_request(Tags=asking("team-chat")))
    assert "There is none for this account: leave the tag out" in message


def test_a_tag_given_later_is_checked_alike(told: World) -> None:
    created(told, "mail")
    client = told.client()
    code, message = refusal(client.add_tags, ResourceArn=ARN, Tags=asking("secret-chat"))
    assert code == "ValidationException"
    assert "team-chat, mail" in message
    assert client.list_tags(ResourceArn=ARN)["Tags"] == asking("mail")
    client.add_tags(ResourceArn=ARN, Tags=asking("team-chat"))
    assert client.list_tags(ResourceArn=ARN)["Tags"] == asking("team-chat")


def test_a_job_that_has_ended_tells_nobody_of_it_any_more(told: World) -> None:
    job = job_record(told.clock())
    told.insert(replace(job, status=JobStatus.COMPLETED))
    client = told.client()
    _, message = refusal(client.add_tags, ResourceArn=ARN, Tags=asking("mail"))
    assert "the job has ended already (status Completed)" in message
    with told.store.transaction() as tx:
        tx.set_tags(job.arn, {WEBHOOK_TAG: "removed-since"})
    given = [*asking("removed-since"), {"Key": "team", "Value": "a"}]
    assert len(client.add_tags(ResourceArn=ARN, Tags=given)["Tags"]) == 2


def test_tags_that_ask_for_nothing_change_nothing_of_a_job_that_asks(told: World) -> None:
    created(told, "mail")
    client = told.client()
    client.add_tags(ResourceArn=ARN, Tags=[{"Key": "team", "Value": "a"}])
    assert len(client.list_tags(ResourceArn=ARN)["Tags"]) == 2
    client.delete_tags(ResourceArn=ARN, TagKeys=[WEBHOOK_TAG])
    assert client.list_tags(ResourceArn=ARN)["Tags"] == [{"Key": "team", "Value": "a"}]
