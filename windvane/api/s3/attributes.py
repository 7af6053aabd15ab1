"""What is kept beside an object's bytes: from the parameters of a request, and to the members of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.api.s3.encryption import encryption_members
from windvane.api.s3.tags import tags_of_header
from windvane.objects.records import Attributes, Checksum, Encryption, Version
from windvane.wire.s3.refusals import refused

MAX_METADATA = 2048
"""Bytes of names and values together.

source    "User-defined object metadata" in S3's user guide
"""

CONTENT_HEADERS = {
    "ContentType": "content-type",
    "CacheControl": "cache-control",
    "ContentDisposition": "content-disposition",
    "ContentEncoding": "content-encoding",
    "ContentLanguage": "content-language",
    "Expires": "expires",
}
"""Members by the header that they are kept as."""

DEFAULT_TYPE = "binary/octet-stream"


def attributes_of(
    parameters: Mapping[str, Any], encryption: Encryption | None, checksum: Checksum | None
) -> Attributes:
    """Read what is to be kept of an object; raises S3Refusal."""
    check_access(parameters)
    return Attributes(
        headers=headers_of(parameters),
        metadata=metadata_of(parameters),
        tags=tags_of_header(parameters.get("Tagging")),
        checksum=checksum,
        encryption=encryption,
    )


def headers_of(parameters: Mapping[str, Any]) -> dict[str, str]:
    headers = {
        header: str(parameters[name])
        for name, header in CONTENT_HEADERS.items()
        if parameters.get(name)
    }
    headers.setdefault("content-type", DEFAULT_TYPE)
    if encoding := headers.pop("content-encoding", ""):
        kept = [part.strip() for part in encoding.split(",")]
        kept = [part for part in kept if part and part != "aws-chunked"]
        if kept:
            headers["content-encoding"] = ", ".join(kept)
    return headers


def metadata_of(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the user-defined metadata of a request.

    raises    S3Refusal for more than MAX_METADATA bytes
    """
    metadata: dict[str, str] = parameters.get("Metadata", {})
    size = sum(len(name) + len(value) for name, value in metadata.items())
    if size > MAX_METADATA:
        raise refused(
            "MetadataTooLarge",
            details={"Size": str(size), "MaxSizeAllowed": str(MAX_METADATA)},
        )
    return metadata


def check_access(parameters: Mapping[str, Any]) -> None:
    """Refuse what asks for access by others, and for classes of storage that there are not."""
    if parameters.get("ACL", "private") not in ("private", "bucket-owner-full-control"):
        raise refused("AccessControlListNotSupported")
    if any(name.startswith("Grant") for name in parameters):
        raise refused("AccessControlListNotSupported")
    if parameters.get("StorageClass", "STANDARD") != "STANDARD":
        raise refused(
            "InvalidStorageClass",
            f"The storage class {parameters['StorageClass']} is not kept here; STANDARD is.",
        )


def described(version: Version) -> dict[str, Any]:
    """Members of a read that say what is kept of an object."""
    kept = version.attributes
    members: dict[str, Any] = {
        name: kept.headers[header]
        for name, header in CONTENT_HEADERS.items()
        if header in kept.headers
    }
    return {
        **members,
        **encryption_members(kept.encryption),
        "Metadata": dict(kept.metadata),
        "ETag": quoted(version.etag),
        "LastModified": version.modified,
    }


def quoted(etag: str) -> str:
    return f'"{etag}"'


def unquoted(etag: str) -> str:
    return etag.strip().removeprefix('"').removesuffix('"')


def checksum_members(checksum: Checksum | None) -> dict[str, Any]:
    """Return a checksum and its type as members; none if there is none, or it is not known yet."""
    if checksum is None or not checksum.value:
        return {}
    return {
        f"Checksum{checksum.algorithm}": checksum.value,
        "ChecksumType": checksum.type.value,
    }
