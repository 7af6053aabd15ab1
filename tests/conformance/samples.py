"""A small value of any shape, other than those that are accepted all the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.model import Shape

from windvane.wire.javaregex import compile_pattern

_TEXTS = (
    "a",
    "s3://bucket/key",
    "arn:aws:iam::111122223333:role/windvane",
    "arn:aws:sagemaker:us-east-1:111122223333:training-plan/a",
    "arn:aws:sagemaker:us-east-1:111122223333:hub-content/hub/Model/a",
    "arn:aws:sagemaker:us-east-1:111122223333:inference-component/a",
    "arn:aws:lambda:us-east-1:111122223333:function:f",
    "arn:aws:sagemaker:us-east-1:111122223333:ml-reservation/a",
    "arn:aws:sagemaker:us-east-1:111122223333:hub-content/hub/DataSet/a",
    "arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/a",
    "arn:aws:sagemaker:us-east-1:111122223333:model-package-group/a",
    "sg-0",
    "fs-01234567",
    "1D",
    "text/csv",
    "mig-1g.5gb",
    "/opt/ml",
    "123456",
    "0123456789abcdef",
)


def sample(shape: Shape, other_than: Sequence[Any] = ()) -> Any:
    """raises    LookupError if none is known"""
    match shape.type_name:
        case "structure":
            return _structure(shape)
        case "list":
            return [sample(shape.member)] * max(1, shape.metadata.get("min", 1))
        case "map":
            return {sample(shape.key): sample(shape.value)}
        case "boolean":
            return False in other_than or not other_than
        case "integer" | "long" | "float" | "double":
            least = shape.metadata.get("min", 0)
            return next(n for n in range(max(1, least), least + 9) if n not in other_than)
        case "timestamp":
            return 0
    choices = shape.metadata.get("enum", _TEXTS)
    fitting = (text for text in choices if text not in other_than and _fits(text, shape))
    found = next(fitting, None)
    if found is None:
        raise LookupError(f"no text of _TEXTS is a {shape.name}: {shape.metadata}")
    return found


def _structure(shape: Shape) -> dict[str, Any]:
    """With what it must have, or else with its first member."""
    names = shape.metadata.get("required") or list(shape.members)[:1]
    return {name: sample(shape.members[name]) for name in names}


def _needed(shape: Shape) -> dict[str, Any]:
    return {name: sample(shape.members[name]) for name in shape.metadata.get("required", ())}


def _fits(text: str, shape: Shape) -> bool:
    bounds = shape.metadata
    return (
        bounds.get("min", 0) <= len(text) <= bounds.get("max", len(text))
        and compile_pattern(bounds.get("pattern", ".*")).fullmatch(text) is not None
    )


def with_member(request: dict[str, Any], shape: Shape, path: str, value: Any) -> dict[str, Any]:
    """`request` with a member more, at a path; of a list, in its first item."""
    name, _, rest = path.partition(".")
    is_list = name.endswith("[]")
    member = shape.members[name.removesuffix("[]")]
    inner = member.member if is_list else member
    held = request.get(name.removesuffix("[]"))
    now = held[0] if is_list and held else held
    made = with_member(now or _needed(inner), inner, rest, value) if rest else value
    kept = {} if shape.metadata.get("union") else request
    return {**kept, name.removesuffix("[]"): [made] if is_list else made}
