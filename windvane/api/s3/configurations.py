"""Configurations of buckets: tags, encryption, public access, ownership; and those that there are none of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.api.s3 import encryption
from windvane.api.s3.documents import get_json, set_json
from windvane.api.s3.tags import MAX_OF_BUCKET, tag_set, tags_of_set
from windvane.objects.base import ObjectStore
from windvane.wire.s3.call import Handler, S3Call, S3Result
from windvane.wire.s3.refusals import refused

TAGGING, PUBLIC_ACCESS, OWNERSHIP = "tagging", "public-access-block", "ownership"

_ALL_BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
"""Of a bucket that nobody configured. Nothing can be made public here, whatever it says."""

_ENFORCED = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
_AES256 = {
    "Rules": [
        {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
            "BucketKeyEnabled": False,
        }
    ]
}


def get_bucket_tagging(store: ObjectStore, call: S3Call) -> S3Result:
    tagging = get_json(store, call.parameters["Bucket"], TAGGING)
    if tagging is None:
        raise refused("NoSuchTagSet", details={"BucketName": call.parameters["Bucket"]})
    return S3Result(tagging)


def put_bucket_tagging(store: ObjectStore, call: S3Call) -> S3Result:
    tags = tags_of_set(call.parameters["Tagging"]["TagSet"], MAX_OF_BUCKET)
    set_json(store, call.parameters["Bucket"], TAGGING, {"TagSet": tag_set(tags)})
    return S3Result(status=204)


def delete_bucket_tagging(store: ObjectStore, call: S3Call) -> S3Result:
    set_json(store, call.parameters["Bucket"], TAGGING, None)
    return S3Result()


def get_bucket_encryption(store: ObjectStore, call: S3Call) -> S3Result:
    configuration = get_json(store, call.parameters["Bucket"], encryption.DOCUMENT)
    return S3Result({"ServerSideEncryptionConfiguration": configuration or _AES256})


def put_bucket_encryption(store: ObjectStore, call: S3Call) -> S3Result:
    configuration = call.parameters["ServerSideEncryptionConfiguration"]
    encryption.default_of(configuration)
    if configuration["Rules"][0].get("BlockedEncryptionTypes"):
        raise refused("NotImplemented", "BlockedEncryptionTypes is not served here.")
    set_json(store, call.parameters["Bucket"], encryption.DOCUMENT, configuration)
    return S3Result()


def delete_bucket_encryption(store: ObjectStore, call: S3Call) -> S3Result:
    set_json(store, call.parameters["Bucket"], encryption.DOCUMENT, None)
    return S3Result()


def get_public_access_block(store: ObjectStore, call: S3Call) -> S3Result:
    block = get_json(store, call.parameters["Bucket"], PUBLIC_ACCESS)
    if block == {}:
        raise refused("NoSuchPublicAccessBlockConfiguration")
    return S3Result({"PublicAccessBlockConfiguration": block or _ALL_BLOCKED})


def put_public_access_block(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters["PublicAccessBlockConfiguration"]
    block = {name: given.get(name, False) for name in _ALL_BLOCKED}
    set_json(store, call.parameters["Bucket"], PUBLIC_ACCESS, block)
    return S3Result()


def delete_public_access_block(store: ObjectStore, call: S3Call) -> S3Result:
    set_json(store, call.parameters["Bucket"], PUBLIC_ACCESS, {})
    return S3Result()


def get_bucket_ownership_controls(store: ObjectStore, call: S3Call) -> S3Result:
    controls = get_json(store, call.parameters["Bucket"], OWNERSHIP)
    if controls == {}:
        raise refused("OwnershipControlsNotFoundError")
    return S3Result({"OwnershipControls": _ENFORCED})


def put_bucket_ownership_controls(store: ObjectStore, call: S3Call) -> S3Result:
    if call.parameters["OwnershipControls"] != _ENFORCED:
        raise refused(
            "NotImplemented",
            "ObjectOwnership must be BucketOwnerEnforced: ACLs are not served here.",
        )
    set_json(store, call.parameters["Bucket"], OWNERSHIP, None)
    return S3Result()


def delete_bucket_ownership_controls(store: ObjectStore, call: S3Call) -> S3Result:
    set_json(store, call.parameters["Bucket"], OWNERSHIP, {})
    return S3Result()


def absent(code: str) -> Handler:
    """Return a configuration that no bucket has."""

    def answer(_: S3Call) -> S3Result:
        raise refused(code)

    return answer


def constant(members: Mapping[str, Any]) -> Handler:
    """Return a configuration that is the same for every bucket."""

    def answer(_: S3Call) -> S3Result:
        return S3Result(members)

    return answer


UNCONFIGURED: Mapping[str, Handler] = {
    "GetBucketPolicy": absent("NoSuchBucketPolicy"),
    "GetBucketPolicyStatus": absent("NoSuchBucketPolicy"),
    "GetBucketCors": absent("NoSuchCORSConfiguration"),
    "GetBucketWebsite": absent("NoSuchWebsiteConfiguration"),
    "GetBucketReplication": absent("ReplicationConfigurationNotFoundError"),
    "GetObjectLockConfiguration": absent("ObjectLockConfigurationNotFoundError"),
    "GetBucketLogging": constant({}),
    "GetBucketNotificationConfiguration": constant({}),
    "GetBucketAccelerateConfiguration": constant({}),
    "GetBucketRequestPayment": constant({"Payer": "BucketOwner"}),
}
"""What cannot be configured here, so that the answer is known: infrastructure tools ask for all of it."""
