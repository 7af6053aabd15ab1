"""A report as a notebook of text and pictures: nothing in it runs."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from windvane.engine.reports.document import Block, Figure, Notice, Report, Table, Text
from windvane.engine.reports.drawing import Picture
from windvane.engine.reports.ipynb import Cell, notebook_file, text_cell
from windvane.engine.reports.labels import seen

_LIMIT = 500
_LONGEST_NUMBER = 32
_PLAIN_TITLE = re.compile(r"[A-Za-z][A-Za-z0-9 -]{0,99}", re.ASCII)
_PLAIN = frozenset(" ,.:;%'/?=")
_DOLLAR = "\N{FULLWIDTH DOLLAR SIGN}"
"""In place of the dollar sign, between two of which notebooks see a formula however it is written."""


def notebook_of(report: Report, pictures: Mapping[int, Picture]) -> str:
    """Return the file, the same for the same report.

    pictures    of each figure, by its identity
    """
    cells = [text_cell("\n\n".join(_head(report)))]
    for section in report.sections:
        cells.append(text_cell(f"## {markdown(section.title)}"))
        cells += [_cell(block, pictures) for block in section.blocks]
    return notebook_file(cells)


def markdown(text: str) -> str:
    """Return one line that Markdown shows as it is, whatever it holds.

    >>> markdown("a*b <i>")
    'a&#42;b &#60;i&#62;'
    """
    shown = seen(text, _LIMIT).replace("$", _DOLLAR)
    return "".join(
        one if one.isalnum() or one in _PLAIN or ord(one) > 127 else f"&#{ord(one)};"
        for one in shown
    )


def _head(report: Report) -> Iterator[str]:
    yield f"# {markdown(report.title)}"
    yield markdown(report.lead)
    yield _table(("", ""), report.facts, frozenset())
    yield "\n".join(f"- {_link(section.title)}" for section in report.sections)


def _link(title: str) -> str:
    """Return a title that leads to its section; as text alone if it is not of plain words."""
    if not _PLAIN_TITLE.fullmatch(title):
        return markdown(title)
    return f"[{title}](#{title.replace(' ', '-')})"


def _cell(block: Block, pictures: Mapping[int, Picture]) -> Cell:
    match block:
        case Text():
            return text_cell(markdown(block.text))
        case Table():
            return text_cell("\n\n".join(_table_lines(block)))
        case Notice():
            paragraphs = map(markdown, block.paragraphs)
            title = f"**{block.severity.upper()}**: {markdown(block.title)}"
            return text_cell("\n\n".join([f"### {title}", *paragraphs]))
        case Figure():
            return _picture(block, pictures[id(block)].png)


def _picture(figure: Figure, png: bytes) -> Cell:
    told = "\n\n".join(_table_lines(figure.numbers))
    shown = f"**{markdown(figure.title)}**\n\n![{markdown(figure.alt)}](attachment:figure.png)"
    source = f"{shown}\n\n<details><summary>Numbers</summary>\n\n{told}\n\n</details>"
    image = base64.b64encode(png).decode()
    return text_cell(source, {"figure.png": {"image/png": image}})


def _table_lines(table: Table) -> Iterator[str]:
    if table.caption:
        yield markdown(table.caption)
    yield _table(table.head, table.rows, table.numeric)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numeric: frozenset[int]) -> str:
    rule = ["---:" if i in numeric else "---" for i in range(len(head))]
    cells = ([_cell_text(one, i in numeric) for i, one in enumerate(row)] for row in rows)
    lines = [map(markdown, head), rule, *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell_text(text: str, is_number: bool) -> str:
    """Return the text of a cell; a number stays on one line with its unit and its error, a sentence among numbers does not."""
    told = markdown(text)
    is_short = is_number and len(text) <= _LONGEST_NUMBER
    return told.replace(" ", "\N{NO-BREAK SPACE}") if is_short else told
