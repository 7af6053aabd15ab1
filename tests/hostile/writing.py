"""Generated parameters as requests: what botocore's serializers would write, for values of any type."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from botocore.model import Shape
from hostile.asking import Ask, form_raw, of_cbor, of_json
from hostile.generated import Called, model_of
from hostile.signing import Sent

from windvane.wire.cbor import (
    write_array,
    write_boolean,
    write_float,
    write_integer,
    write_map,
    write_text,
)
from windvane.wire.model import Protocol, load_service


def written(called: Called) -> Ask:
    service = load_service(called.service)
    if service.protocol is Protocol.JSON:
        prefix = service.model.metadata["targetPrefix"]
        body = json.dumps(called.parameters).encode()
        return of_json(called.service, prefix, called.operation, body)
    if service.protocol is Protocol.QUERY:
        fields = {
            "Action": called.operation,
            "Version": service.model.metadata["apiVersion"],
            **dict(_fields("", called.parameters)),
        }
        return form_raw(called.service, urlencode(fields, errors="surrogatepass").encode())
    if service.protocol is Protocol.CBOR:
        body = _cbor(called.parameters)
        prefix = service.model.metadata["targetPrefix"]
        return of_cbor(called.service, service.signing_name, prefix, called.operation, body)
    return _rest(called)


def _cbor(value: Any) -> bytes:
    if isinstance(value, bool):
        return write_boolean(value)
    if isinstance(value, int):
        held = -(2**63) <= value < 2**63
        return write_integer(value) if held else write_float(float(value))
    if isinstance(value, float):
        return write_float(value)
    if isinstance(value, str):
        return write_text(value)
    if isinstance(value, list):
        return write_array([_cbor(item) for item in value])
    if isinstance(value, dict):
        return write_map({name: _cbor(item) for name, item in value.items()})
    return b"\xf6"


def _fields(path: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        nested = [(f"{path}.{name}".lstrip("."), item) for name, item in value.items()]
    elif isinstance(value, list):
        nested = [(f"{path}.member.{number}", item) for number, item in enumerate(value, 1)]
    else:
        return [(path, _scalar(value))]
    return [field for name, item in nested for field in _fields(name, item)]


def _rest(called: Called) -> Ask:
    operation = model_of(called.service, called.operation)
    shape: Shape = operation.input_shape
    path = operation.http["requestUri"]
    query: list[tuple[str, str]] = []
    headers: list[tuple[str, str]] = []
    body = b""
    for name, member in shape.members.items():
        serialization = member.serialization
        value = called.parameters.get(name)
        place, there = serialization.get("location"), serialization.get("name", name)
        if place == "uri":
            escaped = quote(_scalar(value).encode("utf-8", "surrogatepass"), safe="")
            path = path.replace(f"{{{there}}}", escaped or "%20")
        elif value is None:
            continue
        elif name == shape.serialization.get("payload"):
            body = _scalar(value).encode("utf-8", "surrogatepass")
        elif place == "querystring":
            query.append((there, _scalar(value)))
        elif place == "header":
            headers.append((there.lower(), _header(_scalar(value))))
    text = urlencode(query, quote_via=quote, errors="surrogatepass")
    sent = Sent(operation.http["method"], path, text, tuple(headers), body)
    return Ask(called.service, sent)


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _header(text: str) -> str:
    """As it could come out of a web server: line breaks and null bytes cannot."""
    sent = text.encode("utf-8", "replace").decode("latin-1")
    return "".join(c if c == "\t" or c >= " " else "?" for c in sent)
