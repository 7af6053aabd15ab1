"""The tags of a job that the console goes by: what it is based on, its project, and whether lists leave it out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from windvane.console.request_context import RequestContext
from windvane.errors import AccessDenied
from windvane.names import SENSITIVE_SEPARATOR, SENSITIVE_TAG

PROJECT, ARCHIVED = "project", "windvane:archived"
"""Keys of tags, as ListAutoMLJobOverviews knows them."""

_ESCAPED = re.compile(r"(?:=[0-9A-F]{2})+")
_TO_ESCAPE = re.compile(r"[^\w .:+\-@]|^ | $")
"""What a value of a tag may not have, or has another meaning here."""


async def tags_of(context: RequestContext, job: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a job; none if whoever is signed in may not see them.

    job    of DescribeAutoMLJobV2
    """
    try:
        answer = await context.ask("sagemaker", "ListTags", {"ResourceArn": job["AutoMLJobArn"]})
    except AccessDenied:
        return {}
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}


def sensitive_columns(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns that the tags of a job mark as sensitive, in their order.

    >>> sensitive_columns({"windvane:sensitive-columns": "sex/age =28years=29"})
    ('sex', 'age (years)')
    """
    named = (one.strip() for one in tags.get(SENSITIVE_TAG, "").split(SENSITIVE_SEPARATOR))
    return tuple(dict.fromkeys(_ESCAPED.sub(_unescaped, one) for one in named if one))


def sensitive_value(columns: Iterable[str]) -> str:
    """Return the value of the tag that marks columns as sensitive; "" for none.

    >>> sensitive_value(["sex", "age (years)"])
    'sex/age =28years=29'
    """
    return SENSITIVE_SEPARATOR.join(_TO_ESCAPE.sub(_escape, one) for one in columns)


def _escape(found: re.Match[str]) -> str:
    return "".join(f"={byte:02X}" for byte in found[0].encode())


def _unescaped(found: re.Match[str]) -> str:
    """Return the text that bytes in hexadecimal digits stand for; if they are none, the digits as they are."""
    try:
        return bytes.fromhex(found[0].replace("=", "")).decode()
    except UnicodeDecodeError:
        return found[0]
