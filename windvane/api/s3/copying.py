"""CopyObject: the same bytes under another key, or with other attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from windvane.api.s3.attributes import (
    attributes_of,
    check_access,
    checksum_members,
    headers_of,
    metadata_of,
    quoted,
)
from windvane.api.s3.encryption import DECRYPT, ENCRYPT, encryption_members, require_key
from windvane.api.s3.faults import in_words_of_s3
from windvane.api.s3.reads import (
    expiration_member,
    find,
    new_version_member,
    read_conditions,
    version_id_member,
)
from windvane.api.s3.tags import tags_of_header
from windvane.api.s3.uploads import check_key, condition_of, wanted_encryption
from windvane.objects.base import ObjectStore
from windvane.objects.errors import NoSuchVersion
from windvane.objects.records import Attributes, Checksum, Version
from windvane.wire.s3.actions import (
    facts_of,
    facts_of_source,
    object_arn,
    of_source,
    read_source,
)
from windvane.wire.s3.call import S3Call, S3Result
from windvane.wire.s3.checksums import SIZES, encode, new_hasher
from windvane.wire.s3.conditions import precondition_failed
from windvane.wire.s3.payload import MAX_UPLOAD
from windvane.wire.s3.refusals import refused

_BLOCK = 1 << 20
_CHANGES = ("ServerSideEncryption", "ChecksumAlgorithm", "SSEKMSKeyId")


def copy_object(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters
    check_key(given["Key"])
    check_access(given)
    for _ in range(8):
        try:
            return _copy(store, call)
        except NoSuchVersion:
            continue  # the source was replaced in between: it is found again
    raise refused("SlowDown")


def find_source(store: ObjectStore, given: Mapping[str, Any]) -> Version:
    """Return the version that x-amz-copy-source names, whose conditions hold; raises S3Refusal."""
    bucket, key, version_id = read_source(given["CopySource"])
    source = find(store, {"Bucket": bucket, "Key": key, "VersionId": version_id})
    unmet = read_conditions(given, "CopySource").unmet(source.etag, source.modified)
    if unmet is not None:
        raise precondition_failed(f"x-amz-copy-source-{unmet[1]}")
    return source


def _copy(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters
    source = find_source(store, given)
    if source.size > MAX_UPLOAD:
        raise refused(
            "InvalidRequest",
            f"The specified copy source is larger than the maximum allowable size for a copy source: {MAX_UPLOAD}",
        )
    _check_itself(given, source)
    if source.attributes.tags and given.get("TaggingDirective", "COPY") == "COPY":
        call.authorize(*of_source("GetObjectTagging", given), facts_of_source(given))
        tagged = object_arn(given["Bucket"], given["Key"])
        call.authorize("s3:PutObjectTagging", tagged, facts_of(given))
    with in_words_of_s3():
        place = source.bucket, source.key
        require_key(store, call, DECRYPT, place, source.attributes.encryption)
    attributes = _attributes(store, given, source)
    with in_words_of_s3():
        place = given["Bucket"], given["Key"]
        require_key(store, call, ENCRYPT, place, attributes.encryption)
    condition = condition_of(given)
    try:
        version = store.copy(source, given["Bucket"], given["Key"], attributes, condition=condition)
    except NoSuchVersion:
        raise
    except Exception:
        with in_words_of_s3():
            raise
    result = {"ETag": quoted(version.etag), "LastModified": version.modified}
    return S3Result(
        {
            "CopyObjectResult": result | checksum_members(version.attributes.checksum),
            "CopySourceVersionId": version_id_member(store, source),
            "VersionId": new_version_member(version),
            "Expiration": expiration_member(store, version),
            **encryption_members(version.attributes.encryption),
        }
    )


def _check_itself(given: Mapping[str, Any], source: Version) -> None:
    onto_itself = (source.bucket, source.key) == (given["Bucket"], given["Key"])
    replaces = given.get("MetadataDirective", "COPY") == "REPLACE"
    if onto_itself and source.is_latest and not replaces and not any(n in given for n in _CHANGES):
        raise refused(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing "
            "the object's metadata, storage class, website redirect location or encryption attributes.",
        )


def _attributes(store: ObjectStore, given: Mapping[str, Any], source: Version) -> Attributes:
    with in_words_of_s3():
        encryption = wanted_encryption(store, given)
    kept = attributes_of({**given, "Tagging": None}, encryption, None)
    if given.get("MetadataDirective", "COPY") == "REPLACE":
        headers, metadata = headers_of(given), metadata_of(given)
    else:
        headers, metadata = dict(source.attributes.headers), dict(source.attributes.metadata)
    replaces_tags = given.get("TaggingDirective", "COPY") == "REPLACE"
    tags = tags_of_header(given.get("Tagging")) if replaces_tags else source.attributes.tags
    return replace(
        kept,
        headers=headers,
        metadata=metadata,
        tags=tags,
        checksum=_checksum(store, given, source),
    )


def _checksum(store: ObjectStore, given: Mapping[str, Any], source: Version) -> Checksum | None:
    """Return the checksum of the source, or the one that is asked for, worked out over its bytes."""
    algorithm = given.get("ChecksumAlgorithm")
    had = source.attributes.checksum
    if algorithm is None or (had is not None and had.algorithm == algorithm):
        return had
    if algorithm not in SIZES:
        raise refused(
            "NotImplemented", f"The checksum {algorithm} is not served; {', '.join(SIZES)} are."
        )
    hasher = new_hasher(algorithm)
    with store.open(source) as file:
        while block := file.read(_BLOCK):
            hasher.update(block)
    return Checksum(algorithm, encode(hasher.digest()))
