"""CloudWatch Logs, as far as people read them: groups, streams, lines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from windvane.api.answers import present
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.control.logs import named_group
from windvane.domain.logs import LogEvent, LogGroup, LogStream
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("logs")


@OPERATIONS.serves("DescribeLogGroups")
def describe_log_groups(parts: Services, call: Call) -> Result:
    page = parts.logs.groups(scope_of(call), call.parameters)
    days = parts.logs.retention_days
    return {
        "logGroups": [_group(group, days) for group in page.groups],
        **present(nextToken=page.next_token),
    }


@OPERATIONS.serves("DescribeLogStreams")
def describe_log_streams(parts: Services, call: Call) -> Result:
    scope = scope_of(call)
    page = parts.logs.streams(scope, call.parameters)
    group = f"{_arn_root(scope.region, scope.account)}:{named_group(scope, call.parameters)}"
    return {
        "logStreams": [_stream(stream, group) for stream in page.streams],
        **present(nextToken=page.next_token),
    }


@OPERATIONS.serves("GetLogEvents")
def get_log_events(parts: Services, call: Call) -> Result:
    page = parts.logs.lines(scope_of(call), call.parameters)
    return {
        "events": [_line(line) for line in page.lines],
        "nextForwardToken": page.forward,
        "nextBackwardToken": page.backward,
    }


@OPERATIONS.serves("FilterLogEvents")
def filter_log_events(parts: Services, call: Call) -> Result:
    page = parts.logs.filter(scope_of(call), call.parameters)
    return {
        "events": [
            {**_line(line), "logStreamName": line.stream, "eventId": f"{line.id:056d}"}
            for line in page.lines
        ],
        "searchedLogStreams": [],
        **present(nextToken=page.next_token),
    }


def _group(group: LogGroup, retention_days: int) -> dict[str, Any]:
    arn = f"{_arn_root(group.scope.region, group.scope.account)}:{group.name}"
    return {
        "logGroupName": group.name,
        "creationTime": _millis(group.created),
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "logGroupClass": "STANDARD",
        "storedBytes": group.n_bytes,
        **({"retentionInDays": retention_days} if retention_days else {}),
    }


def _stream(stream: LogStream, group_arn: str) -> dict[str, Any]:
    return {
        "logStreamName": stream.name,
        "creationTime": _millis(stream.created),
        "firstEventTimestamp": _millis(stream.first),
        "lastEventTimestamp": _millis(stream.last),
        "lastIngestionTime": _millis(stream.ingested),
        "arn": f"{group_arn}:log-stream:{stream.name}",
        "storedBytes": stream.n_bytes,
    }


def _line(line: LogEvent) -> dict[str, Any]:
    return {
        "timestamp": line.time_ms,
        "message": line.message,
        "ingestionTime": line.ingested_ms,
    }


def _arn_root(region: str, account: str) -> str:
    return f"arn:aws:logs:{region}:{account}:log-group"


def _millis(time: datetime) -> int:
    return int(time.timestamp() * 1000)
