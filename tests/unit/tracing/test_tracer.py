from windvane.tracing.context import TraceContext
from windvane.tracing.span import SpanKind, unrecorded
from windvane.tracing.tracer import Tracer

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = TraceContext(TRACE, "00f067aa0ba902b7", True)


def parent_of(span):
    return span.ended("work", SpanKind.SERVER, {}).parent_id


def test_a_traced_request_goes_on_with_its_trace_whatever_the_share():
    span = Tracer(unrecorded, 0.0).begin(PARENT.header)
    assert span.context.trace_id == TRACE
    assert parent_of(span) == PARENT.span_id


def test_a_trusted_account_decides_what_of_its_own_is_traced():
    tracer = Tracer(unrecorded, 0.0, {"1" * 12})
    span = tracer.begin(PARENT.header)
    assert tracer.kept(span, "1" * 12) is span
    assert tracer.kept(span, "2" * 12) is None
    assert tracer.kept(None, "1" * 12) is None


def test_of_what_others_ask_to_have_traced_the_share_is_whatever_trace_they_name():
    tracer = Tracer(unrecorded, 0.25)
    cheap = TraceContext("0" * 31 + "1", PARENT.span_id, True).header
    spans = [tracer.begin(cheap) for _ in range(2000)]
    kept = [span for span in spans if tracer.kept(span, "2" * 12) is not None]
    assert 380 < len(kept) < 620  # 6 standard deviations
    assert all(tracer.kept(span, "2" * 12) is span for span in kept)


def test_what_was_chosen_without_a_traceparent_stays_so_whoever_calls():
    tracer = Tracer(unrecorded, 0.25)
    spans = [span for span in (tracer.begin() for _ in range(200)) if span is not None]
    assert spans
    assert [tracer.kept(span, "2" * 12) for span in spans] == spans


def test_a_request_whose_sender_records_nothing_is_not_traced():
    untraced = TraceContext(TRACE, PARENT.span_id, False)
    assert Tracer(unrecorded, 1.0).begin(untraced.header) is None


def test_a_header_that_is_not_valid_counts_as_none():
    span = Tracer(unrecorded, 1.0).begin("00-nonsense")
    assert span.context.trace_id != TRACE
    assert parent_of(span) == ""
    assert Tracer(unrecorded, 0.0).begin("00-nonsense") is None


def test_the_share_of_traced_requests_is_about_what_was_asked_for():
    tracer = Tracer(unrecorded, 0.25)
    n_traced = sum(tracer.begin() is not None for _ in range(2000))
    assert 380 < n_traced < 620  # 6 standard deviations


def test_the_share_is_chosen_by_the_id_of_the_trace_as_by_other_tracers(monkeypatch):
    tracer = Tracer(unrecorded, 0.5)
    for digits, is_traced in (("7" + "f" * 15, True), ("8" + "0" * 15, False)):
        monkeypatch.setattr("windvane.tracing.tracer.new_trace_id", lambda d=digits: "f" * 16 + d)
        assert (tracer.begin() is not None) == is_traced
