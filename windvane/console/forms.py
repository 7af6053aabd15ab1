"""Forms as browsers send them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

from windvane.errors import InvalidRequest, Malformed, TooLarge

MOST_BYTES = 8 << 20
STRANGERS_MOST_BYTES = 1 << 14
"""Of whoever is not signed in: a sign-in form."""
MOST_FIELDS = 20_000
_READ_AT_ONCE = 1 << 16
"""Bytes of a form that are taken apart on the event loop; more take up to a second."""
_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Form:
    """Values by field."""

    fields: dict[str, list[str]]

    def get(self, name: str, default: str = "") -> str:
        """Return the first value, without blanks around it."""
        found = self.fields.get(name)
        return found[0].strip() if found else default

    def all(self, name: str) -> list[str]:
        return self.fields.get(name, [])

    def __contains__(self, name: str) -> bool:
        return name in self.fields


async def body_of(request: Request, limit: int = MOST_BYTES) -> bytes:
    """Read the body of a request.

    raises    TooLarge; Malformed if the connection ends before the body does: anybody can do that, so it is no fault
    that the log tells of
    """
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise TooLarge(f"The form is larger than {limit} bytes.")
            chunks.append(chunk)
    except ClientDisconnect as error:
        raise Malformed(
            "The connection was closed before the form had been sent completely."
        ) from error
    return b"".join(chunks)


async def form_of(request: Request) -> Form:
    """Return the form that a request carries; the same at every call.

    raises    TooLarge, InvalidRequest for anything but a form
    """
    if not hasattr(request.state, "form"):
        request.state.form = await _read(request)
    form: Form = request.state.form
    return form


async def _read(request: Request) -> Form:
    if request.headers.get("content-type", "").partition(";")[0].strip() != _TYPE:
        raise InvalidRequest(f"A form must be sent as {_TYPE}.")
    context = getattr(request.state, "context", None)
    body = await body_of(request, STRANGERS_MOST_BYTES if context is None else MOST_BYTES)
    if context is None or len(body) <= _READ_AT_ONCE:
        return _parsed(body)
    form: Form = await context.in_thread(_parsed, body)
    return form


def _parsed(body: bytes) -> Form:
    try:
        text = body.decode("utf-8", "replace")
        return Form(parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise InvalidRequest(f"A form has at most {MOST_FIELDS} fields.") from error
