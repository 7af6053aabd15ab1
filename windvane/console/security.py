"""What keeps other sites out of the console: which hosts it answers to, where requests that change something may come
from, and what its pages may load."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.requests import Request

from windvane.errors import AccessDenied

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

REPORT_HEADERS = {
    **PAGE_HEADERS,
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
}
"""Of a report that a page shows in a frame: what the engine wrote, as a document of no origin without scripts."""

TLS_HEADER = (b"strict-transport-security", b"max-age=31536000")
"""For a year, browsers that have seen this host over TLS ask it in no other way, on whatever port.

source    https://datatracker.ietf.org/doc/html/rfc6797
"""

SAFE_METHODS = frozenset({"GET", "HEAD"})


class Hosts:
    """The names that a browser may use for this server.

    An address is always allowed: a site that points a name of its own here (DNS rebinding) comes with that name.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset({"localhost", *(name.lower() for name in names)})

    def check(self, host_header: str) -> None:
        """Check the name by which the browser reached the server.

        raises    AccessDenied for any other name
        """
        try:
            parts = urlsplit(f"//{host_header}")
            host = parts.hostname or "" if parts.port != 0 else ""
        except ValueError:  # no address, or no port
            host = ""
        if host not in self._names and not _is_address(host):
            raise AccessDenied(
                "The console does not accept the host name in this address. Accepted names are listed in the "
                "server's configuration, section [console], hosts."
            )


def is_to_stay_with_tls(request: Request) -> bool:
    """Return whether a host of its own was asked for over TLS. `localhost` has other servers, which browsers would no
    longer find; addresses are none that browsers remember."""
    if request.url.scheme != "https":
        return False
    try:
        host = request.url.hostname or ""
    except ValueError:  # no name at all: nothing but a refusal is answered
        return False
    return bool(host) and host != "localhost" and not _is_address(host)


def check_origin(request: Request) -> None:
    """Check that a request which changes something comes from a page of this server.

    raises    AccessDenied if it says otherwise or nothing
    source    https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
    """
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("origin", "")
    if origin:
        if _place_of(origin) == request.headers.get("host", "").lower():
            return
    elif request.headers.get("sec-fetch-site") == "same-origin":
        return
    raise AccessDenied(
        "This request does not come from a page of this console, so nothing was changed."
    )


def _place_of(origin: str) -> str:
    """Host and port; "" for what is no origin."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
