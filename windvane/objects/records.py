"""Records of the object store. Times are UTC; entity tags have no quotes; sizes are bytes of plain content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from windvane.objects.errors import ObjectFault

NULL_VERSION = "null"
"""The id of versions written while versioning was not enabled."""

MAX_KEY_BYTES = 1024
MAX_PARTS = 10_000
MIN_PART_BYTES = 5 * 2**20
"""source    "Amazon S3 multipart upload limits" in S3's user guide"""


class Versioning(Enum):
    """Whether a bucket keeps what is replaced or deleted."""

    OFF = "off"
    ENABLED = "enabled"
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class Bucket:
    """A bucket and the account that owns it."""

    name: str
    account: str
    region: str
    created: datetime
    versioning: Versioning = Versioning.OFF


class ChecksumType(Enum):
    """From what a checksum was worked out: the whole, or the checksums of the parts."""

    FULL_OBJECT = "FULL_OBJECT"
    COMPOSITE = "COMPOSITE"


@dataclass(frozen=True)
class Checksum:
    """A checksum beside the entity tag, as S3 writes it: Base64, of parts with their number behind a hyphen."""

    algorithm: str
    value: str
    type: ChecksumType = ChecksumType.FULL_OBJECT


@dataclass(frozen=True)
class Encryption:
    """The encryption of the stored bytes; the store keeps it and understands none of it.

    algorithm   "AES256", "aws:kms"
    key_id      ARN of the KMS key, None for the store's own
    sealed_key  the data key, encrypted
    parameters  whatever else the caller needs to open it (nonce, format, encryption context)
    """

    algorithm: str
    key_id: str | None = None
    sealed_key: bytes = b""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Attributes:
    """The attributes kept with the bytes; all of it is opaque to the store but `tags` (lifecycle rules read them).

    headers    content headers by lower-case name: content-type, cache-control, content-encoding, expires, ...
    metadata   x-amz-meta-* by the rest of the name
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    checksum: Checksum | None = None
    storage_class: str = "STANDARD"
    encryption: Encryption | None = None


@dataclass(frozen=True)
class Version:
    """One version of an object, or a delete marker (then of size 0, with an empty tag).

    version_id    "null", or opaque; later ones are greater
    stored_size   bytes on the disk: differs from `size` if they are encrypted
    n_parts       of an upload in parts, 0 if it was put at once
    sequence      the store's own number of it
    """

    bucket: str
    key: str
    version_id: str
    is_latest: bool
    is_delete_marker: bool
    size: int
    etag: str
    modified: datetime
    attributes: Attributes
    stored_size: int
    n_parts: int
    sequence: int


@dataclass(frozen=True)
class Condition:
    """The condition of a write on the newest version; all of it must be true.

    if_match        its entity tag; "*" for any
    if_none_match   no version with this entity tag; "*" for none at all
    """

    if_match: str | None = None
    if_none_match: str | None = None


@dataclass(frozen=True)
class Deletion:
    """One key of many to delete."""

    key: str
    version_id: str | None = None
    condition: Condition | None = None


@dataclass(frozen=True)
class Removal:
    """The result of a deletion.

    version_id       the version that was deleted, if one was named; None otherwise
    marker_id        id of the delete marker that was made, or that was deleted
    fault            why nothing was done (of `delete_many` alone; `delete` raises it)
    """

    key: str
    version_id: str | None = None
    marker_id: str | None = None
    fault: ObjectFault | None = None


@dataclass(frozen=True)
class Upload:
    """An upload in parts that is under way."""

    bucket: str
    key: str
    upload_id: str
    begun: datetime
    attributes: Attributes


@dataclass(frozen=True)
class Part:
    """One part; `etag` is the MD5 of its plain content in hexadecimal.

    stored_size   bytes on the disk
    parameters    whatever the caller needs to decrypt it
    """

    number: int
    size: int
    etag: str
    modified: datetime
    checksum: Checksum | None = None
    stored_size: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NamedPart:
    """A part as the request that completes an upload names it; what is None is not compared."""

    number: int
    etag: str
    checksum: Checksum | None = None


@dataclass(frozen=True)
class Listing:
    """A page of newest versions.

    objects, prefixes   each in order; a reader that shows both in one order merges them
    next                what to give as `after` for the next page, None if this is the last
    """

    objects: tuple[Version, ...]
    prefixes: tuple[str, ...]
    next: str | None


@dataclass(frozen=True)
class VersionPage:
    """A page of versions and delete markers; `next` is (key, version id) to go on after; the id is empty after a
    prefix."""

    versions: tuple[Version, ...]
    prefixes: tuple[str, ...]
    next: tuple[str, str] | None


@dataclass(frozen=True)
class UploadPage:
    """A page of uploads; `next` is (key, upload id) to go on after; the id is empty after a common prefix."""

    uploads: tuple[Upload, ...]
    prefixes: tuple[str, ...]
    next: tuple[str, str] | None


@dataclass(frozen=True)
class PartPage:
    """A page of parts; `next` is the number to go on after."""

    parts: tuple[Part, ...]
    next: int | None


@dataclass(frozen=True)
class BucketPage:
    """A page of buckets; `next` is the name to go on after."""

    buckets: tuple[Bucket, ...]
    next: str | None


@dataclass(frozen=True)
class Usage:
    """The content of an account's buckets: every version, and the parts of uploads under way."""

    n_bytes: int
    n_objects: int
