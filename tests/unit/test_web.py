"""Which application answers a request, and what every answer says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from windvane.telemetry import Telemetry
from windvane.web import Web, metrics_page

V2 = "AWSAccessKeyId=AKIA1&Signature=a%2Bb%3D&Expires=1700000000"
V4 = "X-Amz-Algorithm=AWS4-HMAC-SHA256"
OWN = (
    *("/v2", "/v2/health/live", "/v2/health/ready"),
    *("/", "/healthz", "/metrics", "/console", "/console/", "/console/a.csv"),
    *("/docs", "/docs/", "/docs/jobs.html"),
)


class NoRecords(Telemetry):
    """Telemetry of a server that has none."""

    def __init__(self) -> None:
        pass

    def exposition(self) -> bytes:
        return b""


def asked(
    path: str, query: str = "", has_metrics: bool = True, *, authorization: str = ""
) -> tuple[str, dict[str, str]]:
    """Who answered, and the headers of the answer."""
    edge = JSONResponse({"by": "aws"}, headers={"x-by": "aws"})
    console = PlainTextResponse("", headers={"x-by": "console"})
    web = Web(edge, console, metrics_page(NoRecords()) if has_metrics else None, list)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return await asyncio.Future()  # who asked stays, and says nothing more

    async def send(message: Any) -> None:
        sent.append(message)

    given = [(b"authorization", authorization.encode())] if authorization else []
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1:8470"), *given],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8470),
    }
    asyncio.run(web(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return headers.get("x-by", "pages"), headers


@pytest.mark.parametrize("path", OWN)
@pytest.mark.parametrize("query", [V2, V4])
def test_a_link_is_aws_traffic_whatever_its_bucket_is_called(path, query):
    """A link of Version 2 into a bucket named `console` or `metrics` was answered by pages of the server."""
    by, headers = asked(path, query)
    assert by == "aws"
    assert headers["content-security-policy"] == "sandbox"


@pytest.mark.parametrize("path", OWN)
@pytest.mark.parametrize("query", ["", "Signature=a", "AWSAccessKeyId=A&Expires=1"])
def test_what_is_no_link_is_answered_by_pages(path, query):
    assert asked(path, query)[0] in ("console", "pages")


@pytest.mark.parametrize("path", [*OWN, "/bucket/key"])
@pytest.mark.parametrize("query", ["", V4])
def test_every_answer_is_of_the_type_that_it_says(path, query):
    assert asked(path, query)[1]["x-content-type-options"] == "nosniff"


def test_metrics_with_an_address_of_their_own_are_not_served_with_the_api():
    assert asked("/metrics")[0] == "pages"
    assert asked("/metrics", has_metrics=False)[0] == "pages"
    assert (
        asked("/metrics", has_metrics=False, authorization="AWS4-HMAC-SHA256 Credential=a")[0]
        == "aws"
    )
    assert asked("/healthz", has_metrics=False)[0] == "pages"


@pytest.mark.parametrize("path", ["/v2", "/v2/health/live", "/v2/health/ready"])
@pytest.mark.parametrize(("authorization", "by"), [("Bearer a", "pages"), ("AWS4 a", "aws")])
def test_probes_may_bring_a_token_and_signed_requests_are_aws_traffic(path, authorization, by):
    assert asked(path, authorization=authorization)[0] == by


@pytest.mark.parametrize("path", ["/v2/models/a", "/v2/models/a/ready", "/v2/models/a/infer"])
def test_what_is_of_models_is_never_answered_by_pages(path):
    assert asked(path)[0] == asked(path, authorization="Bearer a")[0] == "aws"
