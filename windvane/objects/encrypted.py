"""The object store as its users see it: plain bytes in, plain bytes out, and nothing plain on the disk.

An `ObjectStore` over another one, which keeps what this one encrypts. `Attributes.encryption` of what is written says what is
asked for (encryption.py; None means the bucket's default, else AES256); that of a version says how it is encrypted.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

from windvane.objects.base import ObjectStore, Staged
from windvane.objects.encrypted_content import EncryptedStage, identity_in, opened, own_stage
from windvane.objects.encryption import (
    BY_DEFAULT,
    DEFAULT_DOCUMENT,
    Algorithm,
    DataKeys,
    ObjectName,
    default_of,
)
from windvane.objects.frames import KEY_BYTES
from windvane.objects.lifecycle import LifecycleRule
from windvane.objects.records import (
    Attributes,
    Bucket,
    BucketPage,
    Checksum,
    Condition,
    Deletion,
    Encryption,
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
from windvane.objects.rows import key_bytes

_CHUNK = 1 << 20


class EncryptedStore:
    """See the head of this file. Errors of keys (DataKeys) are raised by what writes and by `open`."""

    def __init__(self, inner: ObjectStore, keys: DataKeys) -> None:
        self._inner, self._keys = inner, keys

    def of(self, account: str) -> EncryptedStore:
        return EncryptedStore(self._inner.of(account), self._keys)

    def key_needed(self, bucket: str, key: str, encryption: Encryption | None) -> str | None:
        """Return the ARN of the key of KMS that whoever reads or writes this must be allowed to use; None if there is none.

        encryption    asked for, or that of a version or an upload
        raises        NoSuchBucket; errors of keys
        """
        if encryption is None or encryption.algorithm == Algorithm.S3:
            return None
        return self._keys.resolve(self._named(bucket, key), encryption)

    def default_key_needed(self, bucket: str, key: str) -> str | None:
        """Return the same for an object that is written without saying how it is to be encrypted."""
        return self.key_needed(bucket, key, self._default(bucket))

    # objects
    def stage(self) -> EncryptedStage:
        return EncryptedStage(self._inner.stage(), secrets.token_bytes(KEY_BYTES))

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
        """Encrypt what was staged if that is asked for, and make it the newest version of a key.

        size    may be left out: it is that of what was written
        """
        stage = own_stage(staged, size)
        kept = self._wrapped(self._named(bucket, key), attributes, stage.data_key)
        kept = replace(kept, parameters={**kept.parameters, **stage.parameters})
        return self._inner.put(
            bucket,
            key,
            stage.finish(),
            etag,
            replace(attributes, encryption=kept),
            size=stage.size,
            condition=condition,
        )

    def find(self, bucket: str, key: str, version_id: str | None = None) -> Version:
        return self._inner.find(bucket, key, version_id)

    def open(self, version: Version) -> BinaryIO:
        kept = version.attributes.encryption
        if kept is None:
            return self._inner.open(version)
        data_key = self._keys.unwrap(self._named(version.bucket, version.key), kept)
        file = self._inner.open(version)
        try:
            return opened(file, kept, self._inner.parts(version), data_key)
        except BaseException:
            file.close()
            raise

    def parts(self, version: Version) -> tuple[Part, ...]:
        return self._inner.parts(version)

    def copy(
        self,
        source: Version,
        bucket: str,
        key: str,
        attributes: Attributes,
        *,
        condition: Condition | None = None,
    ) -> Version:
        """Make a copy that keeps the source's data key, wrapped anew for its own name and key."""
        kept = source.attributes.encryption
        if kept is None:
            return self._copied(source, bucket, key, attributes, condition)
        data_key = self._keys.unwrap(self._named(source.bucket, source.key), kept)
        new = self._wrapped(self._named(bucket, key), attributes, data_key)
        new = replace(new, parameters={**new.parameters, **identity_in(kept.parameters)})
        return self._inner.copy(
            source, bucket, key, replace(attributes, encryption=new), condition=condition
        )

    def set_tags(self, version: Version, tags: Mapping[str, str]) -> None:
        self._inner.set_tags(version, tags)

    def delete(
        self,
        bucket: str,
        key: str,
        version_id: str | None = None,
        *,
        condition: Condition | None = None,
    ) -> Removal:
        return self._inner.delete(bucket, key, version_id, condition=condition)

    def delete_many(self, bucket: str, deletions: Sequence[Deletion]) -> tuple[Removal, ...]:
        return self._inner.delete_many(bucket, deletions)

    def list_objects(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        after: str = "",
        limit: int = 1000,
    ) -> Listing:
        return self._inner.list_objects(
            bucket, prefix=prefix, delimiter=delimiter, after=after, limit=limit
        )

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
        return self._inner.list_versions(
            bucket,
            prefix=prefix,
            delimiter=delimiter,
            after_key=after_key,
            after_version=after_version,
            limit=limit,
        )

    # uploads
    def create_upload(self, bucket: str, key: str, attributes: Attributes) -> Upload:
        data_key = secrets.token_bytes(KEY_BYTES)
        kept = self._wrapped(self._named(bucket, key), attributes, data_key)
        return self._inner.create_upload(bucket, key, replace(attributes, encryption=kept))

    def upload(self, bucket: str, key: str, upload_id: str) -> Upload:
        return self._inner.upload(bucket, key, upload_id)

    def stage_part(self, upload: Upload) -> EncryptedStage:
        name = self._named(upload.bucket, upload.key)
        data_key = self._keys.unwrap(name, _kept(upload.attributes))
        return EncryptedStage(self._inner.stage_part(upload), data_key)

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
        """size may be left out; so must parameters be, which are this store's own"""
        stage = own_stage(staged, size)
        if parameters:
            raise TypeError("What opens a part is known to this store alone.")
        return self._inner.put_part(
            upload,
            number,
            stage.finish(),
            etag,
            size=stage.size,
            checksum=checksum,
            parameters=stage.parameters,
        )

    def list_parts(self, upload: Upload, *, after: int = 0, limit: int = 1000) -> PartPage:
        return self._inner.list_parts(upload, after=after, limit=limit)

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
        return self._inner.list_uploads(
            bucket,
            prefix=prefix,
            delimiter=delimiter,
            after_key=after_key,
            after_upload=after_upload,
            limit=limit,
        )

    def complete_upload(
        self,
        upload: Upload,
        parts: Sequence[NamedPart],
        attributes: Attributes,
        *,
        condition: Condition | None = None,
    ) -> Version:
        """The encryption stays that of the upload."""
        kept = _kept(upload.attributes)
        return self._inner.complete_upload(
            upload, parts, replace(attributes, encryption=kept), condition=condition
        )

    def abort_upload(self, upload: Upload) -> None:
        self._inner.abort_upload(upload)

    # buckets
    def create_bucket(self, name: str, account: str, region: str) -> Bucket:
        return self._inner.create_bucket(name, account, region)

    def bucket(self, name: str) -> Bucket:
        return self._inner.bucket(name)

    def owner(self, name: str) -> str | None:
        return self._inner.owner(name)

    def list_buckets(
        self,
        account: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int = 10_000,
        region: str | None = None,
    ) -> BucketPage:
        return self._inner.list_buckets(
            account, prefix=prefix, after=after, limit=limit, region=region
        )

    def delete_bucket(self, name: str) -> None:
        self._inner.delete_bucket(name)

    def set_versioning(self, bucket: str, versioning: Versioning) -> None:
        self._inner.set_versioning(bucket, versioning)

    def document(self, bucket: str, name: str) -> str | None:
        return self._inner.document(bucket, name)

    def set_document(self, bucket: str, name: str, text: str | None) -> None:
        self._inner.set_document(bucket, name, text)

    def lifecycle(self, bucket: str) -> tuple[LifecycleRule, ...]:
        return self._inner.lifecycle(bucket)

    def set_lifecycle(self, bucket: str, rules: Sequence[LifecycleRule], text: str | None) -> None:
        self._inner.set_lifecycle(bucket, rules, text)

    def expiry_of(self, version: Version) -> tuple[datetime, LifecycleRule] | None:
        return self._inner.expiry_of(version)

    def usage(self, account: str) -> Usage:
        return self._inner.usage(account)

    def sweep(self, now: datetime) -> None:
        self._inner.sweep(now)

    def close(self) -> None:
        self._inner.close()

    def _named(self, bucket: str, key: str) -> ObjectName:
        """Return what identifies an object where its data key is wrapped.

        raises    NoSuchBucket; InvalidKey
        """
        key_bytes(key)
        found = self._inner.bucket(bucket)
        return ObjectName(found.account, found.region, bucket, key)

    def _wrapped(self, name: ObjectName, attributes: Attributes, data_key: bytes) -> Encryption:
        asked = attributes.encryption or self._default(name.bucket)
        return self._keys.wrap(name, asked, data_key)

    def _default(self, bucket: str) -> Encryption:
        default = self._inner.document(bucket, DEFAULT_DOCUMENT)
        return BY_DEFAULT if default is None else default_of(json.loads(default))

    def _copied(
        self,
        source: Version,
        bucket: str,
        key: str,
        attributes: Attributes,
        condition: Condition | None,
    ) -> Version:
        """What was written before there was encryption is encrypted by being copied."""
        with self._inner.open(source) as file, self.stage() as stage:
            while chunk := file.read(_CHUNK):
                stage.write(chunk)
            return self.put(bucket, key, stage, source.etag, attributes, condition=condition)


def _kept(attributes: Attributes) -> Encryption:
    if attributes.encryption is None:
        raise TypeError("An upload of an encrypted store has an encryption.")
    return attributes.encryption
