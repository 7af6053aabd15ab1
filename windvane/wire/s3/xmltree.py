"""XML documents of requests as a tree: no DTD, no entities of their own, bounded in depth and number of elements.

Namespaces are not resolved: their URIs may be long, and would be made part of the name of every element and attribute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn
from xml.parsers import expat

from windvane.wire.s3.refusals import refused

MAX_DEPTH = 16
MAX_ELEMENTS = 60_000
"""10,000 parts of an upload with number, entity tag, size and two checksums each are fewer."""


@dataclass
class Element:
    """name and attributes are local names: namespaces differ between clients and say nothing. Their declarations are left out."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def parse_document(body: bytes) -> Element:
    """Return the root element.

    raises    S3Refusal for a document that is not well-formed, has a DTD, or is too deep or too long
    """
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True  # else every line of a text is a call
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = _refuse_declaration
    parser.EntityDeclHandler = _refuse_declaration
    parser.ExternalEntityRefHandler = _refuse_declaration
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError) as error:
        raise refused("MalformedXML") from error
    if builder.root is None:
        raise refused("MalformedXML")
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._n_elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._n_elements += 1
        if len(self._open) >= MAX_DEPTH or self._n_elements > MAX_ELEMENTS:
            raise refused("MalformedXML")
        named = {
            _local(key): value
            for key, value in attributes.items()
            if key.partition(":")[0] != "xmlns"
        }
        element = Element(_local(name), named)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _: str) -> None:
        self._open.pop()

    def characters(self, text: str) -> None:
        self._open[-1].pieces.append(text)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse_declaration(*_: Any) -> NoReturn:
    raise refused("MalformedXML", "A document type declaration or an entity is not accepted.")
