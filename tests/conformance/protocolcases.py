"""botocore's published protocol cases, as our codecs meet them.

A case names a service model, an operation, and either the request that its parameters make or the answer that its
result is read from. Moments are seconds, blobs are text, and numbers that JSON has no literal for are words.
"""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from botocore.model import OperationModel, ServiceModel, Shape

from windvane.wire.scalars import NOT_FINITE

FOLDER = Path(__file__).with_name("protocols")
CBOR = "smithy-rpc-v2-cbor"
PROTOCOLS = ("json", "rest-json", "query", CBOR)


@dataclass(frozen=True)
class Case:
    """kind    input or output"""

    kind: str
    protocol: str
    model: ServiceModel
    operation: OperationModel
    case: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.case["id"])

    def body(self, message: Mapping[str, Any]) -> bytes:
        """Of a request or an answer; that of CBOR is in Base64."""
        text = message.get("body", "")
        return base64.b64decode(text) if self.protocol == CBOR else text.encode()


@cache
def left_out(half: str = "reason") -> frozenset[str]:
    """Names of cases that do not apply; or of those that botocore does not read as the case has it (`unread`), or that
    we do not write as the case has it (`unlike`)."""
    table = tomllib.loads((FOLDER / "excluded.toml").read_text())
    return frozenset(name for entry in table[half] for name in entry["cases"])


def cases(kind: str) -> Iterator[Case]:
    """All of them, those that do not apply besides."""
    for protocol in PROTOCOLS:
        for suite in json.loads((FOLDER / kind / f"{protocol}.json").read_text()):
            for case in suite["cases"]:
                yield _case(kind, protocol, suite, case)


def _case(kind: str, protocol: str, suite: dict[str, Any], case: dict[str, Any]) -> Case:
    given = case["given"]
    metadata = {"xmlNamespace": "https://example.com/", **suite["metadata"]}
    described = {**suite, "metadata": metadata, "operations": {given["name"]: given}}
    model = ServiceModel(described, "cases")
    return Case(kind, protocol, model, model.operation_model(given["name"]), case)


def typed(value: Any, shape: Shape) -> Any:
    """The values of a case as handlers give and get them."""
    match shape.type_name:
        case "structure":
            return {n: typed(v, shape.members[n]) for n, v in value.items() if v is not None}
        case "list":
            return [typed(item, shape.member) for item in value]
        case "map":
            return {key: typed(item, shape.value) for key, item in value.items()}
        case "timestamp":
            return datetime.fromtimestamp(value, UTC)
        case "blob":
            return value.encode()
        case "float" | "double":
            return NOT_FINITE[value] if isinstance(value, str) else float(value)
    return value
