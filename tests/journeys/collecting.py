"""Where a server of these journeys sends its traces: what a collector of OpenTelemetry is told."""

import http.server
import threading
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

AT_ONCE = {"OTEL_BSP_SCHEDULE_DELAY": "200"}
"""Environment of a server whose spans are not to be waited for."""


@dataclass(frozen=True)
class Collected:
    """A span as it came; ids are hexadecimal."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict


class Collector:
    """config    the settings of a server that sends its traces here, those of requests with `traceparent`"""

    def __init__(self, port):
        self.config = (
            f'[tracing]\nenabled = true\nendpoint = "http://127.0.0.1:{port}"\nsample_ratio = 0.0\n'
        )
        self._spans, self._more = [], threading.Condition()

    def take(self, body):
        told = ExportTraceServiceRequest.FromString(body)
        spans = [
            Collected(
                span.name,
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent_span_id.hex(),
                {
                    one.key: getattr(one.value, one.value.WhichOneof("value"))
                    for one in span.attributes
                },
            )
            for resource in told.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        with self._more:
            self._spans += spans
            self._more.notify_all()

    def trace(self, trace_id, *names, timeout_s=240):
        """The spans of a trace once there is one of each of these names."""

        def found():
            return [span for span in self._spans if span.trace_id == trace_id]

        with self._more:
            is_whole = self._more.wait_for(
                lambda: {span.name for span in found()} >= set(names), timeout_s
            )
            assert is_whole, f"{names} were awaited; there came {[span.name for span in found()]}"
            return found()


class _Taking(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        assert self.path == "/v1/traces"
        self.server.collector.take(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def collecting():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Taking) as receiver:
        receiver.collector = Collector(receiver.server_port)
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        yield receiver.collector
        receiver.shutdown()
        thread.join()
