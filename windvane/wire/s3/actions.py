"""What a caller must be allowed to do for an S3 operation: IAM's actions and the ARNs they are checked on.

source    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html and "Required
          permissions for Amazon S3 API operations" in S3's user guide
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from windvane.wire.s3.refusals import refused

_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")

_ON_CONDITION = frozenset(
    {"PutObject", "PostObject", "CopyObject", "CompleteMultipartUpload", "DeleteObject"}
)
"""Operations that write or delete if an object is what it is said to be: whoever learns that by them has to be allowed to
read it.

source    "Conditional requests" in S3's user guide
"""

Permission = tuple[str, str]
"""Action and the ARN of a bucket or an object; "*" for all buckets."""

Question = tuple[str, str, Mapping[str, str]]
"""A permission, and what conditions of policies may ask for."""

_OF_BUCKETS: Mapping[str, str] = {
    "CreateBucket": "CreateBucket",
    "DeleteBucket": "DeleteBucket",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "GetBucketLocation": "GetBucketLocation",
    "GetBucketVersioning": "GetBucketVersioning",
    "PutBucketVersioning": "PutBucketVersioning",
    "GetBucketTagging": "GetBucketTagging",
    "PutBucketTagging": "PutBucketTagging",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketOwnershipControls": "GetBucketOwnershipControls",
    "PutBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "GetBucketAcl": "GetBucketAcl",
    "PutBucketAcl": "PutBucketAcl",
    "GetBucketPolicy": "GetBucketPolicy",
    "PutBucketPolicy": "PutBucketPolicy",
    "DeleteBucketPolicy": "DeleteBucketPolicy",
    "GetBucketPolicyStatus": "GetBucketPolicyStatus",
    "GetBucketCors": "GetBucketCORS",
    "PutBucketCors": "PutBucketCORS",
    "DeleteBucketCors": "PutBucketCORS",
    "GetBucketWebsite": "GetBucketWebsite",
    "PutBucketWebsite": "PutBucketWebsite",
    "DeleteBucketWebsite": "DeleteBucketWebsite",
    "GetBucketReplication": "GetReplicationConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "GetBucketLogging": "GetBucketLogging",
    "PutBucketLogging": "PutBucketLogging",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "GetBucketRequestPayment": "GetBucketRequestPayment",
    "PutBucketRequestPayment": "PutBucketRequestPayment",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
}
_OF_OBJECTS: Mapping[str, str] = {
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "GetObjectAttributes": "GetObject",
    "PutObject": "PutObject",
    "PostObject": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "AbortMultipartUpload": "AbortMultipartUpload",
    "ListParts": "ListMultipartUploadParts",
    "DeleteObject": "DeleteObject",
    "GetObjectTagging": "GetObjectTagging",
    "PutObjectTagging": "PutObjectTagging",
    "DeleteObjectTagging": "DeleteObjectTagging",
    "GetObjectAcl": "GetObjectAcl",
    "PutObjectAcl": "PutObjectAcl",
    "GetObjectLegalHold": "GetObjectLegalHold",
    "PutObjectLegalHold": "PutObjectLegalHold",
    "GetObjectRetention": "GetObjectRetention",
    "PutObjectRetention": "PutObjectRetention",
    "GetObjectTorrent": "GetObjectTorrent",
    "RestoreObject": "RestoreObject",
    "SelectObjectContent": "GetObject",
}
_VERSIONED: Mapping[str, str] = {
    "GetObject": "GetObjectVersion",
    "DeleteObject": "DeleteObjectVersion",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectTagging": "PutObjectVersionTagging",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectAcl": "GetObjectVersionAcl",
    "PutObjectAcl": "PutObjectVersionAcl",
    "GetObjectTorrent": "GetObjectVersionTorrent",
}


_OF_OBJECT_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "Tagging": ("PutObjectTagging",),
    "ObjectLockMode": ("PutObjectRetention",),
    "ObjectLockRetainUntilDate": ("PutObjectRetention",),
    "ObjectLockLegalHoldStatus": ("PutObjectLegalHold",),
}
_OF_BUCKET_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "ObjectLockEnabledForBucket": ("PutBucketObjectLockConfiguration", "PutBucketVersioning"),
    "ObjectOwnership": ("PutBucketOwnershipControls",),
}
_OF_OTHERS: Mapping[str, tuple[str, ...]] = {
    "BypassGovernanceRetention": ("BypassGovernanceRetention",)
}
"""Members of requests, and the actions that they need.

source    "Permissions" of PutObject, CreateBucket and DeleteObject in S3's API reference
"""


def permissions(operation: str, parameters: Mapping[str, Any]) -> Iterator[Permission]:
    """Yield what has to be allowed before an operation begins; DeleteObjects is asked key by key (`of_deletion`).

    parameters    of path, query and headers

    raises        S3Refusal for a copy source that cannot be read
    """
    bucket, key = parameters.get("Bucket", ""), parameters.get("Key", "")
    if operation == "ListBuckets":
        yield "s3:ListAllMyBuckets", "*"
    elif operation in _OF_BUCKETS:
        yield f"s3:{_OF_BUCKETS[operation]}", bucket_arn(bucket)
    elif operation != "DeleteObjects":
        yield of_object(
            _OF_OBJECTS.get(operation, operation), bucket, key, parameters.get("VersionId")
        )
    every = f"{bucket_arn(bucket)}/*" if operation == "DeleteObjects" else bucket_arn(bucket)
    place = object_arn(bucket, key) if key else every
    for action in _further(operation, parameters):
        yield f"s3:{action}", place
    if key and operation in _ON_CONDITION and tells_content(parameters):
        yield of_object("GetObject", bucket, key, parameters.get("VersionId"))
    if "CopySource" in parameters:
        yield of_source("GetObject", parameters)


def questions(operation: str, parameters: Mapping[str, Any]) -> Iterator[Question]:
    """Yield the permissions that an operation needs, each with what conditions may ask for. The version that is read of the
    source of a copy is named by the source.

    raises    S3Refusal for a copy source that cannot be read
    """
    facts, source = facts_of(parameters), None
    if "CopySource" in parameters:
        source = of_source("GetObject", parameters)
    for permission in permissions(operation, parameters):
        yield *permission, facts_of_source(parameters) if permission == source else facts


def _further(operation: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    """Yield what members of a request need besides its operation."""
    if operation == "GetObjectAttributes":
        yield _VERSIONED[operation] if parameters.get("VersionId") else operation
    members, access = _OF_OTHERS, ""
    if operation in ("PutObject", "PostObject", "CopyObject", "CreateMultipartUpload"):
        members, access = _OF_OBJECT_MEMBERS, "PutObjectAcl"
    elif operation == "CreateBucket":
        members, access = _OF_BUCKET_MEMBERS, "PutBucketAcl"
    for member, actions in members.items():
        if parameters.get(member):
            yield from actions
    if access and ("ACL" in parameters or any(name.startswith("Grant") for name in parameters)):
        yield access


def facts_of(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return what conditions of policies may ask for of a request, by condition key in lower case."""
    return {
        key: str(parameters[name]).lower()
        if isinstance(parameters[name], bool)
        else str(parameters[name])
        for name, key in _FACTS.items()
        if parameters.get(name) is not None
    }


def facts_of_source(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the same of the read that a copy begins with; raises S3Refusal."""
    version_id = read_source(parameters["CopySource"])[2]
    return facts_of({**parameters, "VersionId": version_id})


def facts_of_deletion(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return the same of one of the deletions that DeleteObjects asks for."""
    return facts_of({"VersionId": entry.get("VersionId"), "IfMatch": entry.get("ETag")})


_FACTS = {
    "Prefix": "s3:prefix",
    "Delimiter": "s3:delimiter",
    "MaxKeys": "s3:max-keys",
    "VersionId": "s3:versionid",
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "StorageClass": "s3:x-amz-storage-class",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
}
"""Parameters by their condition keys.

source    "Condition keys for Amazon S3" in the service authorization reference
"""


def of_object(action: str, bucket: str, key: str, version_id: str | None) -> Permission:
    """Return the permission for an object, or for the version of it that is named."""
    named = _VERSIONED.get(action, action) if version_id else action
    return f"s3:{named}", object_arn(bucket, key)


def of_source(action: str, parameters: Mapping[str, Any]) -> Permission:
    """Return the permission for the source of a copy; raises S3Refusal."""
    return of_object(action, *read_source(parameters["CopySource"]))


def of_deletion(bucket: str, entry: Mapping[str, Any]) -> Iterator[Permission]:
    """Yield the permissions for one of the deletions that DeleteObjects asks for."""
    given = {"IfMatch": entry.get("ETag"), "VersionId": entry.get("VersionId")}
    yield from permissions("DeleteObject", {"Bucket": bucket, "Key": entry["Key"], **given})


def tells_content(parameters: Mapping[str, Any]) -> bool:
    """Return whether the outcome of a write tells if the object has the content that is named, and not only if there is
    one."""
    return any(parameters.get(name) not in (None, "*") for name in ("IfMatch", "IfNoneMatch"))


def bucket_arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def object_arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}"


def source_text(bucket: str, key: str, version_id: str | None) -> str:
    """Return what read_source reads so, in one spelling."""
    version = f"?versionId={quote(version_id, safe='')}" if version_id else ""
    return f"/{bucket}/{quote(key, safe='/~')}{version}"


def read_source(text: str) -> tuple[str, str, str | None]:
    """Bucket, key and version that x-amz-copy-source names.

    raises    S3Refusal
    """
    path, _, query = text.partition("?")
    version_id = query.removeprefix("versionId=") if query else None
    if query and (not query.startswith("versionId=") or not version_id or "&" in version_id):
        raise refused(
            "InvalidArgument",
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
        )
    try:
        bucket, _, key = unquote(path, errors="strict").removeprefix("/").partition("/")
        version_id = unquote(version_id, errors="strict") if version_id else None
    except UnicodeDecodeError as error:
        raise refused("InvalidArgument", "Copy Source is no UTF-8.") from error
    if not _BUCKET.fullmatch(bucket) or not key:
        raise refused(
            "InvalidArgument",
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
        )
    return bucket, key, version_id
