import json

import pytest

from windvane.names import Scope
from windvane.serving.model_span import current_trace_header, model_span, trace_header
from windvane.serving.routes import Route, VariantRoute
from windvane.tracing.context import TraceContext, within
from windvane.tracing.span import open_within

REQUEST = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True)
VARIANT = VariantRoute("e/A", "A", 1.0, 1, "primary", ())
ROUTE = Route(Scope("0" * 12, "us-east-1"), "e", (VARIANT,))


def span_of(status=200, told=None):
    span = open_within(REQUEST)
    whole = span.ended("", "", {})
    return whole, model_span(span, ROUTE, VARIANT, status, told or {})


def test_the_process_says_when_it_began_and_ended():
    span = open_within(REQUEST)
    start_ns = span.ended("", "", {}).start_ns
    told = {"times": [start_ns + 1, start_ns + 2]}
    found = model_span(span, ROUTE, VARIANT, 200, json.loads(json.dumps(told)))
    assert (found.start_ns, found.end_ns) == (start_ns + 1, start_ns + 2)
    assert (found.context.trace_id, found.parent_id) == (REQUEST.trace_id, REQUEST.span_id)
    assert found.attributes == {
        "windvane.endpoint": "e",
        "windvane.variant": "A",
        "windvane.model.status_code": 200,
    }


@pytest.mark.parametrize(
    "times",
    [
        None,
        [],
        [1],
        ["1", "2"],
        [1, 2, 3],
        {"a": 1},
        [0, 0],
        [-1, 10**40],
        [10**40, -1],
        [1.5, 2.5],
    ],
)
def test_a_process_cannot_say_that_it_had_a_request_before_it_was_asked_or_after(times):
    whole, found = span_of(told={"times": times, "name": "mine", "attributes": {"a": "b"}})
    assert whole.start_ns <= found.start_ns <= found.end_ns
    assert found.end_ns - whole.end_ns < 10**9
    assert found.name == "model process"
    assert set(found.attributes) == {
        "windvane.endpoint",
        "windvane.variant",
        "windvane.model.status_code",
    }


@pytest.mark.parametrize(("status", "error"), [(200, ""), (400, ""), (500, "The model failed.")])
def test_a_model_that_fails_is_an_error_and_a_bad_request_is_none(status, error):
    assert span_of(status)[1].error == error


def test_headers_say_which_span_it_is():
    assert trace_header(None) == current_trace_header() == {}
    span = open_within(REQUEST)
    assert trace_header(span) == {"traceparent": span.context.header}
    with within(REQUEST):
        assert current_trace_header() == {"traceparent": REQUEST.header}
