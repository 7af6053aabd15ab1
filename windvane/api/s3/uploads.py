"""PutObject and UploadPart: where the content of an upload goes, and what is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.api.s3.attributes import attributes_of, checksum_members, quoted, unquoted
from windvane.api.s3.encryption import (
    DOCUMENT,
    ENCRYPT,
    encryption_members,
    encryption_of,
    require_key,
)
from windvane.api.s3.faults import in_words_of_s3
from windvane.api.s3.reads import expiration_member, new_version_member
from windvane.objects.base import ObjectStore, Staged
from windvane.objects.records import (
    MAX_KEY_BYTES,
    MAX_PARTS,
    Attributes,
    Checksum,
    Condition,
    Encryption,
    Upload,
)
from windvane.wire.s3.call import S3Call, S3Result, Sink
from windvane.wire.s3.checksums import DEFAULT
from windvane.wire.s3.payload import Digests
from windvane.wire.s3.refusals import refused


class ObjectSink:
    """The content of an object that is put at once."""

    algorithm = DEFAULT

    def __init__(
        self, store: ObjectStore, given: Mapping[str, Any], attributes: Attributes
    ) -> None:
        self._store, self._given, self._attributes = store, given, attributes
        self._staged: Staged = store.stage()

    def write(self, data: bytes, /) -> None:
        with in_words_of_s3():
            self._staged.write(data)

    def commit(self, digests: Digests, /) -> S3Result:
        checksum = Checksum(digests.algorithm, digests.checksum)
        attributes = Attributes(
            self._attributes.headers,
            self._attributes.metadata,
            self._attributes.tags,
            checksum,
            encryption=self._attributes.encryption,
        )
        with in_words_of_s3():
            version = self._store.put(
                self._given["Bucket"],
                self._given["Key"],
                self._staged,
                digests.md5,
                attributes,
                size=digests.size,
                condition=condition_of(self._given),
            )
        return S3Result(
            {
                "ETag": quoted(version.etag),
                "VersionId": new_version_member(version),
                "Expiration": expiration_member(self._store, version),
                **encryption_members(version.attributes.encryption),
                **checksum_members(checksum),
            }
        )

    def discard(self) -> None:
        self._staged.discard()


class PartSink:
    """The content of one part."""

    def __init__(self, store: ObjectStore, upload: Upload, number: int) -> None:
        self._store, self._upload, self._number = store, upload, number
        named = upload.attributes.checksum
        self._is_named = named is not None
        self.algorithm = named.algorithm if named is not None else DEFAULT
        self._staged: Staged = store.stage_part(upload)

    def write(self, data: bytes, /) -> None:
        with in_words_of_s3():
            self._staged.write(data)

    def commit(self, digests: Digests, /) -> S3Result:
        if self._is_named and digests.algorithm != self.algorithm:
            raise refused(
                "InvalidRequest",
                "Checksum Type mismatch occurred, expected checksum Type: "
                f"{self.algorithm.lower()}, actual checksum Type: {digests.algorithm.lower()}",
            )
        told = Checksum(digests.algorithm, digests.checksum)
        with in_words_of_s3():
            part = self._store.put_part(
                self._upload,
                self._number,
                self._staged,
                digests.md5,
                size=digests.size,
                checksum=Checksum(self.algorithm, digests.wanted),
            )
        members = checksum_members(told)
        members.pop("ChecksumType")
        return S3Result(
            {
                "ETag": quoted(part.etag),
                **encryption_members(self._upload.attributes.encryption),
                **members,
            }
        )

    def discard(self) -> None:
        self._staged.discard()


def begin_object(store: ObjectStore, call: S3Call) -> Sink:
    given = call.parameters
    check_key(given["Key"])
    with in_words_of_s3():
        encryption = wanted_encryption(store, given)
        require_key(store, call, ENCRYPT, (given["Bucket"], given["Key"]), encryption)
        attributes = attributes_of(given, encryption, None)
        return ObjectSink(store, given, attributes)


def begin_part(store: ObjectStore, call: S3Call) -> Sink:
    given = call.parameters
    number = part_number(given["PartNumber"])
    with in_words_of_s3():
        upload = store.upload(given["Bucket"], given["Key"], given["UploadId"])
        place = upload.bucket, upload.key
        require_key(store, call, ENCRYPT, place, upload.attributes.encryption)
        return PartSink(store, upload, number)


def wanted_encryption(store: ObjectStore, given: Mapping[str, Any]) -> Encryption | None:
    return encryption_of(given, store.document(given["Bucket"], DOCUMENT))


def part_number(number: int) -> int:
    if not 1 <= number <= MAX_PARTS:
        raise refused(
            "InvalidArgument",
            f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive",
        )
    return number


def check_key(key: str) -> None:
    size = len(key.encode())
    if size > MAX_KEY_BYTES:
        raise refused(
            "KeyTooLongError", details={"Size": str(size), "MaxSizeAllowed": str(MAX_KEY_BYTES)}
        )


def condition_of(given: Mapping[str, Any]) -> Condition | None:
    """Return what must hold for a write to happen; AWS has no more than '*' for If-None-Match."""
    if_match, if_none_match = given.get("IfMatch"), given.get("IfNoneMatch")
    if if_match is None and if_none_match is None:
        return None
    return Condition(_tag(if_match), _tag(if_none_match))


def _tag(given: str | None) -> str | None:
    return given if given in (None, "*") else unquoted(given)
