"""Tags: add, list, delete, on every kind of resource."""

from __future__ import annotations

from windvane.api.operation import OperationTable, Services, scope_of
from windvane.errors import InvalidRequest
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("sagemaker")


@OPERATIONS.serves("AddTags")
def add_tags(parts: Services, call: Call) -> Result:
    arn = call.parameters["ResourceArn"]
    return {"Tags": _answer(parts.tags.add(scope_of(call), arn, call.parameters))}


@OPERATIONS.serves("ListTags")
def list_tags(parts: Services, call: Call) -> Result:
    """Return all of them at once: the least page size a caller may ask for is the most tags there can be."""
    if call.parameters.get("NextToken"):
        raise InvalidRequest("Invalid NextToken: lists of tags have a single page.")
    return {"Tags": _answer(parts.tags.list(scope_of(call), call.parameters["ResourceArn"]))}


@OPERATIONS.serves("DeleteTags")
def delete_tags(parts: Services, call: Call) -> Result:
    arn = call.parameters["ResourceArn"]
    parts.tags.remove(scope_of(call), arn, call.parameters["TagKeys"])
    return {}


def _answer(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
