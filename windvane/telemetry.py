"""What /metrics tells: requests as they happen, and the state of jobs, tasks and endpoints when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from windvane.domain.candidate import Candidate
from windvane.domain.deployment import Endpoint
from windvane.domain.job import AutoMLJob
from windvane.store.base import Store
from windvane.wire.call import RequestRecord
from windvane.wire.faults import DIALECTS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)

_OTHER = "other"
"""In place of services that are not served: anybody can name any, and each name would be kept for ever."""
_SERVICES = frozenset({*DIALECTS, "signin"})

Gauges = Callable[[], Iterable[tuple[str, float]]]
"""Further gauges, (name, value), asked at each scrape."""


class Telemetry:
    """One registry of one server."""

    def __init__(self, store: Store, clock: Callable[[], datetime], gauges: Gauges) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "windvane_requests",
            "Requests answered",
            ("service", "operation", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "windvane_request_seconds",
            "Seconds from the last byte of the request to the answer",
            ("service", "operation"),
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._registry.register(_State(store, clock, gauges))
        self._of_kind: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def on_request(self, record: RequestRecord) -> None:
        service = record.service if record.service in _SERVICES else _OTHER
        kind = (service, record.operation, record.status)
        if (found := self._of_kind.get(kind)) is None:
            found = self._of_kind[kind] = (
                self._requests.labels(service, record.operation, str(record.status)),
                self._seconds.labels(service, record.operation),
            )
        count, times = found
        count.inc()
        times.observe(record.seconds)

    def exposition(self) -> bytes:
        """Return the text that Prometheus scrapes."""
        return generate_latest(self._registry)


class _State(Collector):
    """Reads the store at each scrape, so the figures survive restarts and never drift."""

    def __init__(self, store: Store, clock: Callable[[], datetime], gauges: Gauges) -> None:
        self._store, self._clock, self._gauges = store, clock, gauges

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._store.snapshot() as tx:
            jobs = tx.counts_by_status(AutoMLJob)
            candidates = tx.counts_by_status(Candidate)
            endpoints = tx.counts_by_status(Endpoint)
            ages = tx.open_task_ages(self._clock())
        yield _by_label("windvane_jobs", "AutoML jobs", "status", jobs)
        yield _by_label("windvane_candidates", "Candidates", "status", candidates)
        yield _by_label("windvane_endpoints", "Endpoints", "status", endpoints)
        oldest = {kind: max(seconds) for kind, seconds in ages.items() if seconds}
        yield _by_label(
            "windvane_oldest_task_seconds", "Age of the oldest open task", "kind", oldest
        )
        waiting = {kind: float(len(seconds)) for kind, seconds in ages.items()}
        yield _by_label("windvane_open_tasks", "Tasks ready or running", "kind", waiting)
        for name, value in self._gauges():
            yield GaugeMetricFamily(f"windvane_{name}", name.replace("_", " "), value=value)


def _by_label(
    name: str, text: str, label: str, values: dict[str, float] | dict[str, int]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for key, value in sorted(values.items()):
        family.add_metric((key,), float(value))
    return family
