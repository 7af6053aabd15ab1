"""The glossary: what the terms of the pages and reports mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from windvane.console.draw import draw
from windvane.console.terms import anchor_of
from windvane.glossary import TERMS


@dataclass(frozen=True)
class GlossaryView:
    """The content of the glossary page.

    terms    anchor, term and meaning of each, in the order of the alphabet"""

    terms: Sequence[tuple[str, str, str]]


async def glossary(request: Request) -> Response:
    view = GlossaryView([(anchor_of(term), term, meaning) for term, meaning in TERMS.items()])
    return draw(request, "glossary.html", view)


ROUTES = (Route("/console/glossary", glossary, methods=["GET"]),)
