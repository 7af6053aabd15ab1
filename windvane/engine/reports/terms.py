"""The terms that a report uses, explained at its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from windvane.engine.reports.document import Figure, Notice, Report, Section, Table, Text
from windvane.glossary import TERMS

TITLE = "Terms"


def with_terms(report: Report) -> Report:
    """Return the report, and a last section with the meaning of each term of the glossary that stands in it."""
    told = "\n".join(_prose(report))
    found = [Text(f"{term}: {meaning}") for term, meaning in TERMS.items() if _names(told, term)]
    if not found:
        return report
    return replace(report, sections=[*report.sections, Section(TITLE, found)])


def _names(text: str, term: str) -> bool:
    """Return whether a text has the term, or one of several that are explained together, in the singular or plural."""
    ways = "|".join(re.escape(one) for one in term.split(", "))
    return re.search(rf"\b({ways})s?\b", text, re.IGNORECASE) is not None


def _prose(report: Report) -> Iterator[str]:
    """Yield what the report says in words of its own: not the cells of its tables."""
    yield report.lead
    yield from (name for name, _ in report.facts)
    for section in report.sections:
        yield section.title
        for block in section.blocks:
            if isinstance(block, Text):
                yield block.text
            elif isinstance(block, Notice):
                yield from (block.title, *block.paragraphs)
            elif isinstance(block, Figure):
                yield block.title
            elif isinstance(block, Table):
                yield from (block.caption, *block.head)
