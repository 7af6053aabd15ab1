"""Lifecycle configurations: expiry of objects, of old versions, of delete markers and of uploads in parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from windvane.api.s3.documents import get_json, to_json
from windvane.api.s3.faults import in_words_of_s3
from windvane.api.s3.tags import MAX_OF_OBJECT, tags_of_set
from windvane.names import fresh_suffix
from windvane.objects.base import ObjectStore
from windvane.objects.lifecycle import LifecycleFilter, LifecycleRule
from windvane.wire.s3.call import S3Call, S3Result
from windvane.wire.s3.refusals import S3Refusal, refused

DOCUMENT = "lifecycle"
_MAX_RULES = 1000
_MAX_ID = 255


def get_bucket_lifecycle(store: ObjectStore, call: S3Call) -> S3Result:
    configuration = get_json(store, call.parameters["Bucket"], DOCUMENT)
    if configuration is None:
        raise refused("NoSuchLifecycleConfiguration")
    return S3Result(configuration)


def put_bucket_lifecycle(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters.get("LifecycleConfiguration", {}).get("Rules", ())
    if not 1 <= len(given) <= _MAX_RULES:
        raise refused("MalformedXML")
    named = [{"ID": f"rule-{fresh_suffix()}", **rule} for rule in given]
    if len({rule["ID"] for rule in named}) < len(named):
        raise refused(
            "InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule"
        )
    rules = [_rule(rule) for rule in named]
    text = to_json({"Rules": named})
    json.loads(text)
    with in_words_of_s3():
        store.set_lifecycle(call.parameters["Bucket"], rules, text)
    return S3Result()


def delete_bucket_lifecycle(store: ObjectStore, call: S3Call) -> S3Result:
    with in_words_of_s3():
        store.set_lifecycle(call.parameters["Bucket"], (), None)
    return S3Result()


def _rule(given: Mapping[str, Any]) -> LifecycleRule:
    if len(given["ID"]) > _MAX_ID:
        raise refused("InvalidArgument", "ID length should not exceed allowed limit of 255")
    if given.get("Transitions") or given.get("NoncurrentVersionTransitions"):
        raise refused(
            "NotImplemented",
            "There is one class of storage here, STANDARD: nothing can move to another.",
        )
    expiration = given.get("Expiration", {})
    noncurrent = given.get("NoncurrentVersionExpiration", {})
    abort = given.get("AbortIncompleteMultipartUpload", {})
    if not (expiration or noncurrent or abort):
        raise refused("InvalidRequest", "At least one action needs to be specified in a rule")
    if len(expiration) > 1:
        raise refused("MalformedXML")
    taken = _filter(given)
    if abort and (
        taken.tags or taken.size_greater_than is not None or taken.size_less_than is not None
    ):
        raise refused(
            "InvalidRequest",
            "AbortIncompleteMultipartUpload cannot be specified with Tags or sizes.",
        )
    if expiration.get("ExpiredObjectDeleteMarker") and taken.tags:
        raise refused("InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Tags.")
    return LifecycleRule(
        name=given["ID"],
        enabled=given["Status"] == "Enabled",
        filter=taken,
        expire_days=_positive(expiration, "Days"),
        expire_date=_midnight(expiration.get("Date")),
        expire_lone_markers=bool(expiration.get("ExpiredObjectDeleteMarker")),
        noncurrent_days=_positive(noncurrent, "NoncurrentDays"),
        noncurrent_kept=_positive(noncurrent, "NewerNoncurrentVersions"),
        abort_days=_positive(abort, "DaysAfterInitiation"),
    )


def _filter(given: Mapping[str, Any]) -> LifecycleFilter:
    if "Filter" not in given:
        if "Prefix" not in given:
            raise refused("MalformedXML")
        return LifecycleFilter(prefix=given["Prefix"])
    if "Prefix" in given or len(given["Filter"]) > 1:
        raise refused("MalformedXML")
    asked = given["Filter"]
    if "And" in asked:
        asked = asked["And"]
        tags = asked.get("Tags", ())
    else:
        tags = [asked["Tag"]] if "Tag" in asked else ()
    return LifecycleFilter(
        prefix=asked.get("Prefix", ""),
        tags=tags_of_set(tags, MAX_OF_OBJECT),
        size_greater_than=asked.get("ObjectSizeGreaterThan"),
        size_less_than=asked.get("ObjectSizeLessThan"),
    )


def _positive(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if not 1 <= value < 2**31:
        raise _invalid(f"'{name}' must be a positive integer")
    return int(value)


def _midnight(moment: datetime | None) -> datetime | None:
    if moment is not None and (moment.hour, moment.minute, moment.second, moment.microsecond) != (
        0,
        0,
        0,
        0,
    ):
        raise _invalid("'Date' must be at midnight GMT")
    return moment


def _invalid(sentence: str) -> S3Refusal:
    return refused("InvalidArgument", sentence)
