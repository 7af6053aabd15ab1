"""Keys of others, keys that are none, and ciphertexts that were made up.

source    codes: the errors of KMS's service model
"""

from __future__ import annotations

import base64

from hostile.asking import ACCOUNT, OTHER_ACCOUNT, REGION, Ask, json_body, of_json
from hostile.case import Case, invalid

_KEY = "12345678-1234-1234-1234-123456789012"
_FOREIGN = f"arn:aws:kms:{REGION}:{OTHER_ACCOUNT}:key/{_KEY}"
_OWN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{_KEY}"
_BLOB = base64.b64encode(b"\x01" + bytes.fromhex(_KEY.replace("-", "")) + bytes(100)).decode()
_PLAIN = base64.b64encode(b"secret").decode()


def _kms(operation: str, **members: object) -> Ask:
    return of_json("kms", "TrentService", operation, json_body(members))


def _denied(name: str, ask: Ask, text: str) -> Case:
    return Case(name, ask, 400, "AccessDeniedException", text)


def _missing(name: str, ask: Ask, text: str) -> Case:
    return Case(name, ask, 400, "NotFoundException", text)


_BY_KEY: dict[str, dict[str, object]] = {
    "DescribeKey": {},
    "EnableKey": {},
    "DisableKey": {},
    "UpdateKeyDescription": {"Description": "mine now"},
    "ScheduleKeyDeletion": {},
    "CancelKeyDeletion": {},
    "GetKeyPolicy": {},
    "PutKeyPolicy": {"Policy": "{}"},
    "ListKeyPolicies": {},
    "EnableKeyRotation": {},
    "DisableKeyRotation": {},
    "GetKeyRotationStatus": {},
    "RotateKeyOnDemand": {},
    "ListKeyRotations": {},
    "Encrypt": {"Plaintext": _PLAIN},
    "GenerateDataKey": {"KeySpec": "AES_256"},
    "GenerateDataKeyWithoutPlaintext": {"KeySpec": "AES_256"},
    "TagResource": {"Tags": [{"TagKey": "a", "TagValue": "b"}]},
    "UntagResource": {"TagKeys": ["a"]},
    "ListResourceTags": {},
    "ListAliases": {},
}

_NOT_SHARED = f"is another account's, and none of its keys is shared with account {ACCOUNT}."
_UNREADABLE = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not "
    "allowed to access."
)

CASES = (
    *(
        _denied(
            f"another account's key for {operation}",
            _kms(operation, KeyId=_FOREIGN, **members),
            f"The key {_FOREIGN} {_NOT_SHARED}",
        )
        for operation, members in _BY_KEY.items()
    ),
    *(
        _missing(
            f"a key that there is not for {operation}",
            _kms(operation, KeyId=_KEY, **members),
            f"Key '{_OWN}' does not exist",
        )
        for operation, members in _BY_KEY.items()
    ),
    *(
        _missing(
            f"a key called {written!r}",
            _kms("Encrypt", KeyId=written, Plaintext=_PLAIN),
            f"Invalid keyId '{written}'",
        )
        for written in ("../../keyring.json", "key/" + _KEY, _KEY.upper() + "x", "' OR 1=1 --")
    ),
    _missing(
        "a key of another service",
        _kms("DescribeKey", KeyId=f"arn:aws:s3:{REGION}:{ACCOUNT}:key/{_KEY}"),
        f"Invalid arn arn:aws:s3:{REGION}:{ACCOUNT}:key/{_KEY}",
    ),
    _missing(
        "the key of the server itself",
        _kms("DescribeKey", KeyId="arn:aws:kms:all:server:key/" + _KEY),
        f"Invalid arn arn:aws:kms:all:server:key/{_KEY}",
    ),
    _denied("a ciphertext made up", _kms("Decrypt", CiphertextBlob=_BLOB), _UNREADABLE),
    _denied(
        "a ciphertext made up for another key",
        _kms("ReEncrypt", CiphertextBlob=_BLOB, DestinationKeyId=_KEY),
        _UNREADABLE,
    ),
    Case(
        "a ciphertext of another form",
        _kms("Decrypt", CiphertextBlob=_PLAIN),
        400,
        "InvalidCiphertextException",
        "The ciphertext is none of this service's: it has another form.",
    ),
    invalid(
        "a key that signs",
        _kms("CreateKey", KeyUsage="SIGN_VERIFY"),
        "Value 'SIGN_VERIFY' at 'keyUsage' is not supported by this server: leave it out or choose one of: "
        "ENCRYPT_DECRYPT.",
    ),
    invalid(
        "an alias of the service's own",
        _kms("CreateAlias", AliasName="alias/aws/s3", TargetKeyId=_KEY),
        "AliasName is 'alias/aws/s3'; 'alias/aws/' is reserved for the service's own keys.",
    ),
    _missing(
        "an alias that there is not, moved",
        _kms("UpdateAlias", AliasName="alias/none", TargetKeyId=_KEY),
        f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/none is not found.",
    ),
    _missing(
        "an alias that there is not, deleted",
        _kms("DeleteAlias", AliasName="alias/none"),
        f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/none is not found.",
    ),
    invalid("no bytes at random", _kms("GenerateRandom"), "NumberOfBytes must be specified."),
    invalid(
        "a marker made up",
        _kms("ListKeys", Marker="AAAA"),
        "Invalid NextToken: it was not issued for this list and these filters.",
    ),
)
