"""Files of the reports on a candidate, as far as they are there."""

from __future__ import annotations

import json
from typing import Any

from windvane.console.visit import VisitObjects
from windvane.errors import DoesNotExist, InvalidRequest, NotFound

MOST_BYTES = 32 << 20


async def read_bytes(objects: VisitObjects, uri: str) -> bytes | None:
    """None if there is no such object.

    raises    AccessDenied, TooLarge
    """
    try:
        return await objects.read(uri, MOST_BYTES)
    except (NotFound, DoesNotExist):
        return None


async def read_json(objects: VisitObjects, uri: str) -> dict[str, Any] | None:
    """None if there is no such object.

    raises    InvalidRequest if it is no JSON document; AccessDenied, TooLarge
    """
    data = await read_bytes(objects, uri)
    if data is None:
        return None
    try:
        document = json.loads(data)
    except ValueError as error:
        raise InvalidRequest(f"{uri} is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise InvalidRequest(
            f"{uri} should hold a JSON object, and holds a {type(document).__name__}."
        )
    return document
