"""Keys of KMS that the house has, and requests about them that are served."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from api.world import SCOPE

from windvane.control.kms.blobs import BlobHead, encrypt
from windvane.control.kms.keys import default_policy
from windvane.control.kms.lookup import named, new_key
from windvane.control.kms.master import MasterKeys, master_key
from windvane.control.kms.materials import Materials
from windvane.domain.keys import KeyState
from windvane.domain.resource import Resource

_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_MATERIALS = Materials(MasterKeys(master_key(b"m" * 32)))
"""Under the master key of api/world.py."""

_KEY = new_key(SCOPE, _MATERIALS, _NOW)
_LEAVING = replace(
    new_key(SCOPE, _MATERIALS, _NOW),
    status=KeyState.PENDING_DELETION,
    deletion=_NOW + timedelta(days=365_000),
    window_days=30,
)
_OFF = replace(new_key(SCOPE, _MATERIALS, _NOW), status=KeyState.DISABLED)
_HEAD = BlobHead(_KEY.name, _KEY.materials[-1].id)
_BLOB = encrypt(_MATERIALS.secret(_KEY, _KEY.materials[-1]), _HEAD, b"secret", {})
_CIPHERTEXT = base64.b64encode(_BLOB).decode()
_PLAIN = base64.b64encode(b"secret").decode()

RECORDS: list[Resource] = [_KEY, _LEAVING, _OFF, named(_KEY, "alias/team", _NOW)]

KEY_IDS = [
    _KEY.name,
    _KEY.arn,
    _OFF.name,
    _LEAVING.name,
    "alias/team",
    "alias/none",
    "alias/aws/s3",
]


def _about(**members: Any) -> list[dict[str, Any]]:
    return [{"KeyId": _KEY.name, **members}]


_TO = {"TargetKeyId": _KEY.name}

TEMPLATES: dict[str, list[dict[str, Any]]] = {
    "CreateKey": [{"Description": "new"}],
    "CancelKeyDeletion": [{"KeyId": _LEAVING.name}],
    "CreateAlias": [{"AliasName": "alias/new", **_TO}],
    "UpdateAlias": [{"AliasName": "alias/team", **_TO}],
    "DeleteAlias": [{"AliasName": "alias/team"}],
    "Decrypt": [{"CiphertextBlob": _CIPHERTEXT}],
    "ReEncrypt": [{"CiphertextBlob": _CIPHERTEXT, "DestinationKeyId": _KEY.name}],
    "Encrypt": _about(Plaintext=_PLAIN),
    "GenerateDataKey": _about(KeySpec="AES_256"),
    "GenerateDataKeyWithoutPlaintext": _about(NumberOfBytes=32),
    "GenerateRandom": [{"NumberOfBytes": 16}],
    "TagResource": _about(Tags=[{"TagKey": "a", "TagValue": "b"}]),
    "UntagResource": _about(TagKeys=["a"]),
    "UpdateKeyDescription": _about(Description="other"),
    "PutKeyPolicy": _about(Policy=default_policy(SCOPE)),
    "EnableKeyRotation": _about(RotationPeriodInDays=90),
    **{
        operation: _about()
        for operation in (
            *("DescribeKey", "EnableKey", "DisableKey", "ScheduleKeyDeletion", "GetKeyPolicy"),
            *("ListKeyPolicies", "DisableKeyRotation", "GetKeyRotationStatus", "ListAliases"),
            *("RotateKeyOnDemand", "ListKeyRotations", "ListResourceTags"),
        )
    },
}
