"""ACLs of buckets and objects: there is one, which gives the owner every right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.api.s3.buckets import canonical_id, owner_member
from windvane.api.s3.faults import in_words_of_s3
from windvane.api.s3.reads import find
from windvane.objects.base import ObjectStore
from windvane.wire.s3.call import S3Call, S3Result
from windvane.wire.s3.refusals import refused


def get_bucket_acl(store: ObjectStore, call: S3Call) -> S3Result:
    with in_words_of_s3():
        account = store.bucket(call.parameters["Bucket"]).account
    return S3Result(_acl_of(account))


def put_bucket_acl(store: ObjectStore, call: S3Call) -> S3Result:
    with in_words_of_s3():
        account = store.bucket(call.parameters["Bucket"]).account
    _check_acl(call.parameters, account)
    return S3Result()


def get_object_acl(store: ObjectStore, call: S3Call) -> S3Result:
    find(store, call.parameters)
    return S3Result(_acl_of(call.caller.account))


def put_object_acl(store: ObjectStore, call: S3Call) -> S3Result:
    find(store, call.parameters)
    _check_acl(call.parameters, call.caller.account)
    return S3Result()


def _acl_of(account: str) -> dict[str, Any]:
    """Return the one list there is: the owner may do everything."""
    owner = owner_member(account)
    grant = {"Grantee": {**owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}
    return {"Owner": owner, "Grants": [grant]}


def _check_acl(parameters: Mapping[str, Any], account: str) -> None:
    """Accept what says that the owner may do everything, and nobody else anything; raises S3Refusal."""
    if any(name.startswith("Grant") for name in parameters):
        raise refused("AccessControlListNotSupported")
    if parameters.get("ACL", "private") not in ("private", "bucket-owner-full-control"):
        raise refused("AccessControlListNotSupported")
    for grant in parameters.get("AccessControlPolicy", {}).get("Grants", ()):
        grantee = grant.get("Grantee", {}).get("ID", "")
        if grantee != canonical_id(account) or grant.get("Permission") != "FULL_CONTROL":
            raise refused("AccessControlListNotSupported")
    if "ACL" not in parameters and "AccessControlPolicy" not in parameters:
        raise refused("MalformedXML", "An ACL is given by x-amz-acl, or by the body.")
