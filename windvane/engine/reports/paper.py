"""A report as a PDF, by ReportLab."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

from windvane.engine.reports.document import Block, Figure, Notice, Report, Severity, Table, Text
from windvane.engine.reports.drawing import Picture
from windvane.engine.reports.labels import seen

_TEXT_LIMIT, _NAME_LIMIT = 2_000, 160
_MOST_COLUMNS = 7
"""Of a table on paper; wider ones are shown in parts that begin with the same column."""

_MOST_ROWS = 200
_TONES = {Severity.HIGH: "#b3261e", Severity.MEDIUM: "#8a5a00", Severity.LOW: "#0b5cad"}
_PROSE = frozenset({"body", "quiet"})
_QUIET, _LINE = "#5a6270", "#d5d9e0"


def pdf_of(report: Report, pictures: Mapping[int, Picture]) -> bytes:
    """Return the file; the same for the same report.

    pictures    of each figure, by its identity
    """
    from reportlab import rl_config
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    rl_config.useA85 = 0  # pictures as text take a third of the time, and a sixth of the file
    written = io.BytesIO()
    document = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=16 * mm,
        title=seen(report.title),
        invariant=1,
    )
    document.build(list(_story(report, pictures, float(document.width))))
    return written.getvalue()


def _story(report: Report, pictures: Mapping[int, Picture], width: float) -> Iterator[Any]:
    yield _paragraph(report.title, "title")
    yield _paragraph(report.lead, "body")
    yield from _table(Table(("", ""), report.facts), width)
    for section in report.sections:
        yield _paragraph(section.title, "section")
        for block in section.blocks:
            yield from _block(block, pictures, width)


def _block(block: Block, pictures: Mapping[int, Picture], width: float) -> Iterator[Any]:
    match block:
        case Text():
            yield _paragraph(block.text, "body")
        case Table():
            yield from _table(block, width)
        case Notice():
            yield _paragraph(f"{block.severity.upper()}: {block.title}", block.severity)
            for paragraph in block.paragraphs:
                yield _paragraph(paragraph, "body")
        case Figure():
            yield from _figure(block, pictures[id(block)].png, width)


def _figure(figure: Figure, png: bytes, width: float) -> Iterator[Any]:
    from reportlab.platypus import Image, KeepTogether

    scale = min(1.0, width / (72 * figure.width))
    size = (72 * figure.width * scale, 72 * figure.height * scale)
    image = Image(io.BytesIO(png), *size)
    yield KeepTogether([_paragraph(figure.title, "caption"), image])
    yield from _table(figure.numbers, width)


def _table(table: Table, width: float) -> Iterator[Any]:
    if table.caption:
        yield _paragraph(table.caption, "quiet")
    for columns in _parts(len(table.head)):
        yield _part(table, columns, width)
    if len(table.rows) > _MOST_ROWS:
        yield _paragraph(f"The first {_MOST_ROWS} of {len(table.rows)} rows.", "quiet")


def _parts(n_columns: int) -> list[list[int]]:
    if n_columns <= _MOST_COLUMNS:
        return [list(range(n_columns))]
    step = _MOST_COLUMNS - 1
    return [[0, *range(i, min(i + step, n_columns))] for i in range(1, n_columns, step)]


def _part(table: Table, columns: Sequence[int], width: float) -> Any:
    from reportlab.platypus import LongTable, TableStyle

    def cells(row: Sequence[str]) -> list[Any]:
        return [_paragraph(row[i], "number" if i in table.numeric else "cell") for i in columns]

    head = [cells(table.head)] if any(table.head) else []
    rows = [*head, *(cells(row) for row in table.rows[:_MOST_ROWS])]
    style = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
    return LongTable(
        rows or [cells([""] * len(table.head))],
        colWidths=[width / len(columns)] * len(columns),
        repeatRows=len(head),
        style=TableStyle(style),
        spaceBefore=4,
        spaceAfter=8,
    )


def _paragraph(text: str, style: str) -> Any:
    from reportlab.platypus import Paragraph

    return Paragraph(
        escape(seen(text, _TEXT_LIMIT if style in _PROSE else _NAME_LIMIT)), _styles()[style]
    )


@cache
def _styles() -> dict[str, Any]:
    from reportlab.lib.enums import TA_RIGHT
    from reportlab.lib.styles import ParagraphStyle

    from windvane.engine.reports.fonts import BOLD, PLAIN

    body = ParagraphStyle(
        "body", fontName=PLAIN, fontSize=9, leading=13, spaceAfter=4, splitLongWords=1
    )
    cell = ParagraphStyle("cell", body, fontSize=7.5, leading=9.5, spaceAfter=0)
    heading = ParagraphStyle("caption", body, fontName=BOLD, spaceBefore=8)
    made = {
        "title": ParagraphStyle(
            "title", body, fontName=BOLD, fontSize=16, leading=20, spaceAfter=8
        ),
        "section": ParagraphStyle("section", heading, fontSize=12, leading=16, spaceBefore=14),
        "caption": heading,
        "body": body,
        "quiet": ParagraphStyle("quiet", body, textColor=_QUIET),
        "cell": cell,
        "number": ParagraphStyle("number", cell, alignment=TA_RIGHT),
    }
    tones = {str(one): ParagraphStyle(one, heading, textColor=tone) for one, tone in _TONES.items()}
    return {**made, **tones}
