"""A report as the files that stand in its folder."""

from __future__ import annotations

from collections.abc import Iterator

from windvane.engine.reports.document import Figure, Report
from windvane.engine.reports.drawing import Picture, picture_of
from windvane.engine.reports.notebook import notebook_of
from windvane.engine.reports.page import page_of
from windvane.engine.reports.paper import pdf_of
from windvane.engine.reports.terms import with_terms

PAGE, NOTEBOOK, PAPER = "report.html", "report.ipynb", "report.pdf"


def files_of(report: Report) -> dict[str, bytes]:
    """Name -> content."""
    return dict(each_file(report))


def each_file(report: Report) -> Iterator[tuple[str, bytes]]:
    """Name and content of one after the other, each as soon as it is made; the page is the first."""
    report = with_terms(report)
    pictures = pictures_of(report)
    yield PAGE, page_of(report, pictures).encode()
    yield NOTEBOOK, notebook_of(report, pictures).encode()
    yield PAPER, pdf_of(report, pictures)


def pictures_of(report: Report) -> dict[int, Picture]:
    """Return the pictures by identity of the figure: two may be equal and still need names of their own."""
    figures = [
        block
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Figure)
    ]
    return {id(one): picture_of(one, f"figure-{i}") for i, one in enumerate(figures)}
