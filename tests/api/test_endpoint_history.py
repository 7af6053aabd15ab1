"""Our own operation that tells what became of an endpoint."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from api.test_endpoints import in_service as serve
from api.world import ACCOUNT, OTHER_ACCOUNT, REGION, World, build_world, close, variant
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import Credentials
from unit.notes.rewording import reword

from windvane.wire.model import load_service
from windvane.wire.validate import validate

_SHAPE = load_service("windvane").operation("DescribeEndpointHistory").output_shape
UPGRADES = Path(__file__).parents[1] / "upgrades"


def history(world: World, name: str = "e", account: str = ACCOUNT) -> tuple[int, Any]:
    url = f"http://windvane.test/windvane/endpoints/{name}/history"
    request = AWSRequest("GET", url, data=b"")
    SigV4Auth(Credentials(account, "secret"), "sagemaker", REGION).add_auth(request)
    sent = AWSPreparedRequest("GET", url, request.headers, b"", stream_output=False)
    answer = world._send(sent)
    return answer.status_code, json.loads(answer.content)


def in_service(world: World) -> None:
    world.create_model()
    world.create_config("c", ProductionVariants=[variant("A"), variant("B")])
    world.create_config("d")
    world.client().create_endpoint(EndpointName="e", EndpointConfigName="c")
    serve(world)


def test_what_was_asked_of_an_endpoint_is_told_once_and_the_newest_first(world: World) -> None:
    in_service(world)
    world.clock.advance()
    weight = [{"VariantName": "A", "DesiredWeight": 3}]
    client = world.client()
    client.update_endpoint_weights_and_capacities(
        EndpointName="e", DesiredWeightsAndCapacities=weight
    )
    serve(world)
    world.clock.advance()
    client.update_endpoint(EndpointName="e", EndpointConfigName="d")
    status, answer = history(world)
    assert status == 200
    validate(answer, _SHAPE)
    assert answer["EndpointName"] == "e"
    assert [(one["Code"], one["Message"]) for one in answer["Changes"]] == [
        ("endpoint-updating", "Updating to the endpoint configuration d."),
        ("variant-rescaled", "Variant A: weight 1 becomes 3."),
    ]


def test_the_endpoint_of_another_account_has_no_history(world: World) -> None:
    in_service(world)
    status, answer = history(world, account=OTHER_ACCOUNT)
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "ValidationException")


def test_lines_that_an_earlier_version_wrote_are_known(tmp_path: Path) -> None:
    """They had no notes: the database got them when it was brought to this version."""
    kept = UPGRADES / "bodies-2" / "windvane.db.xz"
    world = build_world(tmp_path, lzma.decompress(kept.read_bytes()))
    _, answer = history(world, "broken")
    close(world)
    assert [(one["Code"], one["Message"]) for one in answer["Changes"]] == [
        ("endpoint-is", "The endpoint broken is Failed."),
        ("variant-rescaled", "Variant a: weight 1 becomes 2."),
        ("endpoint-updating", "Update to the endpoint configuration c."),
    ]


def test_it_goes_by_codes_however_they_are_worded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reword(monkeypatch)
    in_service(world)
    world.client().update_endpoint(EndpointName="e", EndpointConfigName="d")
    _, answer = history(world)
    [change] = answer["Changes"]
    assert change["Code"] == "endpoint-updating"
    assert change["Message"].startswith("Worded otherwise")
