"""What a report says, apart from how it is shown: the same document becomes HTML, a notebook and a PDF.

Every text is plain: names of columns and labels may stand anywhere as they are, and each way of showing makes them
harmless. Every figure carries its numbers as a table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Table:
    """Cells of text, one row like the head.

    numeric    places of columns of numbers, which are set to the right
    caption    a sentence, or ""
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    caption: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture and what it shows.

    draw      draws on the axes of a matplotlib figure; see charts.py for those that are made for it
    alt       what is to be seen, for those who do not see it
    numbers   what was drawn, or the most telling part of it
    width     inches;  height  likewise
    """

    title: str
    draw: Callable[[Any], None]
    alt: str
    numbers: Table
    width: float = 6.4
    height: float = 3.2


class Severity(StrEnum):
    """The severity of a notice; the first is the most severe."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class Notice:
    """Something that the reader should know.

    title        what is the case, in a few words
    paragraphs   evidence, consequence, what was done about it
    """

    severity: Severity
    title: str
    paragraphs: Sequence[str]


Block = Text | Table | Figure | Notice


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Report:
    """A report, whatever it is rendered as.

    title    of the whole
    lead       one paragraph: what this is about
    facts      name and value, the first things to know
    """

    title: str
    lead: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
