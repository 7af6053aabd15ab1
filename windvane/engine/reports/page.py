"""A report as one HTML file: no script, nothing fetched from anywhere, light and dark, fit to be printed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from windvane.engine.reports.document import Figure, Notice, Report, Table, Text
from windvane.engine.reports.drawing import svg_of
from windvane.engine.reports.labels import seen

_TEMPLATES = Path(__file__).with_name("templates")
_NAME_LIMIT, _TEXT_LIMIT = 160, 2_000


def page_of(report: Report) -> str:
    """The whole document."""
    return _template().render(report=report, svg=_svgs(report))


def _svgs(report: Report) -> dict[int, Markup]:
    """By identity of the figure: two may be equal and still need names of their own."""
    figures = [
        block
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Figure)
    ]
    # Matplotlib has escaped every text in it.
    return {id(one): Markup(svg_of(one, f"figure-{i}")) for i, one in enumerate(figures)}  # noqa: S704


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["block_id"] = id
    kinds = {"text": Text, "table": Table, "figure": Figure, "notice": Notice}
    for name, kind in kinds.items():
        environment.tests[name] = lambda block, kind=kind: isinstance(block, kind)
    environment.filters["name"] = lambda text: seen(text, _NAME_LIMIT)
    environment.filters["prose"] = lambda text: seen(text, _TEXT_LIMIT)
    return environment.get_template("report.html")
