"""What a request leaves of itself in a trace."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from windvane.errors import InvalidRequest
from windvane.tracing.context import current_context
from windvane.tracing.span import SpanKind
from windvane.tracing.tracer import Tracer
from windvane.wire.edge import Edge

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACED = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
LIST = {"X-Amz-Target": "SageMaker.ListAutoMLJobs", "Content-Type": "application/x-amz-json-1.1"}
INVOKE = {"path": "/endpoints/e/invocations"}


class Traced:
    """An edge with its handlers, and the spans that it records.

    seen    what the handlers saw of the trace
    """

    def __init__(self, keyring, sample_ratio=0.0, trusted=frozenset({"111122223333"})) -> None:
        self.spans, self.seen, self.error = [], [], None
        self.edge = Edge(
            keyring,
            {("sagemaker", "ListAutoMLJobs"): self.list_jobs},
            {("sagemaker-runtime", "InvokeEndpoint"): self.invoke},
            self.s3,
            lambda: datetime.now(UTC),
            tracer=Tracer(self.spans.append, sample_ratio, trusted),
        )

    def list_jobs(self, call):
        self.seen.append(current_context())
        if self.error is not None:
            raise self.error
        return {"AutoMLJobSummaries": []}

    async def invoke(self, call):
        self.seen.append(current_context())
        return {"Body": b"1"}

    async def s3(self, record, scope, receive, send) -> None:
        record.operation = "GetObject"
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def ask(self, request) -> int:
        """Return the status of the answer."""
        sent = []

        async def receive():
            return {"type": "http.request", "body": request.body}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": request.method,
            "raw_path": request.path.encode(),
            "path": request.path,
            "query_string": request.query.encode(),
            "headers": [(n.encode(), v.encode()) for n, v in request.headers],
        }
        asyncio.run(self.edge(scope, receive, send))
        return sent[0]["status"]


@pytest.fixture
def traced(keyring):
    made = Traced(keyring)
    yield made
    made.edge.close()


def test_a_request_with_a_trace_goes_on_with_it(traced, sign):
    assert traced.ask(sign(headers={**LIST, **TRACED}, body=b"{}")) == 200
    [span], [seen] = traced.spans, traced.seen
    assert (span.context.trace_id, span.parent_id) == (TRACE, PARENT)
    assert seen == span.context
    assert (span.name, span.kind, span.error) == ("sagemaker/ListAutoMLJobs", SpanKind.SERVER, "")
    assert len(span.attributes.pop("aws.request_id")) == 36
    assert span.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/",
        "url.scheme": "http",
        "rpc.system.name": "aws-api",
        "rpc.method": "sagemaker/ListAutoMLJobs",
    }


def test_what_runs_on_the_event_loop_is_part_of_the_trace_too(traced, sign):
    assert traced.ask(sign(headers=TRACED, body=b"1,2", **INVOKE)) == 200
    [span], [seen] = traced.spans, traced.seen
    assert seen == span.context
    assert span.attributes["http.route"] == "/endpoints/{EndpointName}/invocations"


def test_what_a_stranger_says_of_traces_counts_for_nothing(traced, sign):
    request = sign(headers={**LIST, **TRACED}, body=b"{}")
    forged = [(n, v if n != "authorization" else v[:-1] + "x") for n, v in request.headers]
    stranger = type(request)(request.method, request.path, "", tuple(forged), request.body)
    traced.ask(stranger)
    assert (traced.seen, traced.spans) == ([], [])
    traced.ask(sign("GET", "/bucket/key", headers=TRACED, service="s3"))
    assert traced.spans == []


def test_an_account_that_is_not_trusted_gets_no_more_traced_than_the_share(keyring, sign):
    traced = Traced(keyring, trusted=frozenset())
    for headers, given in ((LIST | TRACED, {"body": b"{}"}), (TRACED, {"body": b"1", **INVOKE})):
        assert traced.ask(sign(headers=headers, **given)) == 200
    traced.edge.close()
    assert (traced.spans, traced.seen) == ([], [None, None])


def test_only_what_failed_by_our_fault_is_an_error(traced, sign):
    for error in (InvalidRequest("No."), RuntimeError("secret")):
        traced.error = error
        traced.ask(sign(headers={**LIST, **TRACED}, body=b"{}"))
    refused, failed = traced.spans
    assert (refused.error, refused.attributes["error.type"]) == ("", "ValidationException")
    assert failed.error == failed.attributes["error.type"] == "InternalFailure"
    assert "secret" not in repr(failed)


def test_signatures_in_links_are_in_no_span(keyring, sign):
    traced = Traced(keyring, sample_ratio=1.0)
    request = sign(headers={}, body=b"", presigned=True, **INVOKE)
    traced.ask(request)
    traced.edge.close()
    [span] = traced.spans
    assert "X-Amz-Signature" in request.query
    assert "Signature" not in repr(span)
    assert span.parent_id == ""


def test_nothing_is_traced_that_nobody_asked_to_trace(traced, sign):
    traced.ask(sign(headers=LIST, body=b"{}"))
    untraced = {"traceparent": TRACED["traceparent"][:-1] + "0"}
    traced.ask(sign(headers={**LIST, **untraced}, body=b"{}"))
    assert (traced.spans, traced.seen) == ([], [None, None])
