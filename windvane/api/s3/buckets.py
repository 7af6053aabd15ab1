"""Operations on buckets themselves: create, delete, list, location, versioning."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from windvane.api.s3.documents import set_json
from windvane.api.s3.faults import in_words_of_s3
from windvane.api.s3.tags import MAX_OF_BUCKET, tag_set, tags_of_set
from windvane.names import bucket_reserved_for
from windvane.objects.base import ObjectStore
from windvane.objects.errors import BucketTaken
from windvane.objects.records import Versioning
from windvane.wire.s3.actions import bucket_arn
from windvane.wire.s3.call import S3Call, S3Result
from windvane.wire.s3.refusals import refused
from windvane.wire.s3.writing import write_location

US_EAST_1 = "us-east-1"
_MAX_BUCKETS = 10_000
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
_RESERVED = re.compile(
    r"(xn--|sthree-|amzn-s3-demo-).*|.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)"
)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]|EU")
_TO_STATUS = {Versioning.ENABLED: "Enabled", Versioning.SUSPENDED: "Suspended"}


def create_bucket(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters
    name, account = given["Bucket"], call.caller.account
    _check_name(name, account)
    if given.get("ACL", "private") != "private" or any(n.startswith("Grant") for n in given):
        raise refused("AccessControlListNotSupported")
    if given.get("ObjectLockEnabledForBucket"):
        raise refused("NotImplemented", "Object Lock is not served here.")
    if given.get("ObjectOwnership", "BucketOwnerEnforced") != "BucketOwnerEnforced":
        raise refused(
            "AccessControlListNotSupported",
            "ObjectOwnership must be BucketOwnerEnforced: ACLs are not served here.",
        )
    if given.get("BucketNamespace", "global") != "global":
        raise refused("NotImplemented", "Bucket namespaces of accounts are not served here.")
    configuration: Mapping[str, Any] = given.get("CreateBucketConfiguration", {})
    region = _region(configuration)
    tags = tags_of_set(configuration.get("Tags", ()), MAX_OF_BUCKET)
    if tags:
        call.authorize("s3:TagResource", bucket_arn(name), {})
    try:
        store.create_bucket(name, account, region)
    except BucketTaken as taken:
        if taken.owner != account:
            raise refused("BucketAlreadyExists", details={"BucketName": name}) from taken
        if region != US_EAST_1 or store.bucket(name).region != US_EAST_1:
            raise refused("BucketAlreadyOwnedByYou", details={"BucketName": name}) from taken
        return S3Result({"Location": f"/{name}"})
    if tags:
        set_json(store, name, "tagging", {"TagSet": tag_set(tags)})
    return S3Result({"Location": f"/{name}"})


def delete_bucket(store: ObjectStore, call: S3Call) -> S3Result:
    with in_words_of_s3():
        store.delete_bucket(call.parameters["Bucket"])
    return S3Result()


def head_bucket(store: ObjectStore, call: S3Call) -> S3Result:
    with in_words_of_s3():
        bucket = store.bucket(call.parameters["Bucket"])
    return S3Result({"BucketRegion": bucket.region, "AccessPointAlias": False})


def list_buckets(store: ObjectStore, call: S3Call) -> S3Result:
    given = call.parameters
    limit = given.get("MaxBuckets", _MAX_BUCKETS)
    if not 1 <= limit <= _MAX_BUCKETS:
        raise refused(
            "InvalidArgument", "Argument max-buckets must be an integer between 1 and 10000"
        )
    page = store.list_buckets(
        call.caller.account,
        prefix=given.get("Prefix", ""),
        after=_name_of(given.get("ContinuationToken")),
        limit=limit,
        region=given.get("BucketRegion"),
    )
    buckets = [
        {"Name": one.name, "CreationDate": one.created, "BucketRegion": one.region}
        for one in page.buckets
    ]
    return S3Result(
        {
            "Buckets": buckets,
            "Owner": owner_member(call.caller.account),
            "ContinuationToken": None if page.next is None else _token_of(page.next),
            "Prefix": given.get("Prefix"),
        }
    )


def get_bucket_location(store: ObjectStore, call: S3Call) -> S3Result:
    with in_words_of_s3():
        region = store.bucket(call.parameters["Bucket"]).region
    return S3Result(document=write_location(region))


def get_bucket_versioning(store: ObjectStore, call: S3Call) -> S3Result:
    with in_words_of_s3():
        versioning = store.bucket(call.parameters["Bucket"]).versioning
    return S3Result({"Status": _TO_STATUS.get(versioning)})


def put_bucket_versioning(store: ObjectStore, call: S3Call) -> S3Result:
    configuration = call.parameters["VersioningConfiguration"]
    status = {text: kind for kind, text in _TO_STATUS.items()}.get(configuration.get("Status", ""))
    if status is None:
        raise refused("IllegalVersioningConfigurationException")
    if configuration.get("MFADelete", "Disabled") != "Disabled":
        raise refused("NotImplemented", "MfaDelete is not served here.")
    with in_words_of_s3():
        store.set_versioning(call.parameters["Bucket"], status)
    return S3Result()


def owner_member(account: str) -> dict[str, str]:
    """Return the owner as S3 names one: an id of 64 digits, by which the account cannot be told."""
    return {"ID": canonical_id(account), "DisplayName": account}


def canonical_id(account: str) -> str:
    return hashlib.sha256(f"canonical user of {account}".encode()).hexdigest()


def _check_name(name: str, account: str) -> None:
    if (
        not _NAME.fullmatch(name)
        or ".." in name
        or _ADDRESS.fullmatch(name)
        or _RESERVED.fullmatch(name)
    ):
        raise refused("InvalidBucketName", details={"BucketName": name[:64]})
    if bucket_reserved_for(name) not in (None, account):
        raise refused("BucketAlreadyExists", details={"BucketName": name})


def _region(configuration: Mapping[str, Any]) -> str:
    if configuration.get("Location") or configuration.get("Bucket"):
        raise refused("NotImplemented", "Directory buckets are not served here.")
    region = configuration.get("LocationConstraint", US_EAST_1)
    if not _REGION.fullmatch(region):
        raise refused("InvalidLocationConstraint")
    return "eu-west-1" if region == "EU" else str(region)


def _token_of(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _name_of(token: str | None) -> str:
    try:
        return base64.b64decode((token or "").encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise refused("InvalidArgument", "The continuation token provided is incorrect") from error
