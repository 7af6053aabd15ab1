"""What a page of the console leaves of itself in a trace."""

import asyncio
import json

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from windvane.console.page_span import WatchedPage, route_of, span_of_page
from windvane.console.site import ROUTES
from windvane.tracing.context import TraceContext
from windvane.tracing.span import OpenSpan, SpanKind

ANNE = "anne.smith@example.org"


async def page(request):
    return PlainTextResponse("")


def asked(path, method="GET", query=b""):
    return Request(
        {
            "type": "http",
            "method": method,
            "path": path,
            "scheme": "https",
            "query_string": query,
            "headers": [(b"cookie", ANNE.encode())],
        }
    )


def span_of(request, status=200):
    begun = OpenSpan(TraceContext("4" * 32, "5" * 16, True))
    return span_of_page(begun, request, ROUTES, status)


def test_a_span_has_the_route_and_nothing_of_path_query_or_headers():
    span = span_of(asked(f"/console/jobs/{ANNE}", query=f"q={ANNE}".encode()))
    assert (span.name, span.kind, span.error) == (
        "GET /console/jobs/{name}",
        SpanKind.SERVER,
        "",
    )
    assert span.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/console/jobs/{name}",
        "url.scheme": "https",
    }


@pytest.mark.parametrize(
    ("path", "method", "name"),
    [
        (f"/console/nothing/{ANNE}/is/here", "GET", "GET"),
        (f"/console/jobs/{ANNE}", ANNE, "HTTP /console/jobs/{name}"),
    ],
)
def test_what_a_caller_makes_up_is_in_no_span(path, method, name):
    span = span_of(asked(path, method), 404)
    assert span.name == name
    assert ANNE not in json.dumps([span.name, dict(span.attributes)])


def test_only_what_failed_by_our_fault_is_an_error():
    assert span_of(asked("/console/jobs/a"), 404).error == ""
    assert span_of(asked("/console/jobs/a"), 500).error == "500"
    assert "http.response.status_code" not in span_of(asked("/console/jobs/a"), 0).attributes


def test_the_route_that_takes_the_method_goes_before_one_that_does_not():
    routes = [
        Route("/jobs/{name}", page, methods=["GET"]),
        Route("/jobs/new", page, methods=["POST"]),
        Mount("/static", page),
    ]
    assert route_of(asked("/jobs/new", "POST"), routes) == "/jobs/new"
    assert route_of(asked("/jobs/new", "PUT"), routes) == "/jobs/{name}"
    assert route_of(asked("/static/a.css"), routes) == ""


@pytest.mark.parametrize(("media_type", "n_told"), [("text/event-stream", 1), ("text/html", 0)])
def test_a_stream_ends_with_its_head_and_no_end_is_told_twice(media_type, n_told):
    sent, told = [], []

    async def send(message):
        sent.append(message)

    watched = WatchedPage(send, told.append)
    answer = PlainTextResponse("x", 201, media_type=media_type)
    asyncio.run(answer(asked("/").scope, None, watched))
    assert [one["type"] for one in sent] == ["http.response.start", "http.response.body"]
    assert told == [201] * n_told
    watched.end()
    assert told == [201]


def test_an_answer_that_never_came_has_no_status():
    told = []
    WatchedPage(None, told.append).end()
    assert told == [0]
