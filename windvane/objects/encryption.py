"""What the store of objects must know of encryption: what a client asks for, what is kept beside an object, and who
makes and opens the keys of its data.

Envelope encryption: each object (or each upload of parts) has a data key of its own, which encrypts its data files
(frames.py) and is kept beside them, itself encrypted under a key of the key service or, for AES256, of the server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Protocol


class Algorithm(StrEnum):
    """x-amz-server-side-encryption on the wire."""

    S3 = "AES256"
    KMS = "aws:kms"


@dataclass(frozen=True)
class EncryptionRequest:
    """How an object is to be encrypted.

    key_id      of KMS: a key's id or ARN, an alias or its ARN; "" for the account's own `alias/aws/s3`
    context     of KMS: what a client adds to the encryption context
    bucket_key  of KMS: asked for by x-amz-server-side-encryption-bucket-key-enabled, and told back
    """

    algorithm: Algorithm = Algorithm.S3
    key_id: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    bucket_key: bool = False


BY_DEFAULT = EncryptionRequest()
"""What an object gets if neither its request nor its bucket says otherwise.

source    "Setting default server-side encryption behavior" in S3's user guide: AES256 since January 2023
"""


@dataclass(frozen=True)
class Protection:
    """What is kept of an object's encryption; it holds no secret.

    key_arn     of KMS, "" otherwise
    wrapped     the data key, encrypted; base64
    context     of KMS: what the client added
    """

    algorithm: Algorithm
    wrapped: str
    key_arn: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    bucket_key: bool = False

    def to_text(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @staticmethod
    def from_text(text: str) -> Protection:
        """Return what `to_text` wrote."""
        document = json.loads(text)
        return Protection(**{**document, "algorithm": Algorithm(document["algorithm"])})


@dataclass(frozen=True)
class ObjectName:
    """Whose object and which; a wrapped data key is bound to the ARN of bucket and key.

    account, region    of the bucket's owner
    """

    account: str
    region: str
    bucket: str
    key: str

    @property
    def arn(self) -> str:
        return f"arn:aws:s3:::{self.bucket}/{self.key}"


class ObjectKeys(Protocol):
    """Makes and opens the data keys of objects. Any thread may call it; it may read the server's database.

    raises    KeyMissing, KeyDisabled, KeyInvalidState, AccessDenied: the key of KMS cannot be used (and why)
    """

    def protect(self, name: ObjectName, asked: EncryptionRequest) -> tuple[Protection, bytes]:
        """Return what is to be kept, and a new data key of 32 bytes."""

    def unlock(self, name: ObjectName, protection: Protection) -> bytes:
        """Return the data key.

        raises    CorruptArtifact if it was changed, or belongs to another object
        """
