"""A report as one HTML file: no script, nothing fetched from anywhere, light and dark, fit to be printed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from windvane.engine.reports.document import Figure, Notice, Report, Table, Text
from windvane.engine.reports.drawing import Picture
from windvane.engine.reports.labels import seen

_TEMPLATES = Path(__file__).with_name("templates")
_NAME_LIMIT, _TEXT_LIMIT = 160, 2_000


def page_of(report: Report, pictures: Mapping[int, Picture]) -> str:
    """Return the whole document.

    pictures    of each figure, by its identity
    """
    # Matplotlib has escaped every text in them.
    svgs = {figure: Markup(picture.svg) for figure, picture in pictures.items()}  # noqa: S704
    return _template().render(report=report, svg=svgs)


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
