"""Server-side encryption: what a request or a bucket asks for, and what an answer says of it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from windvane.objects.base import ObjectStore
from windvane.objects.encrypted import EncryptedStore
from windvane.objects.encryption import DEFAULT_DOCUMENT, Algorithm, asked, has_bucket_key
from windvane.objects.encryption import default_of as objects_default_of
from windvane.objects.records import Encryption
from windvane.wire.s3.call import S3Call
from windvane.wire.s3.refusals import refused

DECRYPT, ENCRYPT = "kms:Decrypt", "kms:GenerateDataKey"
"""What reading and writing need.

source    "Using server-side encryption with AWS KMS keys", permissions, in S3's user guide
"""

DOCUMENT = DEFAULT_DOCUMENT
"""The bucket's document that holds its default."""


def encryption_of(parameters: Mapping[str, Any], bucket_default: str | None) -> Encryption | None:
    """Return what an object's encryption is to be; None for the store's own default.

    bucket_default    the bucket's document
    raises            S3Refusal
    """
    algorithm = parameters.get("ServerSideEncryption")
    if algorithm is None:
        if any(name in parameters for name in _OF_KMS):
            raise refused(
                "InvalidArgument",
                "Server Side Encryption with AWS KMS managed key requires HTTP header "
                "x-amz-server-side-encryption : aws:kms",
            )
        return None if bucket_default is None else default_of(json.loads(bucket_default))
    if algorithm not in list(Algorithm):
        raise refused(
            "NotImplemented", f"The encryption {algorithm} is not served; AES256 and aws:kms are."
        )
    if algorithm == Algorithm.S3 and any(name in parameters for name in _OF_KMS):
        raise refused("InvalidArgument", "A key of KMS is named, but the encryption is AES256.")
    return asked(
        Algorithm(algorithm),
        parameters.get("SSEKMSKeyId"),
        context=_context(parameters.get("SSEKMSEncryptionContext")),
        bucket_key=bool(parameters.get("BucketKeyEnabled")),
    )


def default_of(configuration: Mapping[str, Any]) -> Encryption:
    """Return what a bucket's configuration asks for; raises S3Refusal."""
    rules = configuration["Rules"]
    default = rules[0].get("ApplyServerSideEncryptionByDefault") if len(rules) == 1 else None
    if default is None:
        raise refused("MalformedXML", "There is one rule, with ApplyServerSideEncryptionByDefault.")
    if default["SSEAlgorithm"] not in list(Algorithm):
        raise refused(
            "NotImplemented",
            f"The encryption {default['SSEAlgorithm']} is not served; AES256 and aws:kms are.",
        )
    key_id = default.get("KMSMasterKeyID")
    if key_id and default["SSEAlgorithm"] == Algorithm.S3:
        raise refused(
            "InvalidArgument",
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms",
        )
    return objects_default_of(configuration)


def encryption_members(encryption: Encryption | None) -> dict[str, Any]:
    """Members of an answer; none for what is not encrypted."""
    if encryption is None:
        return {}
    members: dict[str, Any] = {"ServerSideEncryption": encryption.algorithm}
    if encryption.key_id:
        members["SSEKMSKeyId"] = encryption.key_id
    if has_bucket_key(encryption):
        members["BucketKeyEnabled"] = True
    return members


def require_key(
    store: ObjectStore,
    call: S3Call,
    action: str,
    place: tuple[str, str],
    encryption: Encryption | None,
) -> None:
    """Check that the caller may use the key of KMS that an object is, or is to be, encrypted under.

    action    of KMS
    place     bucket and key
    raises    AccessDenied; errors of keys that cannot be used, and of buckets
    """
    if not isinstance(store, EncryptedStore):
        return
    arn = store.key_needed(*place, encryption)
    if arn is not None:
        call.authorize(action, arn, {})


_OF_KMS = ("SSEKMSKeyId", "SSEKMSEncryptionContext")


def _context(text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    try:
        context = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _bad_context() from error
    if not isinstance(context, dict) or not all(
        isinstance(value, str) for value in context.values()
    ):
        raise _bad_context()
    return context


def _bad_context() -> Exception:
    return refused(
        "InvalidArgument",
        "The header 'x-amz-server-side-encryption-context' must be Base64 of a JSON object of texts.",
    )
