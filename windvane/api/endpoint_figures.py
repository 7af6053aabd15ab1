"""What becomes of an endpoint's requests: an operation of our own, described in wire/data/windvane."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from windvane.api.answers import present
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.serving.comparing import Compared
from windvane.serving.readings import Reading, Readings, read
from windvane.serving.tally import Ended, Outcome
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("windvane")

_MOST_PAIRS = 10
"""Pairs of answers that differ, the commonest ones."""

_OUTCOMES = {
    Outcome.ANSWERED: "Answered",
    Outcome.CLIENT_ERROR: "ClientError",
    Outcome.MODEL_ERROR: "ModelError",
    Outcome.TURNED_AWAY: "TurnedAway",
}


@OPERATIONS.serves("DescribeEndpointFigures")
def describe_endpoint_figures(parts: Services, call: Call) -> Result:
    scope = scope_of(call)
    endpoint = parts.endpoints.describe(scope, call.parameters["EndpointName"])
    snapshot = parts.router.snapshot(scope, endpoint.name)
    variants, compared = snapshot.variants, snapshot.compared
    answering = [one for name, one in variants.items() if not compared or name != compared.variant]
    return {
        "EndpointName": endpoint.name,
        "Time": _moment(snapshot.at),
        "Since": _moment(snapshot.since),
        "All": _figures(read(snapshot, [*answering, *snapshot.gone])),
        "Variants": [
            {
                "VariantName": name,
                "ProcessesUp": sent.n_up,
                "RequestsWaiting": sent.n_waiting,
                "Figures": _figures(read(snapshot, [sent])),
            }
            for name, sent in variants.items()
        ],
        "LastInvocations": [_invocation(one) for one in snapshot.last],
        **present(Shadow=None if compared is None else _shadow(compared)),
    }


def _shadow(compared: Compared) -> dict[str, Any]:
    pairs = compared.pairs.most_common(_MOST_PAIRS)
    n = compared.numbers
    return {
        "VariantName": compared.variant,
        "Copied": compared.copied,
        "LeftOut": compared.left_out,
        "Failed": compared.failed,
        "NotComparable": compared.not_comparable,
        "Rows": compared.rows,
        "SameAnswers": compared.same,
        "Numbers": n,
        **present(
            MeanAbsoluteDifference=compared.difference / n if n else None,
            MeanAbsoluteValue=compared.size / n if n else None,
        ),
        "Differences": [
            {"Given": given, "Shadow": shadows, "Rows": rows} for (given, shadows), rows in pairs
        ],
    }


def _figures(readings: Readings) -> dict[str, Any]:
    return {
        "LastMinute": _requests(readings.windows[1]),
        "LastFiveMinutes": _requests(readings.windows[5]),
        "LastHour": _requests(readings.windows[60]),
        "PerTenSeconds": [_requests(one) for one in readings.ten_seconds],
        "PerMinute": [_requests(one) for one in readings.minutes],
    }


def _requests(reading: Reading) -> dict[str, Any]:
    return {
        "Start": _moment(reading.start),
        "Seconds": reading.seconds,
        "Requests": reading.requests,
        "RequestsPerSecond": reading.per_second,
        "Answered": reading.answered,
        "ClientErrors": reading.client_errors,
        "ModelErrors": reading.model_errors,
        "TurnedAway": reading.turned_away,
        **present(LatencyP50=reading.p50, LatencyP95=reading.p95, LatencyP99=reading.p99),
    }


def _invocation(one: Ended) -> dict[str, Any]:
    return {
        "Time": _moment(one.at),
        "VariantName": one.variant,
        "Outcome": _OUTCOMES[one.outcome],
        "Status": one.status,
        "Seconds": one.seconds,
        "BytesIn": one.bytes_in,
        "BytesOut": one.bytes_out,
    }


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
