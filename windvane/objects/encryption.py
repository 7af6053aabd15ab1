"""What the store of objects must know of encryption: what a client asks for, and who wraps the keys of its data.

Envelope encryption: each object (each upload of parts) has a data key of its own, which encrypts its files (frames.py) and
is kept beside them, wrapped: encrypted under a key of the key service or, for AES256, under the server's own. What is kept
is a record of `Encryption` (records.py), which holds no secret; encrypted.py puts it all together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from windvane.objects.records import Encryption


class Algorithm(StrEnum):
    """x-amz-server-side-encryption on the wire."""

    S3 = "AES256"
    KMS = "aws:kms"


_CONTEXT, _BUCKET_KEY = "context", "bucket_key"


def asked(
    algorithm: Algorithm = Algorithm.S3,
    key_id: str | None = None,
    *,
    context: Mapping[str, str] | None = None,
    bucket_key: bool = False,
) -> Encryption:
    """Return the record that asks for an encryption, as `Attributes.encryption` of what is to be written.

    key_id      of KMS: a key's id or ARN, an alias or its ARN; None for the account's own `alias/aws/s3`
    context     of KMS: what a client adds to the encryption context
    bucket_key  of KMS: x-amz-server-side-encryption-bucket-key-enabled, which is told back
    """
    parameters = {}
    if context:
        parameters[_CONTEXT] = json.dumps(dict(sorted(context.items())))
    if bucket_key:
        parameters[_BUCKET_KEY] = "true"
    return Encryption(str(algorithm), key_id, b"", parameters)


BY_DEFAULT = asked()
"""What an object gets if neither its request nor its bucket says otherwise.

source    "Setting default server-side encryption behavior" in S3's user guide: AES256 since January 2023
"""


DEFAULT_DOCUMENT = "encryption"
"""The document of a bucket that says how its objects are encrypted by default: S3's ServerSideEncryptionConfiguration."""


def default_of(configuration: Mapping[str, Any]) -> Encryption:
    """Return what a bucket's configuration, with its one rule, asks for."""
    [rule] = configuration["Rules"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    return asked(
        Algorithm(default["SSEAlgorithm"]),
        default.get("KMSMasterKeyID"),
        bucket_key=bool(rule.get("BucketKeyEnabled")),
    )


_MANAGED = "managed"


def marked_as_managed(kept: Encryption) -> Encryption:
    """Return the same, under a key that the service itself manages: whoever may use the object may use that key."""
    return replace(kept, parameters={**kept.parameters, _MANAGED: "true"})


def key_to_ask_for(kept: Encryption | None) -> str:
    """Return the ARN of the key of KMS that whoever reads an object must be allowed to use; "" if there is none."""
    if kept is None or kept.algorithm != Algorithm.KMS or _MANAGED in kept.parameters:
        return ""
    return kept.key_id or ""


def context_of(encryption: Encryption) -> dict[str, str]:
    """Return what the client added to the encryption context."""
    context: dict[str, str] = json.loads(encryption.parameters.get(_CONTEXT, "{}"))
    return context


def has_bucket_key(encryption: Encryption) -> bool:
    return _BUCKET_KEY in encryption.parameters


@dataclass(frozen=True)
class ObjectName:
    """The identity of an object, and its owner; a wrapped data key is bound to the ARN of bucket and key.

    account, region    of the bucket
    """

    account: str
    region: str
    bucket: str
    key: str

    @property
    def arn(self) -> str:
        return f"arn:aws:s3:::{self.bucket}/{self.key}"


class DataKeys(Protocol):
    """Wraps and unwraps the data keys of objects. Any thread may call it; it may read the server's database.

    raises    KeyMissing, KeyDisabled, KeyInvalidState, AccessDenied: the key of KMS cannot be used (and why)
    """

    def resolve(self, name: ObjectName, asked: Encryption) -> str | None:
        """Return the ARN of the key of KMS that is meant, which can be used now and which whoever asks must be allowed
        to use; None for AES256 and for keys that the service itself manages.
        """

    def wrap(self, name: ObjectName, asked: Encryption, data_key: bytes) -> Encryption:
        """Return what is to be kept of an object that is encrypted under this data key of 32 bytes."""

    def unwrap(self, name: ObjectName, kept: Encryption) -> bytes:
        """Return the data key.

        raises    CorruptArtifact if it was changed, or belongs to another object
        """
