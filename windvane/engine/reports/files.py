"""A report as the files that stand in its folder."""

from __future__ import annotations

from windvane.engine.reports.document import Figure, Report
from windvane.engine.reports.drawing import png_of
from windvane.engine.reports.notebook import notebook_of
from windvane.engine.reports.page import page_of
from windvane.engine.reports.paper import pdf_of

PAGE, NOTEBOOK, PAPER = "report.html", "report.ipynb", "report.pdf"


def files_of(report: Report) -> dict[str, bytes]:
    """Name -> content."""
    pictures = {
        id(block): png_of(block)
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Figure)
    }
    return {
        PAGE: page_of(report).encode(),
        NOTEBOOK: notebook_of(report, pictures).encode(),
        PAPER: pdf_of(report, pictures),
    }
