"""Files of the reports on a candidate, as far as they are there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from windvane.console.request_context import CallerObjects
from windvane.errors import DoesNotExist, InvalidRequest, NotFound
from windvane.jsonsize import count_values

MOST_BYTES = 32 << 20
MOST_VALUES = 250_000
"""In a document that a page is drawn from: it lies where others may write, and drawing takes 20 microseconds a value."""


async def read_bytes(objects: CallerObjects, uri: str) -> bytes | None:
    """Read an object; None if there is no such object.

    raises    AccessDenied, TooLarge
    """
    try:
        return await objects.read(uri, MOST_BYTES)
    except (NotFound, DoesNotExist):
        return None


async def read_json(
    objects: CallerObjects, uri: str, most_values: int = MOST_VALUES
) -> dict[str, Any] | None:
    """Read a JSON object; None if there is no such object. Parsed beside the event loop.

    raises    InvalidRequest if it is no JSON document, or one of more values; AccessDenied, TooLarge
    """
    data = await read_bytes(objects, uri)
    return None if data is None else await objects.in_thread(_document, data, uri, most_values)


@contextmanager
def as_the_report_has_it(uri: str) -> Iterator[None]:
    """Around what is worked out from a document of a report: others than the job may have written it.

    raises    InvalidRequest if the document is not of the form of a report's
    """
    try:
        yield
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        StopIteration,
        TypeError,
        ValueError,
    ) as error:
        raise InvalidRequest(
            f"{uri} does not have the form of a report's data ({type(error).__name__}), so it cannot be shown: something other "
            "than the job may have written it. Put back an earlier version of this object, or run the job again."
        ) from error


def _document(data: bytes, uri: str, most_values: int) -> dict[str, Any]:
    if count_values(data) > most_values:
        raise InvalidRequest(f"{uri} has more than {most_values:,} values, the most that is shown.")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{uri} is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise InvalidRequest(
            f"{uri} should contain a JSON object, but contains a {type(document).__name__}."
        )
    return document
