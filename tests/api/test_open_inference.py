"""The Open Inference Protocol, asked by its public client over HTTP: the real edge and real model processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from api.hosted_models import HostedModels, signed
from api.world import ACCOUNT, OTHER_ACCOUNT, REGION, Keys
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from open_inference.openapi.client import OpenInferenceClient
from open_inference.openapi.errors import BadRequestError, NotFoundError
from open_inference.openapi.types import InferenceRequest, RequestInput, RequestOutput
from unit.engine.explain.made_up import COLOUR

from windvane.api.endpoint_explanations import explanation_operations
from windvane.api.runtime import runtime_operations
from windvane.cli.token import bearer_token
from windvane.errors import AccessDenied
from windvane.serving.explaining import Explaining
from windvane.wire.call import Call, RequestRecord
from windvane.wire.edge import Edge
from windvane.wire.rates import AccountRates

INFER = "/v2/models/live/infer"
ROWS = [["0.5", "red"], ["-1.0", "blue"]]


def token(account: str = ACCOUNT, secret: str = "secret", endpoint: str = "") -> str:
    return bearer_token(ReadOnlyCredentials(account, secret, None), REGION, 60, endpoint)


@pytest.fixture(scope="module")
def client(live: HostedModels) -> Iterator[OpenInferenceClient]:
    headers = {"authorization": f"Bearer {token()}"}
    with live.listening() as url, httpx.Client(headers=headers) as http:
        yield OpenInferenceClient(base_url=url, httpx_client=http)


def question(**members: Any) -> InferenceRequest:
    numbers, colours = [float(row[0]) for row in ROWS], [row[1] for row in ROWS]
    inputs = [
        RequestInput(name="b", datatype="FP64", shape=[2], data=numbers),
        RequestInput(name=COLOUR, datatype="BYTES", shape=[2, 1], data=colours),
    ]
    return InferenceRequest(**({"inputs": inputs} | members))


def by_name(answer: Any) -> dict[str, Any]:
    return {one.name: one.data.__root__ for one in answer.outputs}


def asking(
    path: str = INFER, body: bytes | None = None, bearer: str | None = None, **headers: str
) -> AWSRequest:
    """A request with a token, its own if none is given; "" for none."""
    given = token() if bearer is None else bearer
    sent = headers | ({"authorization": f"Bearer {given}"} if given else {})
    is_infer = path.endswith("/infer")
    data = question().json().encode() if is_infer and body is None else body
    url = f"http://windvane.test{path}"
    return AWSRequest("POST" if is_infer else "GET", url, sent, data)


def invoked(live: HostedModels, variant: str) -> Any:
    """What InvokeEndpoint answers to the same rows."""
    rows = [{"b": number, COLOUR: colour} for number, colour in ROWS]
    request = signed("POST", "/endpoints/live/invocations", json.dumps(rows).encode())
    request.headers["accept"] = "application/json"
    request.headers["x-amzn-sagemaker-target-variant"] = variant
    ((status, answer),) = live.sent(request)
    assert status == 200
    return answer["predictions"]


def test_metadata_say_what_the_model_takes_and_gives(client: OpenInferenceClient) -> None:
    told = client.read_model_metadata("live")
    assert (told.name, told.versions, told.platform) == ("live", ["Trees"], "windvane")
    assert {one.name: one.datatype for one in told.inputs or ()} | {
        "b": "FP64",
        COLOUR: "BYTES",
    } == {one.name: one.datatype for one in told.inputs or ()}
    shapes = {one.name: one.shape for one in told.outputs or ()}
    assert shapes["probabilities"] == [-1, 2]
    assert client.read_model_version_metadata("live", "Values").versions == ["Values"]


def test_models_that_answer_are_ready(client: OpenInferenceClient) -> None:
    client.check_model_readiness("live")
    client.check_model_version_readiness("live", "Values")
    for missing in ("none", "no/ne"):
        with pytest.raises(NotFoundError):
            client.check_model_readiness(missing)


def test_classes_are_those_of_invoke_endpoint(
    client: OpenInferenceClient, live: HostedModels
) -> None:
    answer = client.model_version_infer("live", "Trees", request=question(id="mine"))
    assert (answer.model_name, answer.model_version, answer.id) == ("live", "Trees", "mine")
    found, wanted = by_name(answer), invoked(live, "Trees")
    assert found["predicted_label"] == [row["predicted_label"] for row in wanted]
    assert found["probability"] == [row["probability"] for row in wanted]
    assert found["labels"] == ["no", "$yes$"]
    for row, label in enumerate(found["predicted_label"]):
        place = 2 * row + found["labels"].index(label)
        assert found["probabilities"][place] == found["probability"][row]


def test_values_are_those_of_invoke_endpoint(
    client: OpenInferenceClient, live: HostedModels
) -> None:
    answer = client.model_version_infer("live", "Values", request=question())
    wanted = [row["score"] for row in invoked(live, "Values")]
    assert by_name(answer) == {"predicted_value": wanted}


def test_outputs_may_be_chosen(client: OpenInferenceClient) -> None:
    wanted = [RequestOutput(name="labels"), RequestOutput(name="predicted_label")]
    answer = client.model_version_infer("live", "Trees", request=question(outputs=wanted))
    assert list(by_name(answer)) == ["labels", "predicted_label"]


def test_a_request_that_the_model_refuses_is_told_in_its_words(client: OpenInferenceClient) -> None:
    wrong = [RequestInput(name="b", datatype="FP64", shape=[2], data=[1.0])]
    with pytest.raises(BadRequestError) as error:
        client.model_infer("live", request=question(inputs=wrong))
    assert error.value.body == {"error": "Input 'b' has 1 values; its shape [2] says 2."}


def test_cells_that_cannot_be_read_are_named_by_row_and_column(live: HostedModels) -> None:
    told = {"name": "b", "datatype": "BYTES", "shape": [2], "data": ["1", "much"]}
    ((status, answer),) = live.sent(asking(body=json.dumps({"inputs": [told]}).encode()))
    assert status == 400
    assert "ow 2, column 'b'" in answer["error"]


@pytest.mark.parametrize("path", [INFER, "/v2/models/live", "/v2/models/live/ready", "/v2/x"])
@pytest.mark.parametrize(
    "bearer",
    ["", "x", "windvane-x", token(secret="guessed"), token()[:-4]],
    ids=["none", "another", "no token", "wrong secret", "cut off"],
)
def test_nothing_is_answered_without_a_good_token(
    live: HostedModels, path: str, bearer: str
) -> None:
    ((status, answer),) = live.sent(asking(path, bearer=bearer))
    assert (status, list(answer)) == (401, ["error"])


def test_a_token_reaches_its_accounts_endpoints_alone(live: HostedModels) -> None:
    of_other = token(OTHER_ACCOUNT)
    answers = live.sent(asking(bearer=of_other), asking("/v2/models/live", bearer=of_other))
    assert [status for status, _ in answers] == [404, 404]
    assert answers[0][1]["error"] == f"Endpoint live of account {OTHER_ACCOUNT} not found."


def test_a_token_for_one_endpoint_reaches_no_other(live: HostedModels) -> None:
    answers = live.sent(
        asking(bearer=token(endpoint="live")), asking(bearer=token(endpoint="other"))
    )
    assert [status for status, _ in answers] == [200, 403]


def test_a_token_opens_nothing_but_the_protocol(live: HostedModels) -> None:
    bearer = f"Bearer {token()}"
    others = [
        AWSRequest("POST", f"http://windvane.test{path}", {"authorization": bearer}, b"{}")
        for path in ("/endpoints/live/invocations", "/windvane/endpoints/live/explanations")
    ]
    others.append(
        AWSRequest(
            "GET",
            "http://windvane.test/windvane/endpoints/live/schema",
            {"authorization": bearer},
        )
    )
    for status, answer in live.sent(*others):
        assert status in (400, 403)
        assert "IncompleteSignature" in answer["__type"]


def test_signed_requests_need_no_token(live: HostedModels) -> None:
    body = question().json().encode()
    answers = live.sent(signed("POST", INFER, body), signed("GET", "/v2/models/live"))
    assert [status for status, _ in answers] == [200, 200]


def test_paths_that_are_not_served_are_not_found(live: HostedModels) -> None:
    ((status, answer),) = live.sent(asking("/v2/models"))
    assert status == 404
    assert answer["error"].startswith("GET /v2/models is none of the Open Inference Protocol")


def test_a_body_is_as_large_as_one_of_invoke_endpoint(live: HostedModels) -> None:
    ((status, answer),) = live.sent(asking(body=b" " * 6_291_457))
    assert status == 413
    assert "6291456" in answer["error"]


class _Watching:
    """An edge around the same models that says what it is asked, and allows what it is told to."""

    def __init__(self, live: HostedModels, *denied: str, per_s: int = 0) -> None:
        self.records: list[RequestRecord] = []
        self.permitted: list[Call] = []
        self._denied = denied
        asynchronous = {
            **runtime_operations(live.router),
            **explanation_operations(live.router, Explaining(live.router, {})),
        }
        self.edge = Edge(
            Keys(), {}, asynchronous, None, lambda: datetime.now(UTC),
            rates=AccountRates(per_s), on_request=self.records.append, permit=self._permit,
        )  # fmt: skip

    def _permit(self, call: Call, _: RequestRecord) -> None:
        self.permitted.append(call)
        if call.operation in self._denied:
            raise AccessDenied("no")


def test_policies_are_asked_and_records_kept_as_of_invoke_endpoint(live: HostedModels) -> None:
    watching = _Watching(live)
    live.sent(asking(), asking("/v2/models/live"), edge=watching.edge)
    watching.edge.close()
    assert [(call.operation, call.parameters["EndpointName"]) for call in watching.permitted] == [
        ("InvokeEndpoint", "live"), ("DescribeEndpointSchema", "live"),
    ]  # fmt: skip
    kept = sorted((one.service, one.operation, one.status) for one in watching.records)
    assert kept == [
        ("sagemaker-runtime", "InvokeEndpoint", 200), ("windvane", "DescribeEndpointSchema", 200),
    ]  # fmt: skip
    assert {one.access_key for one in watching.records} == {ACCOUNT}


def test_what_policies_deny_is_forbidden(live: HostedModels) -> None:
    watching = _Watching(live, "InvokeEndpoint")
    answers = live.sent(asking(), asking("/v2/models/live/ready"), edge=watching.edge)
    watching.edge.close()
    assert [status for status, _ in answers] == [403, 200]


def test_the_rate_of_an_account_counts_these_requests_too(live: HostedModels) -> None:
    watching = _Watching(live, per_s=1)
    answers = live.sent(*[asking() for _ in range(4)], edge=watching.edge)
    watching.edge.close()
    assert max(status for status, _ in answers) == 429


def test_invocations_are_counted_and_questions_are_not(live: HostedModels) -> None:
    before = live.router.figures.answered
    live.sent(asking(), asking("/v2/models/live"), asking("/v2/models/live/ready"))
    assert live.router.figures.answered == before + 1
