from windvane.tracing.context import TraceContext, within
from windvane.tracing.span import SpanKind, open_here, open_within

PARENT = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True)


def test_a_span_is_part_of_the_one_it_is_opened_within():
    span = open_within(PARENT).ended("work", SpanKind.INTERNAL, {"n": 1})
    assert (span.context.trace_id, span.parent_id) == (PARENT.trace_id, PARENT.span_id)
    assert span.context.span_id != PARENT.span_id
    assert span.start_ns <= span.end_ns
    assert (span.name, span.attributes, span.error) == ("work", {"n": 1}, "")


def test_outside_of_a_span_none_is_opened():
    assert open_here() is None
    with within(PARENT):
        found = open_here()
    assert found is not None
    assert found.context.trace_id == PARENT.trace_id


def test_a_clock_that_is_set_back_makes_no_span_end_before_it_began(monkeypatch):
    span = open_within(PARENT)
    monkeypatch.setattr("time.time_ns", lambda: 0)
    ended = span.ended("work", SpanKind.INTERNAL, {})
    assert 0 < ended.start_ns <= ended.end_ns
