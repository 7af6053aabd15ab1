"""DeleteObject and DeleteObjects."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from windvane.api.s3.attributes import unquoted
from windvane.api.s3.faults import as_refusal, in_words_of_s3
from windvane.api.s3.reads import version_id_of
from windvane.errors import AccessDenied
from windvane.objects.base import ObjectStore
from windvane.objects.records import Condition, Deletion, Removal
from windvane.wire.s3.actions import facts_of_deletion, of_deletion
from windvane.wire.s3.call import S3Call, S3Result
from windvane.wire.s3.refusals import refused

_MAX_KEYS = 1000
_DECIDED_FOR_S = 10.0
"""How long a request's keys are decided about; AWS's own policies take a millisecond for all."""


def delete_object(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters
    _refuse_others(given)
    with in_words_of_s3():
        removal = store.delete(
            given["Bucket"],
            given["Key"],
            version_id_of(given),
            condition=_condition(given.get("IfMatch")),
        )
    return S3Result(
        {
            "DeleteMarker": True if removal.marker_id is not None else None,
            "VersionId": removal.version_id or removal.marker_id,
        }
    )


def delete_objects(store: ObjectStore, call: S3Call) -> S3Result:
    given, asked = call.parameters, call.parameters["Delete"]
    entries = asked["Objects"]
    if not 1 <= len(entries) <= _MAX_KEYS:
        raise refused("MalformedXML")
    errors: list[dict[str, Any]] = []
    deletions: list[Deletion] = []
    give_up = time.monotonic() + _DECIDED_FOR_S
    for entry in entries:
        version_id = version_id_of(entry)
        _refuse_others(entry)
        if time.monotonic() > give_up:
            late = refused("SlowDown")
            errors.append(_error(entry["Key"], version_id, late.code, str(late)))
            continue
        try:
            for permission in of_deletion(given["Bucket"], entry):
                call.authorize(*permission, facts_of_deletion(entry))
        except AccessDenied as denied:
            errors.append(_error(entry["Key"], version_id, "AccessDenied", str(denied)))
        else:
            condition = _condition(entry.get("ETag"))
            deletions.append(Deletion(entry["Key"], version_id, condition))
    with in_words_of_s3():
        removals = store.delete_many(given["Bucket"], deletions)
    for deletion, removal in zip(deletions, removals, strict=True):
        if removal.fault is not None:
            refusal = as_refusal(removal.fault)
            errors.append(_error(deletion.key, deletion.version_id, refusal.code, str(refusal)))
    deleted = [] if asked.get("Quiet") else [_deleted(one) for one in removals if one.fault is None]
    return S3Result({"Deleted": deleted, "Errors": errors})


def _condition(etag: str | None) -> Condition | None:
    if etag is None:
        return None
    return Condition(if_match=etag if etag == "*" else unquoted(etag))


def _refuse_others(given: Mapping[str, Any]) -> None:
    for name in ("IfMatchLastModifiedTime", "IfMatchSize", "LastModifiedTime", "Size"):
        if name in given:
            raise refused(
                "NotImplemented",
                f"{name} is a condition of directory buckets, which are not served here.",
            )


def _deleted(removal: Removal) -> dict[str, Any]:
    members: dict[str, Any] = {"Key": removal.key, "VersionId": removal.version_id}
    if removal.marker_id is not None:
        members |= {"DeleteMarker": True, "DeleteMarkerVersionId": removal.marker_id}
    return members


def _error(key: str, version_id: str | None, code: str, message: str) -> dict[str, Any]:
    return {"Key": key, "VersionId": version_id, "Code": code, "Message": message}
