"""Templates: every text that is put into a page is escaped, what is not a template's own has no look of its own."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse

from windvane.console import wording
from windvane.console.cookies import theme_name
from windvane.console.scores import metric_meaning, metric_title
from windvane.console.security import PAGE_HEADERS
from windvane.console.terms import term
from windvane.documentation import is_built

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
THEMES = ("system", "light", "dark")


def draw(request: Request, template: str, view: object, status: int = 200) -> HTMLResponse:
    """Return a whole page.

    view    frozen dataclass of plain values, `view` in the template
    """
    return HTMLResponse(draw_part(request, template, view), status, headers=PAGE_HEADERS)


def draw_part(request: Request, template: str, view: object) -> str:
    """Return a fragment."""
    return (
        environment()
        .get_template(template)
        .render(
            view=view,
            signed_in=getattr(request.state, "context", None),
            theme=theme_of(request),
            path=request.scope["path"],
            here=here(request),
        )
    )


def here(request: Request) -> str:
    """Return the page that was asked for, as a link from this server's root."""
    path, query = (request.scope[part].decode("latin-1") for part in ("raw_path", "query_string"))
    return f"{path}?{query}" if query else path


def theme_of(request: Request) -> str:
    """Return the theme as chosen in this browser: one of THEMES."""
    chosen = request.cookies.get(theme_name(request), "system")
    return chosen if chosen in THEMES else "system"


@cache
def environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(wording.FILTERS)
    made.filters["urlencode"] = _in_path
    made.filters["metric"] = metric_title
    made.filters["meaning"] = metric_meaning
    made.globals["static"] = static_url
    made.globals["term"] = term
    made.globals["has_documentation"] = is_built
    return made


@cache
def static_url(name: str) -> str:
    """Return where a file of static/ is served: another place for every content, so it can be kept for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/console/static/{name}?v={digest}"


def _in_path(text: Any) -> str:
    return quote(str(text), safe="")
