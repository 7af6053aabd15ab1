"""GetObject, HeadObject, GetObjectAttributes: conditions, ranges, parts, versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any, BinaryIO

from windvane.api.s3.attributes import checksum_members, described, quoted
from windvane.api.s3.encryption import DECRYPT, require_key
from windvane.api.s3.faults import in_words_of_s3
from windvane.objects.base import ObjectStore
from windvane.objects.errors import NoSuchVersion
from windvane.objects.records import NULL_VERSION, Part, Version, Versioning
from windvane.wire.s3.call import S3Call, S3Result
from windvane.wire.s3.conditions import ReadConditions, precondition_failed, read_range
from windvane.wire.s3.refusals import S3Refusal, refused

_OVERRIDES = (
    *("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage"),
    *("ContentType", "Expires"),
)
_HEADER = re.compile(r"[\x20-\x7e]*")
_MAX_PARTS = 1000


def get_object(store: ObjectStore, call: S3Call) -> S3Result:
    version, file = _open(store, call)
    try:
        result = _read(store, call, version)
        start = _start(result.members)
        file.seek(start)
    except BaseException:
        file.close()
        raise
    return S3Result(result.members, result.status, file, result.length)


def head_object(store: ObjectStore, call: S3Call) -> S3Result:
    return _read(store, call, find(store, call.parameters))


def get_object_attributes(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters
    version = find(store, given)
    wanted = set(given["ObjectAttributes"])
    members: dict[str, Any] = {
        "LastModified": version.modified,
        "VersionId": version_id_member(store, version),
    }
    if "ETag" in wanted:
        members["ETag"] = version.etag
    if "Checksum" in wanted and (checksum := checksum_members(version.attributes.checksum)):
        members["Checksum"] = checksum
    if "StorageClass" in wanted:
        members["StorageClass"] = "STANDARD"
    if "ObjectSize" in wanted:
        members["ObjectSize"] = version.size
    if "ObjectParts" in wanted and version.n_parts:
        members["ObjectParts"] = _parts(store, version, given)
    return S3Result(members)


def find(store: ObjectStore, given: Mapping[str, Any]) -> Version:
    """Return the version that a request reads; raises S3Refusal, for a delete marker too."""
    with in_words_of_s3():
        version = store.find(given["Bucket"], given["Key"], version_id_of(given))
    if version.is_delete_marker:
        raise S3Refusal(
            "MethodNotAllowed",
            405,
            "The specified method is not allowed against this resource.",
            {"Method": "GET", "ResourceType": "DeleteMarker"},
            {
                "x-amz-delete-marker": "true",
                "x-amz-version-id": version.version_id,
                "last-modified": format_datetime(
                    version.modified.replace(microsecond=0), usegmt=True
                ),
                "allow": "DELETE",
            },
        )
    return version


def version_id_of(given: Mapping[str, Any]) -> str | None:
    """Return the version that a request names, or None.

    raises    S3Refusal for an empty one, and for what no answer could repeat in its head
    """
    version_id: str | None = given.get("VersionId")
    if version_id == "":
        raise refused("InvalidArgument", "Version id cannot be the empty string")
    if version_id is not None and not _HEADER.fullmatch(version_id):
        raise refused("InvalidArgument", "Invalid version id specified")
    return version_id


def version_id_member(store: ObjectStore, version: Version) -> str | None:
    """Return the version id that an answer names; None in a bucket that never kept versions."""
    if version.version_id != NULL_VERSION:
        return version.version_id
    with in_words_of_s3():
        versioning = store.bucket(version.bucket).versioning
    return None if versioning is Versioning.OFF else version.version_id


def new_version_member(version: Version) -> str | None:
    """Return the id that a write tells: None unless it made a version of its own."""
    return None if version.version_id == NULL_VERSION else version.version_id


def expiration_member(store: ObjectStore, version: Version) -> str | None:
    """x-amz-expiration: when the object goes, and by which rule."""
    with in_words_of_s3():
        found = store.expiry_of(version)
    if found is None:
        return None
    moment, rule = found
    return (
        f'expiry-date="{format_datetime(moment, usegmt=True)}", rule-id="{_in_quotes(rule.name)}"'
    )


def _in_quotes(text: str) -> str:
    return re.sub(r"[^\x20-\x21\x23-\x7e]", "?", text)


def read_conditions(given: Mapping[str, Any], prefix: str = "") -> ReadConditions:
    return ReadConditions(
        given.get(f"{prefix}IfMatch"),
        given.get(f"{prefix}IfNoneMatch"),
        given.get(f"{prefix}IfModifiedSince"),
        given.get(f"{prefix}IfUnmodifiedSince"),
    )


def _open(store: ObjectStore, call: S3Call) -> tuple[Version, BinaryIO]:
    """Return a version and its bytes; one that is replaced in between is found again."""
    for _ in range(8):
        version = find(store, call.parameters)
        with in_words_of_s3():
            place = version.bucket, version.key
            require_key(store, call, DECRYPT, place, version.attributes.encryption)
        try:
            return version, store.open(version)
        except NoSuchVersion:
            continue
    raise refused("SlowDown")


def _read(store: ObjectStore, call: S3Call, version: Version) -> S3Result:
    given = call.parameters
    members = described(version) | _overridden(given)
    members["VersionId"] = version_id_member(store, version)
    unmet = read_conditions(given).unmet(version.etag, version.modified)
    if unmet is not None:
        if unmet[0] == 412:
            raise precondition_failed(unmet[1])
        raise _not_modified(version, members["VersionId"])
    start, end, status, more = _extent(store, given, version)
    if status == 206:
        members["ContentRange"] = f"bytes {start}-{end - 1}/{version.size}"
    elif given.get("ChecksumMode") == "ENABLED":
        more |= checksum_members(version.attributes.checksum)
    members |= more
    members["AcceptRanges"] = "bytes"
    members["Expiration"] = expiration_member(store, version)
    if tags := version.attributes.tags:
        members["TagCount"] = len(tags)
    return S3Result(members, status, length=end - start)


def _extent(
    store: ObjectStore, given: Mapping[str, Any], version: Version
) -> tuple[int, int, int, dict[str, Any]]:
    """Start and end of the bytes asked for, status, and what more there is to say."""
    number = given.get("PartNumber")
    if number is None:
        start, end, status = read_range(given.get("Range", ""), version.size)
        return start, end, status, {}
    if given.get("Range"):
        raise refused(
            "InvalidRequest", "Cannot specify both Range header and partNumber query parameter"
        )
    if not version.n_parts:
        if number != 1:
            raise refused("InvalidPartNumber")
        return 0, version.size, 206 if version.size else 200, {}
    parts = store.parts(version)
    if not 1 <= number <= len(parts):
        raise refused("InvalidPartNumber")
    start = sum(part.size for part in parts[: number - 1])
    more: dict[str, Any] = {"PartsCount": len(parts)}
    if given.get("ChecksumMode") == "ENABLED":
        more |= _checksum_of_part(version, parts[number - 1])
    return start, start + parts[number - 1].size, 206, more


def _checksum_of_part(version: Version, part: Part) -> dict[str, Any]:
    """Return the part's own checksum, with the type of the object's."""
    members = checksum_members(part.checksum)
    whole = version.attributes.checksum
    if members and whole is not None:
        members["ChecksumType"] = whole.type.value
    return members


def _start(members: Mapping[str, Any]) -> int:
    content_range = members.get("ContentRange", "")
    return int(content_range.split(" ")[1].split("-")[0]) if content_range else 0


def _overridden(given: Mapping[str, Any]) -> dict[str, str]:
    overridden = {}
    for name in _OVERRIDES:
        value = given.get(f"Response{name}")
        if value is None:
            continue
        if not _HEADER.fullmatch(str(value)):
            raise refused("InvalidArgument", f"Response{name} is no value of a header.")
        overridden[name] = value
    return overridden


def _not_modified(version: Version, version_id: str | None) -> S3Refusal:
    headers = {
        "etag": quoted(version.etag),
        "last-modified": format_datetime(version.modified.replace(microsecond=0), usegmt=True),
    }
    if version_id is not None:
        headers["x-amz-version-id"] = version_id
    return S3Refusal("NotModified", 304, "Not Modified", {}, headers)


def _parts(store: ObjectStore, version: Version, given: Mapping[str, Any]) -> dict[str, Any]:
    limit, after = given.get("MaxParts", _MAX_PARTS), given.get("PartNumberMarker", 0)
    if limit < 0 or after < 0:
        raise refused(
            "InvalidArgument", "x-amz-max-parts and x-amz-part-number-marker are 0 or more."
        )
    parts = store.parts(version)
    page = parts[after : after + min(limit, _MAX_PARTS)]
    shown: dict[str, Any] = {
        "TotalPartsCount": len(parts),
        "PartNumberMarker": after,
        "NextPartNumberMarker": after + len(page),
        "MaxParts": min(limit, _MAX_PARTS),
        "IsTruncated": after + len(page) < len(parts),
    }
    shown["Parts"] = [_part(number, part) for number, part in enumerate(page, after + 1)]
    return shown


def _part(number: int, part: Part) -> dict[str, Any]:
    members: dict[str, Any] = {"PartNumber": number, "Size": part.size}
    if part.checksum is not None:
        members[f"Checksum{part.checksum.algorithm}"] = part.checksum.value
    return members
