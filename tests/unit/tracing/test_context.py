import pytest

from windvane.tracing.context import (
    TraceContext,
    current_context,
    new_span_id,
    new_trace_id,
    read_traceparent,
    within,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.mark.parametrize("sampled", [True, False])
def test_a_header_reads_back_as_it_was_written(sampled: bool) -> None:
    context = TraceContext(TRACE, SPAN, sampled)
    assert read_traceparent(context.header) == context


@pytest.mark.parametrize("flags", ["03", "ff"])
def test_other_flags_do_not_hide_that_a_trace_is_sampled(flags: str) -> None:
    context = read_traceparent(f"00-{TRACE}-{SPAN}-{flags}")
    assert context is not None
    assert context.sampled


@pytest.mark.parametrize("more", ["", "-", "-what-comes"])
def test_a_later_version_is_read_as_far_as_it_is_known(more: str) -> None:
    assert read_traceparent(f"01-{TRACE}-{SPAN}-01{more}") == TraceContext(TRACE, SPAN, True)


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"01-{TRACE}-{SPAN}-01more",
        f"01-{TRACE}-{SPAN}-01-" + "x" * 512,
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_a_header_that_is_not_valid_is_ignored(header: str) -> None:
    assert read_traceparent(header) is None


def test_new_ids_make_a_valid_header() -> None:
    context = TraceContext(new_trace_id(), new_span_id(), True)
    assert read_traceparent(context.header) == context
    assert new_trace_id() != context.trace_id


def test_what_is_done_within_a_span_belongs_to_it_and_nothing_else_does() -> None:
    outer, inner = TraceContext(TRACE, SPAN, True), TraceContext(TRACE, "1" * 16, True)
    with within(outer):
        with within(inner):
            assert current_context() == inner
        assert current_context() == outer
    assert current_context() is None
