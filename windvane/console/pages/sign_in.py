"""Signing in, by a one-time link or with a key, and out; and the choice of light or dark."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route

from windvane.api.authenticator import Authenticator, Session
from windvane.api.sign_ins import SignIns
from windvane.console import cookies
from windvane.console.draw import THEMES, draw, here
from windvane.console.forms import form_of
from windvane.console.request_context import context_of
from windvane.console.security import PAGE_HEADERS

_START = "/console/"
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_FIRST_REGION = "us-east-1"

_ELSEWHERE = ("cross-site", "same-site")
"""Values of Sec-Fetch-Site, which browsers send to addresses that are https, or on the same machine."""

_FORGET = '"storage"'
"""What browsers drop of this origin on signing out. Not "cookies": those of every host of the domain would go."""


@dataclass(frozen=True)
class SignIn:
    """The page on which users sign in.

    then    the page to go to afterwards
    """

    then: str
    trouble: str = ""
    access_key: str = ""
    region: str = _FIRST_REGION


@dataclass(frozen=True)
class Entered:
    then: str


def to_sign_in(request: Request) -> Response:
    """Return where somebody is sent who is not signed in."""
    if request.headers.get("hx-request") == "true" or request.method != "GET":
        return draw(request, "sign_in.html", SignIn(_START, "Your session has ended."), 401)
    there = here(request)
    then = f"?then={quote(there, safe='/')}" if there != _START else ""
    return RedirectResponse(f"/console/sign-in{then}", 303, headers=PAGE_HEADERS)


async def sign_in_page(request: Request) -> Response:
    then = _inside(request.query_params.get("then", ""))
    if hasattr(request.state, "context"):
        return RedirectResponse(then, 303, headers=PAGE_HEADERS)
    return draw(request, "sign_in.html", SignIn(then))


async def sign_in(request: Request) -> Response:
    form = await form_of(request)
    then, region = _inside(form.get("then")), form.get("region") or _FIRST_REGION
    key = form.get("access_key")
    if not _REGION.fullmatch(region):
        trouble = "Enter the name of a region, such as us-east-1."
        return draw(request, "sign_in.html", SignIn(then, trouble, key, region), 400)
    session = await asyncio.to_thread(
        _authenticator(request).by_keys, key, form.get("secret_key"), region
    )
    if session is None:
        await _report_failure(request, key)
        trouble = "The access key or the secret key is wrong."
        return draw(request, "sign_in.html", SignIn(then, trouble, key, region), 401)
    await _report_success(request, session)
    response = RedirectResponse(then, 303, headers=PAGE_HEADERS)
    cookies.keep_session(request, response, _authenticator(request).text_of(session))
    return response


async def enter(request: Request) -> Response:
    """Sign in by a one-time link. A page that goes on by itself, not a redirect: with a redirect the browser would not
    send a strict cookie where the link stood on another site. From there nobody is signed in without being asked: they
    would go on in the account of whoever made the link."""
    if request.method == "HEAD":  # whoever looks before it goes there must not use the link up
        return Response(headers=PAGE_HEADERS)
    if request.headers.get("sec-fetch-site") in _ELSEWHERE:
        return draw(request, "enter.html", None)
    link = request.query_params.get("link", "")
    session = await asyncio.to_thread(_authenticator(request).by_link, link)
    if session is None:
        if hasattr(request.state, "context"):
            return RedirectResponse(_START, 303, headers=PAGE_HEADERS)
        await _report_failure(request, "")
        trouble = (
            "This link has already been used or has expired. `windvane login --data-dir DIR` prints a new one. "
            "You can also sign in with an access key."
        )
        return draw(request, "sign_in.html", SignIn(_START, trouble), 401)
    await _report_success(request, session)
    response = draw(request, "entered.html", Entered(_START))
    cookies.keep_session(request, response, _authenticator(request).text_of(session))
    return response


async def sign_out(request: Request) -> Response:
    session: Session = context_of(request).session
    await asyncio.to_thread(_authenticator(request).end, session)
    headers = {**PAGE_HEADERS, "Clear-Site-Data": _FORGET}
    response = RedirectResponse("/console/sign-in", 303, headers=headers)
    cookies.forget_session(request, response)
    return response


async def choose_theme(request: Request) -> Response:
    """Keep the theme and go back to where it was chosen. Scripts stay on the page; without them, a page that only answers
    forms is left."""
    form = await form_of(request)
    then = _inside(form.get("then"))
    there = then if _can_be_asked_for(request, then) else _START
    response = RedirectResponse(there, 303, headers=PAGE_HEADERS)
    if (theme := form.get("theme")) in THEMES:
        cookies.keep_theme(request, response, theme)
    return response


def _authenticator(request: Request) -> Authenticator:
    authenticator: Authenticator = request.app.state.authenticator
    return authenticator


async def _report_success(request: Request, session: Session) -> None:
    sign_ins: SignIns = request.app.state.sign_ins
    await sign_ins.succeeded(*_origin(request), session.caller)


async def _report_failure(request: Request, access_key: str) -> None:
    """Record a failed attempt to sign in.

    raises    Throttled after too many
    """
    sign_ins: SignIns = request.app.state.sign_ins
    account = await asyncio.to_thread(_authenticator(request).account_of, access_key)
    await sign_ins.failed(*_origin(request), access_key, account)


def _origin(request: Request) -> tuple[str, str]:
    """Address and browser of whoever asks."""
    peer = request.client.host if request.client else ""
    return peer, request.headers.get("user-agent", "")


def _can_be_asked_for(request: Request, there: str) -> bool:
    """Return whether a page of the console can be asked for by its address, or is the answer to a form alone."""
    scope = {"type": "http", "method": "GET", "path": unquote(urlsplit(there).path)}
    found = [one.matches(scope)[0] for one in request.app.routes]
    return Match.FULL in found or Match.PARTIAL not in found


def _inside(there: str) -> str:
    """Return a page of the console; its first one in place of anything else."""
    try:
        parts = urlsplit(there)
    except ValueError:
        return _START
    is_ours = not parts.scheme and not parts.netloc and parts.path.startswith(_START)
    is_plain = is_ours and "\\" not in there and not there.startswith("//")
    return there if is_plain else _START


ROUTES = (
    Route("/console/sign-in", sign_in_page, methods=["GET"]),
    Route("/console/sign-in", sign_in, methods=["POST"]),
    Route("/console/enter", enter, methods=["GET"]),
    Route("/console/sign-out", sign_out, methods=["POST"]),
    Route("/console/theme", choose_theme, methods=["POST"]),
)
