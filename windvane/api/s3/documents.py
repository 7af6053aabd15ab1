"""Configuration documents of buckets, kept as JSON of their members."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from windvane.api.s3.faults import in_words_of_s3
from windvane.objects.base import ObjectStore


def get_json(store: ObjectStore, bucket: str, name: str) -> dict[str, Any] | None:
    """Return the document as it was set, None if there is none; raises S3Refusal without a bucket."""
    with in_words_of_s3():
        text = store.document(bucket, name)
    if text is None:
        return None
    document: dict[str, Any] = json.loads(text, object_hook=_with_moments)
    return document


def set_json(
    store: ObjectStore, bucket: str, name: str, document: Mapping[str, Any] | None
) -> None:
    """Keep a document of a bucket; None removes it."""
    with in_words_of_s3():
        store.set_document(bucket, name, None if document is None else to_json(document))


def to_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, default=_moment_to_json)


_MOMENT = "$moment"


def _moment_to_json(value: Any) -> dict[str, str]:
    if not isinstance(value, datetime):
        raise TypeError(type(value).__name__)
    return {_MOMENT: value.isoformat()}


def _with_moments(value: dict[str, Any]) -> Any:
    if value.keys() == {_MOMENT}:
        return datetime.fromisoformat(value[_MOMENT])
    return value
