"""Uploads in parts: begin, copy a part, list parts, complete, abort."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from windvane.api.s3.attributes import attributes_of, checksum_members, quoted, unquoted
from windvane.api.s3.buckets import owner_member
from windvane.api.s3.copying import find_source
from windvane.api.s3.encryption import DECRYPT, ENCRYPT, encryption_members, require_key
from windvane.api.s3.faults import in_words_of_s3
from windvane.api.s3.reads import expiration_member, new_version_member, version_id_member
from windvane.api.s3.uploads import (
    PartSink,
    check_key,
    condition_of,
    part_number,
    wanted_encryption,
)
from windvane.objects.base import ObjectStore
from windvane.objects.encryption import BY_DEFAULT
from windvane.objects.errors import NoSuchUpload
from windvane.objects.records import (
    MAX_PARTS,
    Attributes,
    Checksum,
    ChecksumType,
    NamedPart,
    Part,
    Upload,
    Version,
)
from windvane.wire.s3.call import S3Call, S3Result
from windvane.wire.s3.checksums import COMBINED, COMPOSED, DEFAULT, SIZES, composite, whole
from windvane.wire.s3.payload import MAX_UPLOAD, UNSIGNED, BodyPlan, Intake
from windvane.wire.s3.refusals import refused

_PAGE = 1000
_BLOCK = 1 << 20
_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})")


def create_multipart_upload(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters
    check_key(given["Key"])
    checksum = _checksum_of(given)
    with in_words_of_s3():
        encryption = wanted_encryption(store, given)
        require_key(store, call, ENCRYPT, (given["Bucket"], given["Key"]), encryption)
        attributes = attributes_of(given, encryption, checksum)
        upload = store.create_upload(given["Bucket"], given["Key"], attributes)
    return S3Result(
        {
            "Bucket": upload.bucket,
            "Key": upload.key,
            "UploadId": upload.upload_id,
            "ChecksumAlgorithm": checksum.algorithm if checksum is not None else None,
            "ChecksumType": checksum.type.value if checksum is not None else None,
            **encryption_members(upload.attributes.encryption),
        }
    )


def upload_part_copy(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters
    number = part_number(given["PartNumber"])
    with in_words_of_s3():
        upload = store.upload(given["Bucket"], given["Key"], given["UploadId"])
        source = find_source(store, given)
        for action, one in ((ENCRYPT, upload), (DECRYPT, source)):
            require_key(store, call, action, (one.bucket, one.key), one.attributes.encryption)
        start, end = _copied_range(given.get("CopySourceRange"), source.size)
        if end - start > MAX_UPLOAD:
            raise refused(
                "InvalidRequest",
                f"The specified copy source is larger than the maximum allowable size for a copy source: {MAX_UPLOAD}",
            )
        sink = PartSink(store, upload, number)
        try:
            plan = BodyPlan(UNSIGNED, end - start)
            intake = Intake(plan, None, limit=MAX_UPLOAD, algorithm=sink.algorithm)
            with store.open(source) as file:
                file.seek(start)
                left = end - start
                while left:
                    block = file.read(min(_BLOCK, left))
                    left -= len(block)
                    sink.write(intake.feed(block))
                    intake.sum(block)
            written = sink.commit(intake.finish())
        finally:
            sink.discard()
        found = store.list_parts(upload, after=number - 1, limit=1).parts
    members = dict(written.members)
    result = {name: value for name, value in members.items() if name.startswith("Checksum")}
    result |= {
        "ETag": members["ETag"],
        "LastModified": found[0].modified if found else upload.begun,
    }
    return S3Result(
        {
            "CopyPartResult": result,
            "CopySourceVersionId": version_id_member(store, source),
            **encryption_members(upload.attributes.encryption),
        }
    )


def list_parts(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters
    limit, after = given.get("MaxParts", _PAGE), given.get("PartNumberMarker", 0)
    if limit < 0 or after < 0:
        raise refused("InvalidArgument", "max-parts and part-number-marker must be 0 or more.")
    limit = min(limit, _PAGE)
    with in_words_of_s3():
        upload = store.upload(given["Bucket"], given["Key"], given["UploadId"])
        page = store.list_parts(upload, after=after, limit=limit)
    owner = owner_member(call.caller.account)
    checksum = upload.attributes.checksum
    return S3Result(
        {
            "Bucket": upload.bucket,
            "Key": upload.key,
            "UploadId": upload.upload_id,
            "PartNumberMarker": after,
            "NextPartNumberMarker": page.parts[-1].number if page.parts else after,
            "MaxParts": limit,
            "IsTruncated": page.next is not None,
            "Parts": [_part(part) for part in page.parts],
            "Owner": owner,
            "Initiator": owner,
            "StorageClass": "STANDARD",
            "ChecksumAlgorithm": checksum.algorithm if checksum is not None else None,
            "ChecksumType": checksum.type.value if checksum is not None else None,
        }
    )


def complete_multipart_upload(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters
    named = _named(given.get("MultipartUpload", {}).get("Parts", ()))
    with in_words_of_s3():
        try:
            upload = store.upload(given["Bucket"], given["Key"], given["UploadId"])
        except NoSuchUpload:
            upload = _completed(given)
            version = store.complete_upload(upload, named, upload.attributes)
        else:
            version = _complete(store, upload, named, given)
    return S3Result(
        {
            "Location": f"/{upload.bucket}/{upload.key}",
            "Bucket": upload.bucket,
            "Key": upload.key,
            "ETag": quoted(version.etag),
            "VersionId": new_version_member(version),
            "Expiration": expiration_member(store, version),
            **encryption_members(version.attributes.encryption),
            **checksum_members(version.attributes.checksum),
        }
    )


def _complete(
    store: ObjectStore, upload: Upload, named: Sequence[NamedPart], given: Mapping[str, Any]
) -> Version:
    stored = _stored_parts(store, upload, named)
    checksum = _whole_checksum(upload, stored)
    _check_whole(given, stored, checksum)
    return store.complete_upload(
        upload,
        named,
        replace(upload.attributes, checksum=checksum),
        condition=condition_of(given),
    )


def _completed(given: Mapping[str, Any]) -> Upload:
    """Return an upload that is no more, as the store is asked whether it became an object: completing again is no error."""
    attributes = Attributes(encryption=BY_DEFAULT)
    return Upload(given["Bucket"], given["Key"], given["UploadId"], datetime.now(UTC), attributes)


def abort_multipart_upload(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters
    with in_words_of_s3():
        upload = store.upload(given["Bucket"], given["Key"], given["UploadId"])
        store.abort_upload(upload)
    return S3Result()


_DEFAULT = Checksum(DEFAULT, "", ChecksumType.FULL_OBJECT)
"""Of an upload that names none: its parts may come with any."""


def _checksum_of(given: Mapping[str, Any]) -> Checksum | None:
    """Algorithm and type of the checksums of an upload, its value yet empty; raises S3Refusal."""
    if "ChecksumAlgorithm" not in given and "ChecksumType" not in given:
        return None
    algorithm = given.get("ChecksumAlgorithm", DEFAULT)
    if algorithm not in SIZES:
        raise refused(
            "NotImplemented", f"The checksum {algorithm} is not served; {', '.join(SIZES)} are."
        )
    usual = ChecksumType.COMPOSITE if algorithm in COMPOSED else ChecksumType.FULL_OBJECT
    kind = ChecksumType(given.get("ChecksumType", usual.value))
    fitting = COMPOSED if kind is ChecksumType.COMPOSITE else COMBINED
    if algorithm not in fitting:
        raise refused(
            "InvalidRequest",
            f"The {kind.value} checksum type cannot be used with the {algorithm.lower()} checksum algorithm.",
        )
    return Checksum(algorithm, "", kind)


def _named(parts: Sequence[Mapping[str, Any]]) -> list[NamedPart]:
    if not 1 <= len(parts) <= MAX_PARTS:
        raise refused("MalformedXML")
    named = []
    for part in parts:
        if "ETag" not in part or "PartNumber" not in part:
            raise refused("MalformedXML")
        given = [
            Checksum(name, part[f"Checksum{name}"]) for name in SIZES if f"Checksum{name}" in part
        ]
        named.append(
            NamedPart(part["PartNumber"], unquoted(part["ETag"]), given[0] if given else None)
        )
    return named


def _stored_parts(store: ObjectStore, upload: Upload, named: Sequence[NamedPart]) -> list[Part]:
    """Return the parts that are named and there, in order; complete_upload refuses what is wrong with the others."""
    wanted = {part.number for part in named}
    stored: list[Part] = []
    after: int | None = 0
    while after is not None:
        page = store.list_parts(upload, after=after, limit=_PAGE)
        stored += [part for part in page.parts if part.number in wanted]
        after = page.next
    return stored


def _whole_checksum(upload: Upload, parts: Sequence[Part]) -> Checksum | None:
    asked = upload.attributes.checksum or _DEFAULT
    if any(part.checksum is None for part in parts):
        return None
    sums = [part.checksum.value for part in parts if part.checksum is not None]
    if asked.type is ChecksumType.COMPOSITE:
        return replace(asked, value=composite(asked.algorithm, sums))
    sized = [(value, part.size) for value, part in zip(sums, parts, strict=True)]
    return replace(asked, value=whole(asked.algorithm, sized))


def _check_whole(
    given: Mapping[str, Any], parts: Sequence[Part], checksum: Checksum | None
) -> None:
    expected_size = given.get("MpuObjectSize")
    if expected_size is not None and expected_size != sum(part.size for part in parts):
        raise refused(
            "InvalidRequest",
            "The provided 'x-amz-mp-object-size' header does not match what was computed.",
        )
    asked_type = given.get("ChecksumType")
    if checksum is not None and asked_type not in (None, checksum.type.value):
        raise refused(
            "InvalidRequest",
            f"The upload was created using the {checksum.type.value} checksum mode.",
        )
    for name in SIZES:
        value = given.get(f"Checksum{name}")
        if value is None:
            continue
        if checksum is None or checksum.algorithm != name:
            raise refused(
                "InvalidRequest", f"The upload was not created using the {name.lower()} checksum."
            )
        if value.partition("-")[0] != checksum.value.partition("-")[0]:
            raise refused(
                "BadDigest", f"The {name} you specified did not match the calculated checksum."
            )


def _copied_range(text: str | None, size: int) -> tuple[int, int]:
    if text is None:
        return 0, size
    match = _RANGE.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise refused(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last "
            "are the zero-based offsets of the first and last bytes to copy",
        )
    if int(match[2]) >= size:
        raise refused(
            "InvalidRange", f"Range specified is not valid for source object of size: {size}"
        )
    return int(match[1]), int(match[2]) + 1


def _part(part: Part) -> dict[str, Any]:
    members: dict[str, Any] = {
        "PartNumber": part.number,
        "LastModified": part.modified,
        "ETag": quoted(part.etag),
        "Size": part.size,
    }
    if part.checksum is not None:
        members[f"Checksum{part.checksum.algorithm}"] = part.checksum.value
    return members
