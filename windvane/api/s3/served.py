"""The operations of S3 that are served over the object store: the allow-list, and who serves each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from windvane.api.s3 import (
    acls,
    buckets,
    configurations,
    copying,
    deletions,
    lifecycle,
    listing,
    multipart,
    object_tags,
    reads,
    uploads,
)
from windvane.objects.base import ObjectStore
from windvane.objects.encrypted import EncryptedStore
from windvane.wire.s3.call import BeginUpload, Handler, S3Call, S3Result, S3Service, Sink
from windvane.wire.s3.refusals import refused

_HANDLERS: Mapping[str, Callable[[ObjectStore, S3Call], S3Result]] = {
    "ListBuckets": buckets.list_buckets,
    "CreateBucket": buckets.create_bucket,
    "DeleteBucket": buckets.delete_bucket,
    "HeadBucket": buckets.head_bucket,
    "GetBucketLocation": buckets.get_bucket_location,
    "GetBucketVersioning": buckets.get_bucket_versioning,
    "PutBucketVersioning": buckets.put_bucket_versioning,
    "GetBucketTagging": configurations.get_bucket_tagging,
    "PutBucketTagging": configurations.put_bucket_tagging,
    "DeleteBucketTagging": configurations.delete_bucket_tagging,
    "GetBucketEncryption": configurations.get_bucket_encryption,
    "PutBucketEncryption": configurations.put_bucket_encryption,
    "DeleteBucketEncryption": configurations.delete_bucket_encryption,
    "GetPublicAccessBlock": configurations.get_public_access_block,
    "PutPublicAccessBlock": configurations.put_public_access_block,
    "DeletePublicAccessBlock": configurations.delete_public_access_block,
    "GetBucketOwnershipControls": configurations.get_bucket_ownership_controls,
    "PutBucketOwnershipControls": configurations.put_bucket_ownership_controls,
    "DeleteBucketOwnershipControls": configurations.delete_bucket_ownership_controls,
    "GetBucketAcl": acls.get_bucket_acl,
    "PutBucketAcl": acls.put_bucket_acl,
    "GetBucketLifecycleConfiguration": lifecycle.get_bucket_lifecycle,
    "PutBucketLifecycleConfiguration": lifecycle.put_bucket_lifecycle,
    "DeleteBucketLifecycle": lifecycle.delete_bucket_lifecycle,
    "ListObjects": listing.list_objects,
    "ListObjectsV2": listing.list_objects_v2,
    "ListObjectVersions": listing.list_object_versions,
    "ListMultipartUploads": listing.list_multipart_uploads,
    "GetObject": reads.get_object,
    "HeadObject": reads.head_object,
    "GetObjectAttributes": reads.get_object_attributes,
    "CopyObject": copying.copy_object,
    "DeleteObject": deletions.delete_object,
    "DeleteObjects": deletions.delete_objects,
    "GetObjectTagging": object_tags.get_object_tagging,
    "PutObjectTagging": object_tags.put_object_tagging,
    "DeleteObjectTagging": object_tags.delete_object_tagging,
    "GetObjectAcl": acls.get_object_acl,
    "PutObjectAcl": acls.put_object_acl,
    "CreateMultipartUpload": multipart.create_multipart_upload,
    "UploadPartCopy": multipart.upload_part_copy,
    "ListParts": multipart.list_parts,
    "CompleteMultipartUpload": multipart.complete_multipart_upload,
    "AbortMultipartUpload": multipart.abort_multipart_upload,
}
_UPLOADS: Mapping[str, Callable[[ObjectStore, S3Call], Sink]] = {
    "PutObject": uploads.begin_object,
    "UploadPart": uploads.begin_part,
}

_NOT_HONOURED = (
    *("WebsiteRedirectLocation", "WriteOffsetBytes", "MFA", "ObjectLockMode"),
    *("ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus", "ObjectLockEventHold"),
    *("ObjectLockEventHoldDurationDays", "ObjectLockEventHoldDurationYears"),
    *("SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5"),
    *("CopySourceSSECustomerAlgorithm", "CopySourceSSECustomerKey", "CopySourceSSECustomerKeyMD5"),
)
"""Members that the model knows and nothing here acts on: refused, never ignored."""


_OF_ENCRYPTION = (
    *("ServerSideEncryption", "SSEKMSKeyId", "SSEKMSEncryptionContext", "BucketKeyEnabled"),
    "ServerSideEncryptionConfiguration",
)
"""The same of a store that does not encrypt."""


def s3_service(store: ObjectStore) -> S3Service:
    """Return S3 over an object store, of which each caller has its own account's buckets; encryption is served over one that encrypts."""
    refused_members: tuple[str, ...] = _NOT_HONOURED
    if not isinstance(store, EncryptedStore):
        refused_members += _OF_ENCRYPTION
    handlers: dict[str, Handler] = {
        name: partial(_served, serve, store, refused_members) for name, serve in _HANDLERS.items()
    }
    begins: dict[str, BeginUpload] = {
        name: partial(_begun, begin, store, refused_members) for name, begin in _UPLOADS.items()
    }
    return S3Service(store.owner, {**handlers, **configurations.UNCONFIGURED}, begins)


def _served(
    serve: Callable[[ObjectStore, S3Call], S3Result],
    store: ObjectStore,
    refused_members: tuple[str, ...],
    call: S3Call,
) -> S3Result:
    _check_honoured(call, refused_members)
    return serve(store.of(call.caller.account), call)


def _begun(
    begin: Callable[[ObjectStore, S3Call], Sink],
    store: ObjectStore,
    refused_members: tuple[str, ...],
    call: S3Call,
) -> Sink:
    _check_honoured(call, refused_members)
    return begin(store.of(call.caller.account), call)


def _check_honoured(call: S3Call, refused_members: tuple[str, ...]) -> None:
    for name in refused_members:
        if name in call.parameters:
            raise refused("NotImplemented", f"{name} is not served here.")
