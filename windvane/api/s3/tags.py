"""The rules of tags, of objects and of buckets.

source    "Categorizing your objects using tags" in S3's user guide
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from windvane.wire.s3.refusals import refused

MAX_OF_OBJECT = 10
MAX_OF_BUCKET = 50
_MAX_KEY, _MAX_VALUE = 128, 256
_SIGNS = frozenset("_.:/=+-@ ")


def tags_of_header(text: str | None) -> dict[str, str]:
    """Read x-amz-tagging, which is written as a query; raises S3Refusal."""
    if not text:
        return {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise refused(
            "InvalidArgument",
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
        ) from error
    return checked(pairs, MAX_OF_OBJECT)


def tags_of_set(tag_set: Sequence[Mapping[str, str]], limit: int) -> dict[str, str]:
    """Return the tags of a request's tag set, checked.

    raises    S3Refusal
    """
    return checked([(tag["Key"], tag["Value"]) for tag in tag_set], limit)


def tag_set(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def checked(pairs: Sequence[tuple[str, str]], limit: int) -> dict[str, str]:
    """Return tags as a dictionary once they keep S3's rules.

    raises    S3Refusal for tags that break a rule
    """
    tags = dict(pairs)
    if len(tags) < len(pairs):
        raise refused("InvalidTag", "Cannot provide multiple Tags with the same key")
    if len(tags) > limit:
        what = "Object" if limit == MAX_OF_OBJECT else "Bucket"
        raise refused("InvalidTag", f"{what} tags cannot be greater than {limit}")
    for key, value in pairs:
        if not 1 <= len(key) <= _MAX_KEY or not _is_text(key):
            raise refused("InvalidTag", "The TagKey you have provided is invalid")
        if len(value) > _MAX_VALUE or not _is_text(value):
            raise refused("InvalidTag", "The TagValue you have provided is invalid")
        if key.lower().startswith("aws:"):
            raise refused("InvalidTag", "System tags cannot be added/updated by requester")
    return tags


def _is_text(text: str) -> bool:
    return all(sign in _SIGNS or unicodedata.category(sign)[0] in "LNZ" for sign in text)
