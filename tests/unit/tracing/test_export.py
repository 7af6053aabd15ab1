import threading

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from windvane.tracing.context import TraceContext
from windvane.tracing.export import SpanExport, otlp_exporter
from windvane.tracing.span import Span, SpanKind

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ROOT = Span(
    "root", SpanKind.SERVER, TraceContext(TRACE, "1" * 16, True), "", 1_000, 3_000, {"a": 1}
)
CHILD = Span(
    "child",
    SpanKind.INTERNAL,
    TraceContext(TRACE, "2" * 16, True),
    "1" * 16,
    1_500,
    2_000,
    {},
    "Oh",
)


def exported(*spans):
    exporter = InMemorySpanExporter()
    export = SpanExport(exporter)
    export.start()
    for span in spans:
        export.record(span)
    export.close()
    return exporter.get_finished_spans()


def test_spans_are_exported_as_they_were_recorded():
    root, child = exported(ROOT, CHILD)
    assert f"{root.context.trace_id:032x}" == f"{child.context.trace_id:032x}" == TRACE
    assert root.parent is None
    assert f"{child.parent.span_id:016x}" == "1" * 16
    assert (root.start_time, root.end_time, dict(root.attributes)) == (1_000, 3_000, {"a": 1})
    assert (root.kind.name, child.kind.name) == ("SERVER", "INTERNAL")
    assert root.status.is_unset
    assert (child.status.is_ok, child.status.description) == (False, "Oh")


def test_every_kind_of_span_can_be_sent():
    spans = exported(*(Span(kind, kind, ROOT.context, "", 1, 2, {}) for kind in SpanKind))
    [scope] = encode_spans(spans).resource_spans[0].scope_spans
    assert [one.name for one in scope.spans] == [str(kind) for kind in SpanKind]
    assert scope.scope.name == "windvane"


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [
        ("OTEL_LOG_LEVEL", "", "windvane"),
        ("OTEL_SERVICE_NAME", "models", "models"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=ours,deployment.environment.name=test", "ours"),
    ],
)
def test_the_service_is_called_as_the_environment_says(monkeypatch, variable, value, name):
    for one in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(one, raising=False)
    monkeypatch.setenv(variable, value)
    [span] = exported(ROOT)
    assert span.resource.attributes["service.name"] == name


def test_what_is_recorded_before_the_start_or_after_the_end_is_dropped():
    exporter = InMemorySpanExporter()
    export = SpanExport(exporter)
    export.record(ROOT)
    export.start()
    export.close()
    export.record(CHILD)
    export.close()
    assert exporter.get_finished_spans() == ()


def test_a_collector_that_hangs_does_not_keep_a_server_from_ending(monkeypatch):
    is_over = threading.Event()

    class Hanging(InMemorySpanExporter):
        def export(self, spans):
            is_over.wait()
            return SpanExportResult.FAILURE

    monkeypatch.setattr("windvane.tracing.export._CLOSE_S", 0.01)
    export = SpanExport(Hanging())
    export.start()
    export.record(ROOT)
    export.close()
    assert not is_over.is_set()
    is_over.set()


def test_the_collector_is_the_one_of_the_settings_or_else_of_the_environment(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://of-environment:4318")
    for endpoint, url in (
        ("https://collector:4318/", "https://collector:4318/v1/traces"),
        ("", "http://of-environment:4318/v1/traces"),
    ):
        assert otlp_exporter(endpoint)._endpoint == url
