"""The object store: buckets, objects and their versions, uploads in parts. The contract of the embedded store.

What any kind owes:

- **Durable**: when a method that changes something returns, the change survives a power cut. Before that it is there
  whole or not at all, whatever ends the process.
- **Atomic**: readers see an object as it was or as it is; conditions are evaluated in the transaction that writes.
- **Keys are opaque**: any text of 1 to 1024 bytes of UTF-8, listed in the binary order of that UTF-8. Nothing is normalised.
- **Bytes are opaque**: what was written is what is read. Encrypting, decrypting and hashing are the caller's; so is the
  meaning of every name in `Attributes`. Where content is encrypted, `size` and `etag` are of the plain content.
- **Threads and processes**: one store serves many threads; several processes may each open the same folder. An opened
  store does not survive a fork: the child opens its own (the inherited one raises StoreUnusable).
- **Methods block** for as long as the disk does; an event loop calls them from a thread.

Whether a caller *may* do something is not asked here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from windvane.objects.lifecycle import LifecycleRule
from windvane.objects.records import (
    Attributes,
    Bucket,
    BucketPage,
    Checksum,
    Condition,
    Deletion,
    Listing,
    NamedPart,
    Part,
    PartPage,
    Removal,
    Upload,
    UploadPage,
    Usage,
    Version,
    Versioning,
    VersionPage,
)


class Staged(Protocol):
    """Bytes on their way into the store, used by one thread at a time.

    Leaving the `with` block discards what was not put; what was put stays. Nothing of it can be read before.
    """

    @property
    def size(self) -> int:
        """Bytes written so far."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append data to what is staged.

        raises    StoreUnusable if the disk is full; NoSuchUpload for a part of an upload that is over
        """

    def discard(self) -> None:
        """Drop it; nothing happens if it was put or discarded already."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Buckets(Protocol):
    """Buckets and what belongs to a whole bucket."""

    def create_bucket(self, name: str, account: str, region: str) -> Bucket:
        """Create a bucket.

        raises    BucketTaken, which names the owner: the caller tells its own bucket from another's
        """

    def bucket(self, name: str) -> Bucket:
        """Return a bucket.

        raises    NoSuchBucket
        """

    def owner(self, name: str) -> str | None:
        """Return the account that owns the bucket, None if there is no such bucket."""

    def list_buckets(
        self,
        account: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int = 10_000,
        region: str | None = None,
    ) -> BucketPage:
        """Return the account's buckets by name, those alone whose name starts with `prefix` and is greater than `after`."""

    def delete_bucket(self, name: str) -> None:
        """Abort its uploads, and delete it with its documents.

        raises    NoSuchBucket; BucketNotEmpty while it has a version or a delete marker
        """

    def set_versioning(self, bucket: str, versioning: Versioning) -> None:
        """Enable or suspend the versioning of a bucket.

        raises    NoSuchBucket; InvalidRequest for OFF once it was enabled or suspended
        """

    def document(self, bucket: str, name: str) -> str | None:
        """Return a configuration document as it was set; `name` is the caller's ("tagging", "cors", "policy", ...)."""

    def set_document(self, bucket: str, name: str, text: str | None) -> None:
        """Keep, replace or (None) remove a document; raises NoSuchBucket."""

    def lifecycle(self, bucket: str) -> tuple[LifecycleRule, ...]:
        """Return the lifecycle rules of a bucket.

        raises    NoSuchBucket
        """

    def set_lifecycle(self, bucket: str, rules: Sequence[LifecycleRule], text: str | None) -> None:
        """Set the rules that `sweep` executes, and the document "lifecycle" with them; no rules and None remove both."""

    def expiry_of(self, version: Version) -> tuple[datetime, LifecycleRule] | None:
        """Return when a newest version expires, and by which of its bucket's rules; None if by none. Raises NoSuchBucket."""

    def usage(self, account: str) -> Usage:
        """Return what the account's buckets hold, from a counter that every transaction keeps.

        What an account may store is more than this: names, attributes, rows and files count, too.
        """


class Objects(Protocol):
    """Objects, their versions and lists."""

    def stage(self) -> Staged:
        """Return an empty file (or buffer) to write an object's bytes to."""

    def put(
        self,
        bucket: str,
        key: str,
        staged: Staged,
        etag: str,
        attributes: Attributes,
        *,
        size: int | None = None,
        condition: Condition | None = None,
    ) -> Version:
        """Commit what was staged as the newest version of the key.

        etag      without quotes: the MD5 of the plain content in hexadecimal, as S3's clients expect
        size      of the plain content, if what was staged is encrypted
        returns   the version as it is now; its `version_id` is "null" unless versioning is enabled
        raises    NoSuchBucket; InvalidKey; PreconditionFailed; NoSuchKey if `condition.if_match` finds no object
        """

    def find(self, bucket: str, key: str, version_id: str | None = None) -> Version:
        """Return the newest version, or the one named; it may be a delete marker if it was named.

        raises    NoSuchBucket; NoSuchKey (with the delete marker, if the newest is one); NoSuchVersion
        """

    def open(self, version: Version) -> BinaryIO:
        """Return the stored bytes, seekable; whole and unchanged until closed, whatever happens to the version.

        A read raises DamagedObject if a file is not as it was written; its text names bucket and key.

        raises    NoSuchVersion if it is gone by now (find it again); DamagedObject
        """

    def parts(self, version: Version) -> tuple[Part, ...]:
        """Return the parts of which an upload was completed, in order; none for an object put at once."""

    def copy(
        self,
        source: Version,
        bucket: str,
        key: str,
        attributes: Attributes,
        *,
        condition: Condition | None = None,
    ) -> Version:
        """Make a new version of the same bytes, none of which is copied; source and target may be the same key.

        The parts, and so the entity tag's form, stay those of the source. Where the bytes are encrypted,
        `attributes.encryption` must be able to open them.

        raises    NoSuchVersion if the source is gone by now; and as `put`
        """

    def set_tags(self, version: Version, tags: Mapping[str, str]) -> None:
        """Replace a version's tags; raises NoSuchVersion."""

    def delete(
        self,
        bucket: str,
        key: str,
        version_id: str | None = None,
        *,
        condition: Condition | None = None,
    ) -> Removal:
        """Delete a key as S3 does: no version named and versioning on, a delete marker; else the version is gone.

        A key or version that does not exist is no error.

        raises    NoSuchBucket; PreconditionFailed
        """

    def delete_many(self, bucket: str, deletions: Sequence[Deletion]) -> tuple[Removal, ...]:
        """Delete many in one transaction; the answers are in the order of `deletions`, refusals among them.

        raises    NoSuchBucket
        """

    def list_objects(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        after: str = "",
        limit: int = 1000,
    ) -> Listing:
        """List newest versions that are no delete markers, by key.

        Keys that share `prefix` and what follows it up to `delimiter` are one common prefix, which counts as one entry and
        is passed over by one search. Every entry, key or common prefix, is greater than `after`: to go on, give `Listing.next`.
        A page of any list may end before its limit.

        raises    NoSuchBucket
        """

    def list_versions(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        after_key: str = "",
        after_version: str = "",
        limit: int = 1000,
    ) -> VersionPage:
        """List all versions and delete markers, by key and then the newest first.

        after_version   go on after this version of `after_key`; empty: with the first key greater than it

        raises    NoSuchBucket; NoSuchVersion if after_version is not a version id
        """


class Uploads(Protocol):
    """Objects that come in parts."""

    def create_upload(self, bucket: str, key: str, attributes: Attributes) -> Upload:
        """Begin a multipart upload.

        raises    NoSuchBucket; InvalidKey
        """

    def upload(self, bucket: str, key: str, upload_id: str) -> Upload:
        """Return an upload that is under way.

        raises    NoSuchUpload
        """

    def stage_part(self, upload: Upload) -> Staged:
        """Return an empty file to write a part's bytes to; raises NoSuchUpload.

        A copied part is one that the caller reads from `open` and writes here.
        """

    def put_part(
        self,
        upload: Upload,
        number: int,
        staged: Staged,
        etag: str,
        *,
        size: int | None = None,
        checksum: Checksum | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> Part:
        """Commit a part, in place of an earlier one of its number.

        etag        the MD5 of its plain content in hexadecimal
        size        of the plain content, if what was staged is encrypted; `parameters`: what opens it
        raises      NoSuchUpload; InvalidRequest if the number is not from 1 to 10,000
        """

    def list_parts(self, upload: Upload, *, after: int = 0, limit: int = 1000) -> PartPage:
        """Return a page of the parts of an upload.

        raises    NoSuchUpload
        """

    def list_uploads(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        after_key: str = "",
        after_upload: str = "",
        limit: int = 1000,
    ) -> UploadPage:
        """List uploads under way, by key and then by their beginning; paging as in `list_versions`."""

    def complete_upload(
        self,
        upload: Upload,
        parts: Sequence[NamedPart],
        attributes: Attributes,
        *,
        condition: Condition | None = None,
    ) -> Version:
        """Make the object of the parts named, in order, and drop the others.

        The entity tag is the MD5 of the parts' MD5s, a hyphen, and their number. Asked again with the same parts after it
        was done, it returns the same version, while that version exists.

        attributes  of the object: those of the upload, with the checksum of the whole that the caller has worked out
        raises      NoSuchUpload; InvalidPart; InvalidPartOrder; PartTooSmall; and as `put`
        """

    def abort_upload(self, upload: Upload) -> None:
        """Abort an upload and remove its parts.

        raises    NoSuchUpload
        """


class ObjectStore(Buckets, Objects, Uploads, Protocol):
    """The contract; see the head of this file."""

    def of(self, account: str) -> ObjectStore:
        """Return the same store as an account's: in it buckets of other accounts are not there, at any moment.

        Only `owner` and `create_bucket` still tell whose they are. A bucket may be deleted, and created by another account,
        between two calls: what was allowed for the one is not done to the other.
        """

    def sweep(self, now: datetime) -> None:
        """Execute the lifecycle rules of all buckets as of `now` (UTC), and remove files that nothing refers to.

        Safe beside other processes that write; to be called at the start and every hour or so.
        """

    def close(self) -> None:
        """Close files and connections; streams already open stay readable."""
