"""The query protocol's bodies: a form with dotted names in, an XML document out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import OperationModel, Shape

from windvane.errors import Malformed
from windvane.wire.paths import entry_path, item_path, member_path
from windvane.wire.scalars import UnfitResult, format_moment, format_text, parse_text

MAX_FIELDS = 1000
MAX_DEPTH = 32

Tree = dict[str, Any]

_FORBIDDEN_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_form(query: str, body: bytes) -> Tree:
    """Return the fields of the query string and of the body as a tree: `Tags.member.1.Key` -> nested dicts.

    raises    Malformed
    """
    try:
        joined = "&".join(part for part in (query, body.decode()) if part)
        pairs = parse_qsl(
            joined, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise Malformed(
            f"The request is not a form in UTF-8 with at most {MAX_FIELDS} fields."
        ) from error
    tree: Tree = {}
    for name, text in pairs:
        _plant(tree, name, text)
    return tree


def _plant(tree: Tree, name: str, text: str) -> None:
    *parents, last = name.split(".")
    if len(parents) > MAX_DEPTH:
        raise Malformed(f"The field {name[:200]} is nested more than {MAX_DEPTH} levels deep.")
    for parent in parents:
        tree = tree.setdefault(parent, {})
        if not isinstance(tree, dict):
            break
    if not isinstance(tree, dict) or last in tree:
        raise Malformed(f"The field {name[:200]} stands twice in the request.")
    tree[last] = text


def read_parameters(tree: Tree, shape: Shape) -> dict[str, Any]:
    """Read parameters from the pairs of a form.

    raises    Malformed for a value of the wrong type
    """
    parameters: dict[str, Any] = _read(tree, shape, "")
    return parameters


def _read(node: Any, shape: Shape, path: str) -> Any:
    return _READERS.get(shape.type_name, _read_scalar)(node, shape, path)


def _read_scalar(node: Any, shape: Shape, path: str) -> Any:
    if not isinstance(node, str):
        raise Malformed(f"A structure can not be converted to a {shape.type_name} at '{path}'")
    return parse_text(shape, node, path)


def _read_structure(node: Any, shape: Shape, path: str) -> dict[str, Any]:
    if not isinstance(node, dict):
        raise Malformed(f"STRING_VALUE can not be converted to a structure at '{path}'")
    return {
        name: _read(node[field], member, member_path(path, name))
        for name, member in shape.members.items()
        if (field := _member_name(name, member)) in node
    }


def _member_name(name: str, member: Shape) -> str:
    """Return the name of a member in forms and in XML."""
    return str(member.serialization.get("name", name))


def _item_name(shape: Shape) -> str:
    return str(shape.member.serialization.get("name", "member"))


def _read_list(node: Any, shape: Shape, path: str) -> list[Any]:
    items = _numbered(node, shape, _item_name(shape), path)
    return [_read(item, shape.member, item_path(path, i)) for i, item in enumerate(items)]


def _read_map(node: Any, shape: Shape, path: str) -> dict[str, Any]:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    entries = {}
    for entry in _numbered(node, shape, "entry", path):
        if not isinstance(entry, dict) or not isinstance(entry.get(key_name), str):
            raise Malformed(f"An entry of the map at '{path}' has no key.")
        key = entry[key_name]
        entries[key] = _read(entry.get(value_name, ""), shape.value, entry_path(path, key))
    return entries


def _numbered(node: Any, shape: Shape, name: str, path: str) -> list[Any]:
    if node == "":
        return []
    inner = node if shape.serialization.get("flattened") else _child(node, name)
    if not isinstance(inner, dict) or not all(re.fullmatch("[0-9]{1,6}", i) for i in inner):
        raise Malformed(f"The items at '{path}' must be numbered: {path}.{name}.1, .2 and so on.")
    return [inner[i] for i in sorted(inner, key=int)]


def _child(node: Any, name: str) -> Any:
    return node.get(name) if isinstance(node, dict) else None


_READERS: Mapping[str, Callable[[Any, Shape, str], Any]] = {
    "structure": _read_structure,
    "list": _read_list,
    "map": _read_map,
}


def write_response(operation: OperationModel, result: Mapping[str, Any], request_id: str) -> bytes:
    """Return the XML answer of an operation; raises UnfitResult if the result does not fit its shape."""
    output = operation.output_shape
    inner = ""
    if output is not None:
        wrapper = output.serialization.get("resultWrapper", f"{operation.name}Result")
        inner = element(wrapper, _write(result, output, ""))
    namespace = operation.service_model.metadata["xmlNamespace"]
    metadata = element("ResponseMetadata", element("RequestId", text(request_id)))
    name = f"{operation.name}Response"
    return f'<{name} xmlns="{namespace}">{inner}{metadata}</{name}>\n'.encode()


def element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"


def text(value: str) -> str:
    """Escaped; characters that XML cannot hold become question marks."""
    return escape(_FORBIDDEN_IN_XML.sub("?", value))


def _write(value: Any, shape: Shape, path: str) -> str:
    return _WRITERS.get(shape.type_name, _write_scalar)(value, shape, path)


def _write_structure(value: Any, shape: Shape, path: str) -> str:
    members = shape.members
    if unknown := value.keys() - members.keys():
        raise UnfitResult(f"{shape.name} at '{path}' has no member {min(unknown)}")
    return "".join(
        _write_member(_member_name(name, members[name]), item, members[name], path, name)
        for name, item in value.items()
        if item is not None
    )


def _write_member(spelled: str, value: Any, member: Shape, path: str, name: str) -> str:
    place = member_path(path, name)
    if not member.serialization.get("flattened"):
        return element(spelled, _write(value, member, place))
    parts = _ITEMS[member.type_name](value, member, place)
    return "".join(element(spelled, part) for part in parts)


def _write_list(value: Any, shape: Shape, path: str) -> str:
    name = _item_name(shape)
    return "".join(element(name, item) for item in _list_items(value, shape, path))


def _list_items(value: Any, shape: Shape, path: str) -> list[str]:
    return [_write(item, shape.member, item_path(path, i)) for i, item in enumerate(value)]


def _write_map(value: Any, shape: Shape, path: str) -> str:
    return "".join(element("entry", entry) for entry in _map_entries(value, shape, path))


def _map_entries(value: Any, shape: Shape, path: str) -> list[str]:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    return [
        element(key_name, text(key))
        + element(value_name, _write(item, shape.value, entry_path(path, key)))
        for key, item in value.items()
    ]


_ITEMS: Mapping[str, Callable[[Any, Shape, str], list[str]]] = {
    "list": _list_items,
    "map": _map_entries,
}


def _write_scalar(value: Any, shape: Shape, path: str) -> str:
    return text(format_text(shape, value, path))


def _write_timestamp(value: Any, shape: Shape, _: str) -> str:
    return format_moment(value, shape.serialization.get("timestampFormat", "iso8601"))


_WRITERS: Mapping[str, Callable[[Any, Shape, str], str]] = {
    "structure": _write_structure,
    "list": _write_list,
    "map": _write_map,
    "timestamp": _write_timestamp,
}
