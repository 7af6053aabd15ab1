"""The cookies of the console. Browsers do not keep ports apart, so the session's name has the port in it.

Over TLS they are never sent without it, and the name of the session's says that no other host can have set it.

source    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from windvane.api.authenticator import SESSION_LIFETIME

_PATH = "/console"
_YEAR_S = 365 * 86_400
_OF_THIS_HOST, _SECURE = "__Host-", "__Secure-"


def session_name(request: Request) -> str:
    prefix = _OF_THIS_HOST if _is_secure(request) else ""
    return f"{prefix}windvane-session-{request.url.port or request.url.scheme}"


def keep_session(request: Request, response: Response, text: str) -> None:
    response.set_cookie(
        session_name(request),
        text,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        path="/" if _is_secure(request) else _PATH,  # what the prefix demands
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )


def forget_session(request: Request, response: Response) -> None:
    response.delete_cookie(
        session_name(request),
        path="/" if _is_secure(request) else _PATH,  # what the prefix demands
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )


def theme_name(request: Request) -> str:
    return f"{_SECURE if _is_secure(request) else ''}windvane-theme"


def keep_theme(request: Request, response: Response, theme: str) -> None:
    response.set_cookie(
        theme_name(request),
        theme,
        max_age=_YEAR_S,
        path=_PATH,
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"
