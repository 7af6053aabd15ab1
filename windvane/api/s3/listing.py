"""ListObjects in both versions, ListObjectVersions, ListMultipartUploads."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from windvane.api.s3.attributes import quoted
from windvane.api.s3.buckets import owner_member
from windvane.api.s3.faults import in_words_of_s3
from windvane.objects.base import ObjectStore
from windvane.objects.records import Listing, Upload, Version
from windvane.wire.s3.call import S3Call, S3Result
from windvane.wire.s3.refusals import refused

MAX_KEYS = 1000
_STANDS_AS_IT_IS = re.compile("[A-Za-z0-9_.~/*-]*")

Encode = Callable[[str], str]


def list_objects(store: ObjectStore, call: S3Call) -> S3Result:
    given, encode = call.parameters, _encoder(call.parameters)
    marker = given.get("Marker", "")
    listing, limit = _page(store, given, marker, "max-keys", "MaxKeys")
    owner = owner_member(call.caller.account)
    return S3Result(
        {
            **_asked(given, encode, "Prefix", "Marker", "Delimiter"),
            "Name": given["Bucket"],
            "Marker": encode(marker),
            "MaxKeys": limit,
            "IsTruncated": listing.next is not None,
            "NextMarker": encode(listing.next) if listing.next and given.get("Delimiter") else None,
            "Contents": [_entry(one, encode) | {"Owner": owner} for one in listing.objects],
            "CommonPrefixes": _prefixes(listing.prefixes, encode),
        }
    )


def list_objects_v2(store: ObjectStore, call: S3Call) -> S3Result:
    given, encode = call.parameters, _encoder(call.parameters)
    token = given.get("ContinuationToken")
    after = _position(token) if token else given.get("StartAfter", "")
    listing, limit = _page(store, given, after, "max-keys", "MaxKeys")
    owner = {"Owner": owner_member(call.caller.account)} if given.get("FetchOwner") else {}
    return S3Result(
        {
            **_asked(given, encode, "Prefix", "Delimiter", "StartAfter"),
            "Name": given["Bucket"],
            "MaxKeys": limit,
            "KeyCount": len(listing.objects) + len(listing.prefixes),
            "IsTruncated": listing.next is not None,
            "ContinuationToken": token,
            "NextContinuationToken": None if listing.next is None else _token(listing.next),
            "Contents": [_entry(one, encode) | owner for one in listing.objects],
            "CommonPrefixes": _prefixes(listing.prefixes, encode),
        }
    )


def list_object_versions(store: ObjectStore, call: S3Call) -> S3Result:
    given, encode = call.parameters, _encoder(call.parameters)
    limit = _limit(given, "max-keys", "MaxKeys")
    key_marker, version_marker = given.get("KeyMarker", ""), given.get("VersionIdMarker", "")
    if version_marker and not key_marker:
        raise refused(
            "InvalidArgument", "A version-id marker cannot be specified without a key marker."
        )
    with in_words_of_s3():
        page = store.list_versions(
            given["Bucket"],
            prefix=given.get("Prefix", ""),
            delimiter=given.get("Delimiter", ""),
            after_key=key_marker,
            after_version=version_marker,
            limit=limit,
        )
    owner = owner_member(call.caller.account)
    next_key, next_version = page.next or (None, None)
    return S3Result(
        {
            **_asked(given, encode, "Prefix", "Delimiter"),
            "Name": given["Bucket"],
            "KeyMarker": encode(key_marker),
            "VersionIdMarker": version_marker,
            "MaxKeys": limit,
            "IsTruncated": page.next is not None,
            "NextKeyMarker": None if next_key is None else encode(next_key),
            "NextVersionIdMarker": next_version or None,
            "Versions": [
                _entry(one, encode) | _versioned(one, owner)
                for one in page.versions
                if not one.is_delete_marker
            ],
            "DeleteMarkers": [
                {"Key": encode(one.key), "LastModified": one.modified, **_versioned(one, owner)}
                for one in page.versions
                if one.is_delete_marker
            ],
            "CommonPrefixes": _prefixes(page.prefixes, encode),
        }
    )


def list_multipart_uploads(store: ObjectStore, call: S3Call) -> S3Result:
    given, encode = call.parameters, _encoder(call.parameters)
    limit = _limit(given, "max-uploads", "MaxUploads")
    with in_words_of_s3():
        page = store.list_uploads(
            given["Bucket"],
            prefix=given.get("Prefix", ""),
            delimiter=given.get("Delimiter", ""),
            after_key=given.get("KeyMarker", ""),
            after_upload=given.get("UploadIdMarker", ""),
            limit=limit,
        )
    owner = owner_member(call.caller.account)
    next_key, next_upload = page.next or (None, None)
    return S3Result(
        {
            **_asked(given, encode, "Prefix", "Delimiter"),
            "Bucket": given["Bucket"],
            "KeyMarker": encode(given.get("KeyMarker", "")),
            "UploadIdMarker": given.get("UploadIdMarker", ""),
            "MaxUploads": limit,
            "IsTruncated": page.next is not None,
            "NextKeyMarker": None if next_key is None else encode(next_key),
            "NextUploadIdMarker": next_upload or None,
            "Uploads": [_upload(one, encode, owner) for one in page.uploads],
            "CommonPrefixes": _prefixes(page.prefixes, encode),
        }
    )


def _page(
    store: ObjectStore, given: Mapping[str, Any], after: str, name: str, member: str
) -> tuple[Listing, int]:
    limit = _limit(given, name, member)
    with in_words_of_s3():
        listing = store.list_objects(
            given["Bucket"],
            prefix=given.get("Prefix", ""),
            delimiter=given.get("Delimiter", ""),
            after=after,
            limit=limit,
        )
    return listing, limit


def _limit(given: Mapping[str, Any], name: str, member: str) -> int:
    limit: int = given.get(member, MAX_KEYS)
    if not 0 <= limit < 2**31:
        raise refused(
            "InvalidArgument", f"Argument {name} must be an integer between 0 and 2147483647"
        )
    return min(MAX_KEYS, limit)


def _asked(given: Mapping[str, Any], encode: Encode, *names: str) -> dict[str, Any]:
    echoed: dict[str, Any] = {name: encode(given[name]) for name in names if given.get(name)}
    echoed["Prefix"] = encode(given.get("Prefix", ""))
    echoed["EncodingType"] = given.get("EncodingType")
    return echoed


def _entry(version: Version, encode: Encode) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "Key": encode(version.key),
        "LastModified": version.modified,
        "ETag": quoted(version.etag),
        "Size": version.size,
        "StorageClass": "STANDARD",
    }
    checksum = version.attributes.checksum
    if checksum is not None:
        entry |= {"ChecksumAlgorithm": [checksum.algorithm], "ChecksumType": checksum.type.value}
    return entry


def _versioned(version: Version, owner: Mapping[str, str]) -> dict[str, Any]:
    return {"VersionId": version.version_id, "IsLatest": version.is_latest, "Owner": owner}


def _upload(upload: Upload, encode: Encode, owner: Mapping[str, str]) -> dict[str, Any]:
    members: dict[str, Any] = {
        "UploadId": upload.upload_id,
        "Key": encode(upload.key),
        "Initiated": upload.begun,
        "StorageClass": "STANDARD",
        "Owner": owner,
        "Initiator": owner,
    }
    checksum = upload.attributes.checksum
    if checksum is not None:
        members |= {"ChecksumAlgorithm": checksum.algorithm, "ChecksumType": checksum.type.value}
    return members


def _prefixes(prefixes: tuple[str, ...], encode: Encode) -> list[dict[str, str]]:
    return [{"Prefix": encode(prefix)} for prefix in prefixes]


def _encoder(given: Mapping[str, Any]) -> Encode:
    return _url_encoded if given.get("EncodingType") else str


def _url_encoded(text: str) -> str:
    return text if _STANDS_AS_IT_IS.fullmatch(text) else quote(text, safe="/*")


def _token(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode()


def _position(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise refused("InvalidArgument", "The continuation token provided is incorrect") from error
