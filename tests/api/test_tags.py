"""AddTags, ListTags, DeleteTags."""

from __future__ import annotations

from typing import Any

import pytest
from api.records import job_record, step_record
from api.world import ACCOUNT, OTHER_ACCOUNT, REGION, World, refusal

from windvane.domain.candidate import ProcessingJob, TrainingJob, TransformJob

PREFIX = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


@pytest.fixture
def arns(world: World) -> dict[str, str]:
    """One resource of every kind."""
    now = world.clock()
    world.insert(job_record(now))
    world.insert(*(step_record(kind, now) for kind in (ProcessingJob, TrainingJob, TransformJob)))
    model, config = world.create_model(), world.create_config()
    endpoint = world.client().create_endpoint(EndpointName="e", EndpointConfigName="c")
    return {
        "job": f"{PREFIX}:automl-job/churn",
        "processing": f"{PREFIX}:processing-job/step-1",
        "training": f"{PREFIX}:training-job/step-1",
        "transform": f"{PREFIX}:transform-job/step-1",
        "model": model,
        "config": config,
        "endpoint": endpoint["EndpointArn"],
    }


def test_every_kind_of_resource_takes_tags_and_gives_them_back(
    client: Any, arns: dict[str, str]
) -> None:
    for kind, arn in arns.items():
        answer = client.add_tags(ResourceArn=arn, Tags=tags(kind=kind, empty=""))
        assert answer["Tags"] == tags(empty="", kind=kind)
        client.delete_tags(ResourceArn=arn, TagKeys=["empty", "never-there"])
        assert client.list_tags(ResourceArn=arn, MaxResults=50)["Tags"] == tags(kind=kind)


def test_a_tag_given_again_is_replaced(client: Any, arns: dict[str, str]) -> None:
    client.add_tags(ResourceArn=arns["job"], Tags=tags(a="1", b="2"))
    client.add_tags(ResourceArn=arns["job"], Tags=tags(a="3"))
    assert client.list_tags(ResourceArn=arns["job"])["Tags"] == tags(a="3", b="2")


def test_a_resource_without_tags_has_an_empty_list(client: Any, arns: dict[str, str]) -> None:
    answer = client.list_tags(ResourceArn=arns["model"])
    assert answer["Tags"] == []
    assert "NextToken" not in answer


def test_a_resource_can_have_fifty_tags_and_no_more(client: Any, arns: dict[str, str]) -> None:
    arn = arns["job"]
    client.add_tags(ResourceArn=arn, Tags=tags(**{f"k{n:02}": "v" for n in range(50)}))
    assert refusal(client.add_tags, ResourceArn=arn, Tags=tags(one="more")) == (
        "ValidationException",
        f"A resource can have at most 50 tags; {arn} would have 51.",
    )
    assert len(client.list_tags(ResourceArn=arn)["Tags"]) == 50


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        (
            "automl-job/nope",
            "ValidationException",
            "Amazon SageMaker can't find an AutoML job called nope.",
        ),
        ("model/nope", "ValidationException", 'Could not find model "{arn}".'),
        ("endpoint/nope", "ValidationException", 'Could not find endpoint "{arn}".'),
        (
            "endpoint-config/nope",
            "ValidationException",
            'Could not find endpoint configuration "{arn}".',
        ),
        ("training-job/nope", "ValidationException", 'Could not find training job "{arn}".'),
        (
            "domain/d-1",
            "ValidationException",
            (
                "Resources of the type 'domain' cannot have tags here. Those of these types can: "
                "automl-job, processing-job, training-job, transform-job, model, endpoint-config, "
                "endpoint."
            ),
        ),
        (
            "nonsense",
            "ValidationException",
            "'{arn}' is not an ARN of the form arn:aws:SERVICE:REGION:ACCOUNT:KIND/NAME.",
        ),
    ],
)
def test_a_missing_resource_is_told_in_the_words_of_its_kind(
    client: Any, path: str, code: str, message: str
) -> None:
    arn = f"{PREFIX}:{path}"
    assert refusal(client.list_tags, ResourceArn=arn) == (code, message.format(arn=arn))


def test_tags_of_another_account_and_region_are_out_of_reach(
    world: World, arns: dict[str, str]
) -> None:
    for client in (world.client(OTHER_ACCOUNT), world.client(region="eu-west-1")):
        code, _ = refusal(client.list_tags, ResourceArn=arns["job"])
        assert code == "ValidationException"


def test_a_list_of_tags_has_a_single_page(client: Any, arns: dict[str, str]) -> None:
    assert refusal(client.list_tags, ResourceArn=arns["job"], NextToken="x") == (
        "ValidationException",
        "Invalid NextToken: lists of tags have a single page.",
    )
