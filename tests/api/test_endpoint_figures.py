"""Our own operation that tells what becomes of an endpoint's requests, over the real edge and real model processes."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from api import world as worlds
from api.hosted import Service
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from windvane.wire.model import load_service
from windvane.wire.validate import validate

_SHAPE = load_service("windvane").operation("DescribeEndpointFigures").output_shape


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    built = Service(tmp_path_factory.mktemp("figures"))
    yield built
    built.close()


@pytest.fixture(scope="module")
def told(service):
    """Status and answer, after traffic of every kind."""
    client = service.client()
    for _ in range(8):
        client.invoke_endpoint(EndpointName="live", Body=b"1,2\n")
    client.invoke_endpoint(EndpointName="live", Body=b"1,2\n", TargetVariant="B")
    for more in ({"Accept": "image/png"}, {"Body": b"fail,2"}, {"EndpointName": "none"}):
        with pytest.raises(ClientError):
            client.invoke_endpoint(
                **{"EndpointName": "live", "TargetVariant": "A", "Body": b"1,2"} | more
            )
    return figures(service.send)


def signed(name, account=worlds.ACCOUNT):
    url = f"http://windvane.test/windvane/endpoints/{name}/figures"
    request = AWSRequest("GET", url, data=b"")
    SigV4Auth(Credentials(account, "secret"), "sagemaker", worlds.REGION).add_auth(request)
    return AWSPreparedRequest("GET", url, request.headers, b"", stream_output=False)


def figures(send, name="live", account=worlds.ACCOUNT):
    answer = send(signed(name, account))
    return answer.status_code, json.loads(answer.content)


def counts(requests):
    kinds = ("Requests", "Answered", "ClientErrors", "ModelErrors", "TurnedAway")
    return [requests[kind] for kind in kinds]


@pytest.mark.slow
def test_the_answer_is_as_its_model_says(told):
    status, answer = told
    assert status == 200
    validate(answer, _SHAPE)
    assert answer["EndpointName"] == "live"
    assert 0 <= answer["Time"] - answer["Since"] < 300


def test_requests_are_counted_by_what_became_of_them_in_all_and_by_variant(told):
    _, answer = told
    a, b = answer["Variants"]
    assert counts(answer["All"]["LastHour"]) == [11, 9, 1, 1, 0]
    assert (a["VariantName"], counts(a["Figures"]["LastHour"])) == ("A", [6, 4, 1, 1, 0])
    assert (b["VariantName"], counts(b["Figures"]["LastHour"])) == ("B", [5, 5, 0, 0, 0])
    assert (a["ProcessesUp"], a["RequestsWaiting"]) == (1, 0)


def test_latencies_are_in_order_and_in_seconds(told):
    hour = told[1]["All"]["LastHour"]
    assert 0 < hour["LatencyP50"] <= hour["LatencyP95"] <= hour["LatencyP99"] < 60
    assert hour["RequestsPerSecond"] == pytest.approx(11 / hour["Seconds"])


def test_the_series_add_up_to_the_hour(told):
    for one in (told[1]["All"], *(variant["Figures"] for variant in told[1]["Variants"])):
        for series in ("PerTenSeconds", "PerMinute"):
            assert sum(point["Requests"] for point in one[series]) == one["LastHour"]["Requests"]
            starts = [point["Start"] for point in one[series]]
            assert starts == sorted(starts)


def test_the_last_invocations_are_told_without_what_they_said(told):
    last = told[1]["LastInvocations"]
    assert len(last) == 11
    newest, before = last[:2]
    assert (newest["Outcome"], newest["Status"], newest["VariantName"]) == ("ModelError", 500, "A")
    assert (before["Outcome"], before["Status"], before["BytesOut"]) == ("ClientError", 406, 0)
    assert [one["Time"] for one in last] == sorted((one["Time"] for one in last), reverse=True)
    eldest = last[-1]
    assert eldest["Outcome"] == "Answered"
    assert (eldest["Status"], eldest["BytesIn"], eldest["BytesOut"]) == (200, 4, 4)
    assert set(eldest) == {
        "Time",
        "VariantName",
        "Outcome",
        "Status",
        "Seconds",
        "BytesIn",
        "BytesOut",
    }


def test_an_endpoint_that_there_is_not_has_no_figures(service):
    status, answer = figures(service.send, "none")
    arn = f"arn:aws:sagemaker:{worlds.REGION}:{worlds.ACCOUNT}:endpoint/none"
    assert (status, answer["__type"]) == (400, "ValidationException")
    assert answer["message"] == f'Could not find endpoint "{arn}".'


def test_another_accounts_endpoint_is_not_there(service):
    assert figures(service.send, account=worlds.OTHER_ACCOUNT)[0] == 400


def test_an_endpoint_that_is_not_hosted_yet_has_nothing_to_tell(world):
    world.create_model()
    world.create_config()
    world.client().create_endpoint(EndpointName="e", EndpointConfigName="c")
    status, _, body = asyncio.run(worlds._call(world.edge, signed("e")))
    answer = json.loads(body)
    assert (status, answer["Variants"], answer["LastInvocations"]) == (200, [], [])
    assert counts(answer["All"]["LastHour"]) == [0, 0, 0, 0, 0]
    assert "LatencyP50" not in answer["All"]["LastHour"]
    assert answer["Since"] == pytest.approx(datetime.now(UTC).timestamp(), abs=60)
