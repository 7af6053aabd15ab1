"""Files on their way from a browser to S3: where they go, and URLs with which the browser sends the parts itself.

The bytes never come through the console: they take the way of any S3 client, in parts.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from windvane.console.forms import body_of
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.errors import InvalidRequest
from windvane.names import default_bucket

FOLDER, BATCHES = "console/uploads", "console/predictions"
"""Of files to train with; of files to predict, which come in parts (trying/batches.py)."""
MOST_PARTS, MOST_BYTES = 10_000, 5 * 1024**4
"""source    "Amazon S3 multipart upload limits" in S3's user guide"""

_PART_BYTES = 8 * 1024**2
_LIFETIME_S = 900
_SIGNED_AT_ONCE = 100
_MOST_JSON_BYTES = 64 * 1024
MOST_BATCH_PARTS = 500
_BATCH = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}")
_KEY = re.compile(
    rf"{FOLDER}/{_BATCH.pattern}/[A-Za-z0-9._-]{{1,100}}|{BATCHES}/{_BATCH.pattern}/input/[0-9]{{5}}\.csv"
)
_UPLOAD_ID = re.compile(r"[\x21-\x7e]{1,1024}")


async def begin(request: Request) -> Response:
    """Return a place for a file, the size of its parts, and the URL that begins the upload."""
    context, given = context_of(request), await _json_of(request)
    name, size = given.get("name"), given.get("size")
    if not isinstance(name, str) or type(size) is not int:
        raise InvalidRequest("An upload needs the name and the size of a file.")
    if size <= 0:
        raise InvalidRequest(f"The file '{name[:100]}' is empty: there is nothing to upload.")
    if size > MOST_BYTES:
        raise InvalidRequest(
            f"The file has {size} bytes; an S3 object can have at most {MOST_BYTES}."
        )
    bucket = await context.objects.ensure_default_bucket()
    key = _batch_key(given) if "batch" in given else f"{FOLDER}/{folder_name()}/{safe_name(name)}"
    return _answer(
        {
            "uri": f"s3://{bucket}/{key}",
            "key": key,
            "part_bytes": part_bytes(size),
            "create": _signed(context, "POST", key, {"uploads": ""}),
        }
    )


async def sign(request: Request) -> Response:
    """URLs for some parts of an upload that was begun, and those that complete and abort it."""
    context, given = context_of(request), await _json_of(request)
    key, upload_id, parts = given.get("key"), given.get("upload_id"), given.get("parts")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidRequest("The key was not issued by this page.")
    if not isinstance(upload_id, str) or not _UPLOAD_ID.fullmatch(upload_id):
        raise InvalidRequest("The upload ID was not issued by S3.")
    if not isinstance(parts, list) or len(parts) > _SIGNED_AT_ONCE:
        raise InvalidRequest(f"At most {_SIGNED_AT_ONCE} parts can be signed at once.")
    if not all(type(part) is int and 1 <= part <= MOST_PARTS for part in parts):
        raise InvalidRequest(f"Part numbers must be from 1 to {MOST_PARTS}.")
    whole = {"uploadId": upload_id}
    return _answer(
        {
            "parts": {
                str(part): _signed(context, "PUT", key, {"partNumber": str(part), **whole})
                for part in parts
            },
            "complete": _signed(context, "POST", key, whole),
            "abort": _signed(context, "DELETE", key, whole),
        }
    )


def folder_name() -> str:
    """Return a name that no other upload has, which begins with the time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def is_batch(name: str) -> bool:
    """Return whether a name is one that `folder_name` makes."""
    return _BATCH.fullmatch(name) is not None


def _batch_key(given: Mapping[str, Any]) -> str:
    batch, part = given["batch"], given.get("part")
    if not isinstance(batch, str) or not is_batch(batch):
        raise InvalidRequest("The batch was not issued by this page.")
    if type(part) is not int or not 0 <= part < MOST_BATCH_PARTS:
        raise InvalidRequest(
            f"Parts of a file to predict have numbers from 0 to {MOST_BATCH_PARTS - 1}."
        )
    return f"{BATCHES}/{batch}/input/{part:05d}.csv"


def uploaded_at(folder: str) -> datetime | None:
    """Return when an upload began, which the name of its folder says; None if it is no such name.

    >>> str(uploaded_at("20260110T093000Z-0a1b2c3d"))
    '2026-01-10 09:30:00+00:00'
    """
    try:
        return datetime.strptime(folder.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def safe_name(name: str) -> str:
    """Return the name of a file as the end of a key, in characters that need no care anywhere.

    >>> safe_name("C:\\\\data\\\\Kunden 2024 (neu).csv"), safe_name("../..")
    ('Kunden-2024-neu-.csv', 'file')
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-.")
    return plain[-100:].lstrip("-.") or "file"


def part_bytes(size: int) -> int:
    """Return bytes of every part but the last: whole MiB, and so many that the parts are not too many."""
    mib = 1024**2
    least = -(-size // MOST_PARTS)
    return max(_PART_BYTES, -(-least // mib) * mib)


async def _json_of(request: Request) -> Mapping[str, Any]:
    try:
        told = json.loads(await body_of(request, _MOST_JSON_BYTES))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The request is not JSON.") from error
    if not isinstance(told, dict):
        raise InvalidRequest("The request is not a JSON object.")
    return told


def _answer(told: Mapping[str, Any]) -> Response:
    return JSONResponse(told, headers=PAGE_HEADERS)


def bucket_of(context: RequestContext) -> str:
    """Return the bucket that files of whoever is signed in go to."""
    return default_bucket(context.caller.account, context.caller.region)


def _signed(context: RequestContext, method: str, key: str, query: Mapping[str, str]) -> str:
    """Return a URL of this server for one request, path style, signed with the key of whoever is signed in."""
    credential = context.caller.credential
    keys = Credentials(
        credential.access_key, credential.secret_key, credential.session_token or None
    )
    request = AWSRequest(
        method, f"{context.url}/{bucket_of(context)}/{quote(key)}", params=dict(query)
    )
    S3SigV4QueryAuth(keys, "s3", context.caller.region, expires=_LIFETIME_S).add_auth(request)
    return str(request.prepare().url)


ROUTES = (
    Route("/console/uploads", begin, methods=["POST"]),
    Route("/console/uploads/urls", sign, methods=["POST"]),
)
