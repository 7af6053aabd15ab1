"""What the pages of endpoints show, worked out from the answers of operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from windvane.console.charts.base import Chart
from windvane.console.charts.columns import Column, column_chart
from windvane.console.charts.spread import Measured, spread_chart
from windvane.console.endpoint.configs import VARIANTS, every_variant
from windvane.console.wording import number

Answer = Mapping[str, Any]

OUTCOMES = {
    "Answered": ("OK", "good"),
    "ClientError": ("Rejected (4xx)", "warn"),
    "ModelError": ("Model error", "bad"),
    "TurnedAway": ("Throttled", "bad"),
}
"""Words and tone of an invocation's Outcome."""

_KINDS = (
    ("OK", "series-1"),
    ("Rejected (4xx)", "series-5"),
    ("Model errors", "series-2"),
    ("Throttled", "series-4"),
)
_MEMBERS = ("Answered", "ClientErrors", "ModelErrors", "TurnedAway")

SPANS = {"10": ("PerTenSeconds", 600.0, 10.0), "60": ("PerMinute", 3600.0, 60.0)}
"""Minutes that charts show: the member of the series, how far it reaches and the length of a step in seconds."""


@dataclass(frozen=True)
class Requests:
    """The requests in a stretch of time; latencies in seconds, None if there are none."""

    total: int
    per_second: float
    answered: int
    client_errors: int
    model_errors: int
    turned_away: int
    p50: float | None
    p95: float | None
    p99: float | None

    @property
    def rate(self) -> str:
        """Requests a second, with three digits."""
        return number(float(f"{self.per_second:.3g}"))

    @property
    def errors(self) -> int:
        return self.total - self.answered

    @property
    def error_share(self) -> float | None:
        return self.errors / self.total if self.total else None


@dataclass(frozen=True)
class Serverless:
    """A serverless variant: at most `concurrency` requests at once, `provisioned` processes that stay."""

    memory_mb: int
    concurrency: int
    provisioned: int


@dataclass(frozen=True)
class VariantRow:
    """A production variant as the pages show it.

    share      of the requests that name no variant, as the weights are now
    desired_*  what was asked for; as now when that is done
    instances  None if serverless
    n_up       processes that can be asked; None while nothing is hosted
    requests   of the last five minutes
    bounds     fewest and most instances, if they are counted up and down automatically
    is_shadow  it is sent copies of requests; `share` is of these then
    """

    name: str
    images: tuple[str, ...]
    weight: float
    desired_weight: float
    share: float
    instances: int | None
    desired_instances: int | None
    serverless: Serverless | None
    desired_serverless: Serverless | None
    n_up: int | None
    n_waiting: int
    requests: Requests | None
    bounds: tuple[int, int] | None = None
    is_shadow: bool = False


@dataclass(frozen=True)
class Invocation:
    at: datetime
    variant: str
    outcome: str
    tone: str
    status: int
    seconds: float
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True)
class State:
    """The state of an endpoint, as DescribeEndpoint tells it.

    pending    the configuration that is on its way, if another one is
    """

    name: str
    arn: str
    status: str
    failure_reason: str
    created: datetime
    modified: datetime
    config_name: str
    pending: str

    @property
    def can_change(self) -> bool:
        return self.status == "InService"


@dataclass(frozen=True)
class Shadow:
    """The answers of a shadow variant beside those that were given.

    difference    mean absolute difference where both are numbers, None if they never are;  size    of the answers given, likewise
    pairs         what was given, what the shadow answered, in how many rows, the commonest first
    """

    variant: str
    copied: int
    left_out: int
    failed: int
    not_comparable: int
    rows: int
    same: int
    difference: float | None
    size: float | None
    pairs: tuple[tuple[str, str, int], ...]

    @property
    def agreement(self) -> float | None:
        return self.same / self.rows if self.rows else None


@dataclass(frozen=True)
class Figures:
    """The requests of an endpoint in its last minutes.

    windows    by how long they are, in minutes
    waiting    requests that wait for an instance now
    shadow     None if it has no shadow variant
    """

    since: datetime
    windows: Mapping[int, Requests]
    waiting: int
    last: tuple[Invocation, ...]
    shadow: Shadow | None = None

    @property
    def minute(self) -> Requests:
        return self.windows[1]


@dataclass(frozen=True)
class Charts:
    span: str
    rate: Chart
    latency: Chart


@dataclass(frozen=True)
class LogLine:
    at: datetime
    stream: str
    text: str


def state_of(endpoint: Answer) -> State:
    """Return what DescribeEndpoint says of an endpoint."""
    pending = endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName", "")
    config = endpoint["EndpointConfigName"]
    return State(
        endpoint["EndpointName"],
        endpoint["EndpointArn"],
        endpoint["EndpointStatus"],
        endpoint.get("FailureReason", ""),
        endpoint["CreationTime"],
        endpoint["LastModifiedTime"],
        config,
        pending if pending != config else "",
    )


def variants_of(endpoint: Answer, figures: Answer) -> tuple[VariantRow, ...]:
    """Return the variants from DescribeEndpoint and DescribeEndpointFigures: what runs; before anything does, what is
    to."""
    sent = {one["VariantName"]: one for one in figures["Variants"]}
    pending = endpoint.get("PendingDeploymentSummary", {})
    is_running = bool(every_variant(endpoint))
    told = endpoint if is_running else pending
    answering, shadows = (
        [dict(one) if is_running else _to_come(one) for one in told.get(member, ())]
        for member in VARIANTS
    )
    total = sum(one["CurrentWeight"] for one in answering)
    rows = [_variant(one, sent.get(one["VariantName"]), total) for one in (*answering, *shadows)]
    return tuple(
        replace(row, is_shadow=place >= len(answering), share=min(1.0, row.share))
        for place, row in enumerate(rows)
    )


def _to_come(pending: Answer) -> dict[str, Any]:
    """Return a variant of a deployment on its way in the words of one that runs."""
    return {
        **pending,
        "CurrentWeight": 0.0,
        "CurrentInstanceCount": 0,
        "CurrentServerlessConfig": pending.get("DesiredServerlessConfig"),
    }


def _variant(one: Answer, sent: Answer | None, total_weight: float) -> VariantRow:
    serverless = _serverless(one.get("CurrentServerlessConfig"))
    has_instances = serverless is None
    return VariantRow(
        one["VariantName"],
        tuple(image["SpecifiedImage"] for image in one.get("DeployedImages", ())),
        one["CurrentWeight"],
        one["DesiredWeight"],
        one["CurrentWeight"] / total_weight if total_weight > 0 else 0.0,
        one["CurrentInstanceCount"] if has_instances else None,
        one["DesiredInstanceCount"] if has_instances else None,
        serverless,
        _serverless(one.get("DesiredServerlessConfig")),
        sent["ProcessesUp"] if sent else None,
        sent["RequestsWaiting"] if sent else 0,
        requests_of(sent["Figures"]["LastFiveMinutes"]) if sent else None,
    )


def _serverless(config: Answer | None) -> Serverless | None:
    if not config:
        return None
    provisioned = config.get("ProvisionedConcurrency", 0)
    return Serverless(config["MemorySizeInMB"], config["MaxConcurrency"], provisioned)


def requests_of(told: Answer) -> Requests:
    return Requests(
        told["Requests"],
        told["RequestsPerSecond"],
        *(told[member] for member in _MEMBERS),
        *(told.get(f"Latency{name}") for name in ("P50", "P95", "P99")),
    )


def figures_of(figures: Answer) -> Figures:
    """Return what DescribeEndpointFigures says of the requests."""
    members = {1: "LastMinute", 5: "LastFiveMinutes", 60: "LastHour"}
    return Figures(
        figures["Since"],
        {minutes: requests_of(figures["All"][member]) for minutes, member in members.items()},
        sum(one["RequestsWaiting"] for one in figures["Variants"]),
        tuple(_invocation(one) for one in figures["LastInvocations"]),
        _shadow(figures["Shadow"]) if "Shadow" in figures else None,
    )


def _shadow(told: Answer) -> Shadow:
    return Shadow(
        told["VariantName"],
        told["Copied"],
        told["LeftOut"],
        told["Failed"],
        told["NotComparable"],
        told["Rows"],
        told["SameAnswers"],
        told.get("MeanAbsoluteDifference"),
        told.get("MeanAbsoluteValue"),
        tuple((one["Given"], one["Shadow"], one["Rows"]) for one in told["Differences"]),
    )


def _invocation(one: Answer) -> Invocation:
    words, tone = OUTCOMES[one["Outcome"]]
    return Invocation(
        one["Time"],
        one["VariantName"],
        words,
        tone,
        one["Status"],
        one["Seconds"],
        one["BytesIn"],
        one["BytesOut"],
    )


def charts_of(figures: Answer, span: str) -> Charts:
    """Return the charts of requests and latencies over a span of time.

    span    one of SPANS
    """
    member, span_s, step_s = SPANS[span]
    series: Sequence[Answer] = figures["All"][member]
    newest = _end_of_newest(figures["Time"], step_s)
    begins = [_grid(one["Start"], step_s) - newest for one in series]
    step = "10 s" if step_s < 60 else "minute"
    rate = column_chart(
        f"Requests per {step}",
        _KINDS,
        [
            Column(begin, tuple(one[name] for name in _MEMBERS))
            for begin, one in zip(begins, series, strict=True)
        ],
        span_s=span_s,
        step_s=step_s,
        y_title="requests",
    )
    measured = [
        Measured(begin + step_s, _percentiles(one))
        for begin, one in zip(begins, series, strict=True)
    ]
    return Charts(span, rate, spread_chart(f"Latency per {step}", measured, span_s))


def _end_of_newest(now: datetime, step_s: float) -> float:
    """Charts end where the stretch that is not over yet will: they stand still until the next one begins."""
    return _grid(now, step_s) + step_s


def _grid(moment: datetime, step_s: float) -> float:
    return moment.timestamp() // step_s * step_s


def _percentiles(one: Answer) -> tuple[float, float, float] | None:
    if "LatencyP50" not in one:
        return None
    return one["LatencyP50"], one["LatencyP95"], one["LatencyP99"]


def lines_of(events: Iterable[Answer]) -> tuple[LogLine, ...]:
    """Return the log lines from FilterLogEvents, in its order."""
    return tuple(
        LogLine(
            datetime.fromtimestamp(one["timestamp"] / 1000, UTC),
            one["logStreamName"],
            one["message"],
        )
        for one in events
    )


@dataclass(frozen=True)
class Change:
    """A change of the endpoint, as its history shows it."""

    at: datetime
    text: str


def changes_of(history: Answer) -> tuple[Change, ...]:
    """Read the changes from DescribeEndpointHistory, in its order."""
    return tuple(Change(one["Time"], one["Message"]) for one in history["Changes"])
