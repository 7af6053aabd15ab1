"""Figures as SVG for pages and as PNG for paper, drawn by Matplotlib.

In an SVG everything that is not data has the colour of the text around it, so that it can be read on light and on
dark ground.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any

from windvane.engine.reports.colours import INK
from windvane.engine.reports.document import Figure
from windvane.engine.reports.labels import seen

_STYLE = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "grid.alpha": 0.18,
    "grid.color": INK,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.usetex": False,
    "xtick.color": INK,
    "ytick.color": INK,
}
_DOTS_PER_INCH = 160


@dataclass(frozen=True)
class Picture:
    """A figure as it is shown.

    svg    an <svg> element for a page
    png    on white ground, for notebooks and paper
    """

    svg: str
    png: bytes


def picture_of(figure: Figure, name: str) -> Picture:
    """Drawn once and laid out once, saved twice.

    name    no other figure of the page has it
    """
    with _canvas(figure, {"svg.hashsalt": name}) as canvas:
        lines, dots = io.StringIO(), io.BytesIO()
        canvas.savefig(lines, format="svg", transparent=True, metadata={"Date": None})
        canvas.savefig(dots, format="png", dpi=_DOTS_PER_INCH, facecolor="white")
    return Picture(_for_pages(lines.getvalue(), figure.alt), dots.getvalue())


def _for_pages(text: str, alt: str) -> str:
    element = _METADATA.sub("", text[text.index("<svg") :]).replace(INK, "currentColor")
    told = escape(seen(alt, 1_000), quote=True)
    return element.replace("<svg", f'<svg role="img" aria-label="{told}"', 1)


@contextmanager
def _canvas(figure: Figure, style: dict[str, Any]) -> Iterator[Any]:
    """Yield a Matplotlib figure on which it is drawn."""
    import matplotlib as mpl  # takes half a second, and answering rows needs none of it
    from matplotlib.figure import Figure as Canvas
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with mpl.rc_context({**_STYLE, **style}), warnings.catch_warnings():
        # Names may be in any script; a browser has fonts for what this one lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        canvas = Canvas(figsize=(figure.width, figure.height))
        figure.draw(canvas.add_subplot())
        # While it has an engine of layout, Matplotlib draws everything twice whenever it is saved.
        ConstrainedLayoutEngine().execute(canvas)
        yield canvas


_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
