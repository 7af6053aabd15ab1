"""The cookies of the console. Browsers do not keep ports apart, so the session's name has the port in it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from windvane.api.entry import SESSION_LIFETIME

_PATH = "/console"
_YEAR_S = 365 * 86_400
THEME = "windvane-theme"


def session_name(request: Request) -> str:
    return f"windvane-session-{request.url.port or request.url.scheme}"


def keep_session(request: Request, response: Response, text: str) -> None:
    response.set_cookie(
        session_name(request),
        text,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        path=_PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def forget_session(request: Request, response: Response) -> None:
    response.delete_cookie(
        session_name(request),
        path=_PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def keep_theme(response: Response, theme: str) -> None:
    response.set_cookie(THEME, theme, max_age=_YEAR_S, path=_PATH, httponly=True, samesite="strict")
