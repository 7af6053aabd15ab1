"""What became of an endpoint: an operation of our own, described in wire/data/windvane."""

from __future__ import annotations

from datetime import UTC, datetime

from windvane.api.operation import OperationTable, Services, scope_of
from windvane.control.logs import Change
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("windvane")


@OPERATIONS.serves("DescribeEndpointHistory")
def describe_endpoint_history(parts: Services, call: Call) -> Result:
    endpoint = parts.endpoints.describe(scope_of(call), call.parameters["EndpointName"])
    changes = parts.logs.history(endpoint)
    return {"EndpointName": endpoint.name, "Changes": [_change(one) for one in changes]}


def _change(change: Change) -> dict[str, object]:
    return {
        "Time": datetime.fromtimestamp(change.time_ms / 1000, UTC),
        "Code": change.note.code.value,
        "Message": change.message,
    }
