"""Which requests are traced: those whose sender says so, and a share of those whose sender says nothing."""

from __future__ import annotations

from windvane.tracing.context import TraceContext, new_span_id, new_trace_id, read_traceparent
from windvane.tracing.span import OpenSpan, Record, open_within

_DIGITS = 16


class Tracer:
    """Begins the spans with which a trace enters this server, or begins.

    record          takes in spans that have ended
    sample_ratio    share of the requests without `traceparent` that are traced, 0 to 1
    """

    def __init__(self, record: Record, sample_ratio: float) -> None:
        self.record = record
        self._bound = round(sample_ratio * 16**_DIGITS)

    def begin(self, traceparent: str = "") -> OpenSpan | None:
        """Begin a span; None if it is not to be recorded.

        A share is chosen by the last digits of the id of its trace, as by every tracer that goes by this rule.

        traceparent    of the request, from a caller that is known; what is not valid counts as none
        source         TraceIdRatioBased and ParentBased, in "Tracing SDK" of the OpenTelemetry specification
        """
        parent = read_traceparent(traceparent) if traceparent else None
        if parent is not None:
            return open_within(parent) if parent.sampled else None
        trace_id = new_trace_id()
        if int(trace_id[-_DIGITS:], 16) >= self._bound:
            return None
        return OpenSpan(TraceContext(trace_id, new_span_id(), True))
