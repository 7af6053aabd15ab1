"""KMS: symmetric keys, their aliases, and what they encrypt."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from windvane.api.answers import present
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.control.kms.ciphers import Encrypted
from windvane.control.kms.keys import KeyPage
from windvane.control.members import Unserved
from windvane.control.rules import check, refused
from windvane.domain.keys import Key, KeyAlias, KeyMaterial, KeyState
from windvane.errors import InvalidRequest
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("kms")

_SPEC, _ALGORITHM = "SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT"
_BYTES = {"AES_256": 32, "AES_128": 16}

_CIPHER_RULES = (
    refused(
        Unserved("EncryptionAlgorithm", (_ALGORITHM,)),
        Unserved("SourceEncryptionAlgorithm", (_ALGORITHM,)),
        Unserved("DestinationEncryptionAlgorithm", (_ALGORITHM,)),
        Unserved("GrantTokens"),
        Unserved("Recipient"),
        Unserved("DryRun", (False,)),
        Unserved("DryRunModifiers"),
        Unserved("CustomKeyStoreId"),
    ),
)


@OPERATIONS.serves("CreateKey")
def create_key(parts: Services, call: Call) -> Result:
    return {"KeyMetadata": _metadata(parts.kms.keys.create(scope_of(call), call.parameters))}


@OPERATIONS.serves("DescribeKey")
def describe_key(parts: Services, call: Call) -> Result:
    key = parts.kms.keys.describe(scope_of(call), call.parameters["KeyId"])
    return {"KeyMetadata": _metadata(key)}


@OPERATIONS.serves("ListKeys")
def list_keys(parts: Services, call: Call) -> Result:
    page = parts.kms.keys.list(scope_of(call), call.parameters)
    keys = [{"KeyId": key.name, "KeyArn": key.arn} for key in page.records]
    return {"Keys": keys, **_more(page)}


@OPERATIONS.serves("EnableKey")
def enable_key(parts: Services, call: Call) -> Result:
    parts.kms.keys.set_enabled(scope_of(call), call.parameters["KeyId"], True)
    return None


@OPERATIONS.serves("DisableKey")
def disable_key(parts: Services, call: Call) -> Result:
    parts.kms.keys.set_enabled(scope_of(call), call.parameters["KeyId"], False)
    return None


@OPERATIONS.serves("UpdateKeyDescription")
def update_key_description(parts: Services, call: Call) -> Result:
    parameters = call.parameters
    parts.kms.keys.set_description(scope_of(call), parameters["KeyId"], parameters["Description"])
    return None


@OPERATIONS.serves("ScheduleKeyDeletion")
def schedule_key_deletion(parts: Services, call: Call) -> Result:
    parameters = call.parameters
    key = parts.kms.keys.schedule_deletion(
        scope_of(call), parameters["KeyId"], parameters.get("PendingWindowInDays")
    )
    return {
        "KeyId": key.arn,
        "DeletionDate": key.deletion,
        "KeyState": key.status,
        "PendingWindowInDays": key.window_days,
    }


@OPERATIONS.serves("CancelKeyDeletion")
def cancel_key_deletion(parts: Services, call: Call) -> Result:
    return {"KeyId": parts.kms.keys.cancel_deletion(scope_of(call), call.parameters["KeyId"]).arn}


@OPERATIONS.serves("GetKeyPolicy")
def get_key_policy(parts: Services, call: Call) -> Result:
    name = call.parameters.get("PolicyName", "default")
    policy = parts.kms.keys.policy(scope_of(call), call.parameters["KeyId"], name)
    return {"Policy": policy, "PolicyName": name}


@OPERATIONS.serves("PutKeyPolicy")
def put_key_policy(parts: Services, call: Call) -> Result:
    parameters = call.parameters
    name = parameters.get("PolicyName", "default")
    parts.kms.keys.put_policy(scope_of(call), parameters["KeyId"], name, parameters["Policy"])
    return None


@OPERATIONS.serves("ListKeyPolicies")
def list_key_policies(parts: Services, call: Call) -> Result:
    parts.kms.keys.describe_by_id(scope_of(call), call.parameters["KeyId"])
    return {"PolicyNames": ["default"], "Truncated": False}


@OPERATIONS.serves("EnableKeyRotation")
def enable_key_rotation(parts: Services, call: Call) -> Result:
    parameters = call.parameters
    days = parameters.get("RotationPeriodInDays")
    parts.kms.keys.enable_rotation(scope_of(call), parameters["KeyId"], days)
    return None


@OPERATIONS.serves("DisableKeyRotation")
def disable_key_rotation(parts: Services, call: Call) -> Result:
    parts.kms.keys.disable_rotation(scope_of(call), call.parameters["KeyId"])
    return None


@OPERATIONS.serves("GetKeyRotationStatus")
def get_key_rotation_status(parts: Services, call: Call) -> Result:
    key = parts.kms.keys.describe_by_id(scope_of(call), call.parameters["KeyId"])
    return {
        "KeyRotationEnabled": key.is_managed or key.rotation_days > 0,
        "KeyId": key.arn,
        **present(RotationPeriodInDays=key.rotation_days or None),
        **present(NextRotationDate=key.next_rotation),
    }


@OPERATIONS.serves("RotateKeyOnDemand")
def rotate_key_on_demand(parts: Services, call: Call) -> Result:
    return {"KeyId": parts.kms.keys.rotate(scope_of(call), call.parameters["KeyId"]).arn}


@OPERATIONS.serves("ListKeyRotations")
def list_key_rotations(parts: Services, call: Call) -> Result:
    """Return all of them at once; the first material is no rotation."""
    _single_page(call)
    check((refused(Unserved("IncludeKeyMaterial", ("ROTATIONS_ONLY",))),), call.parameters)
    key_id = call.parameters["KeyId"]
    found = parts.kms.keys.rotations(scope_of(call), key_id)
    return {"Rotations": [_rotation(key_id, one) for one in found], "Truncated": False}


@OPERATIONS.serves("CreateAlias")
def create_alias(parts: Services, call: Call) -> Result:
    parameters = call.parameters
    parts.kms.aliases.create(scope_of(call), parameters["AliasName"], parameters["TargetKeyId"])
    return None


@OPERATIONS.serves("UpdateAlias")
def update_alias(parts: Services, call: Call) -> Result:
    parameters = call.parameters
    parts.kms.aliases.update(scope_of(call), parameters["AliasName"], parameters["TargetKeyId"])
    return None


@OPERATIONS.serves("DeleteAlias")
def delete_alias(parts: Services, call: Call) -> Result:
    parts.kms.aliases.delete(scope_of(call), call.parameters["AliasName"])
    return None


@OPERATIONS.serves("ListAliases")
def list_aliases(parts: Services, call: Call) -> Result:
    page = parts.kms.aliases.list(scope_of(call), call.parameters)
    return {"Aliases": [_alias(alias) for alias in page.records], **_more(page)}


@OPERATIONS.serves("Encrypt")
def encrypt(parts: Services, call: Call) -> Result:
    parameters = _checked(call)
    made = parts.kms.ciphers.encrypt(
        scope_of(call), parameters["KeyId"], parameters["Plaintext"], _context(parameters)
    )
    return {
        "CiphertextBlob": made.blob,
        "KeyId": made.key.arn,
        "EncryptionAlgorithm": _ALGORITHM,
    }


@OPERATIONS.serves("Decrypt")
def decrypt(parts: Services, call: Call) -> Result:
    parameters = _checked(call)
    opened = parts.kms.ciphers.decrypt(
        scope_of(call),
        _blob(parameters),
        _context(parameters),
        parameters.get("KeyId"),
    )
    return {
        "KeyId": opened.key.arn,
        "Plaintext": opened.plain,
        "EncryptionAlgorithm": _ALGORITHM,
        "KeyMaterialId": opened.material_id,
    }


@OPERATIONS.serves("ReEncrypt")
def re_encrypt(parts: Services, call: Call) -> Result:
    parameters, scope, ciphers = _checked(call), scope_of(call), parts.kms.ciphers
    source = ciphers.decrypt(
        scope,
        _blob(parameters),
        _context(parameters, "SourceEncryptionContext"),
        parameters.get("SourceKeyId"),
    )
    made = ciphers.encrypt(
        scope,
        parameters["DestinationKeyId"],
        source.plain,
        _context(parameters, "DestinationEncryptionContext"),
    )
    return {
        "CiphertextBlob": made.blob,
        "SourceKeyId": source.key.arn,
        "KeyId": made.key.arn,
        "SourceEncryptionAlgorithm": _ALGORITHM,
        "DestinationEncryptionAlgorithm": _ALGORITHM,
        "SourceKeyMaterialId": source.material_id,
        "DestinationKeyMaterialId": made.material_id,
    }


@OPERATIONS.serves("GenerateDataKey")
def generate_data_key(parts: Services, call: Call) -> Result:
    made, plain = _data_key(parts, call)
    return {**_data_key_answer(made), "Plaintext": plain}


@OPERATIONS.serves("GenerateDataKeyWithoutPlaintext")
def generate_data_key_without_plaintext(parts: Services, call: Call) -> Result:
    made, _ = _data_key(parts, call)
    return _data_key_answer(made)


@OPERATIONS.serves("GenerateRandom")
def generate_random(_: Services, call: Call) -> Result:
    parameters = _checked(call)
    if "NumberOfBytes" not in parameters:
        raise InvalidRequest("NumberOfBytes must be specified.")
    return {"Plaintext": secrets.token_bytes(parameters["NumberOfBytes"])}


@OPERATIONS.serves("TagResource")
def tag_resource(parts: Services, call: Call) -> Result:
    parameters = call.parameters
    parts.kms.keys.add_tags(scope_of(call), parameters["KeyId"], parameters["Tags"])
    return None


@OPERATIONS.serves("UntagResource")
def untag_resource(parts: Services, call: Call) -> Result:
    parameters = call.parameters
    parts.kms.keys.remove_tags(scope_of(call), parameters["KeyId"], parameters["TagKeys"])
    return None


@OPERATIONS.serves("ListResourceTags")
def list_resource_tags(parts: Services, call: Call) -> Result:
    """Return all of them at once: there are 50 at most."""
    _single_page(call)
    tags = parts.kms.keys.tags(scope_of(call), call.parameters["KeyId"])
    shown = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
    return {"Tags": shown, "Truncated": False}


def _metadata(key: Key) -> dict[str, Any]:
    return {
        "AWSAccountId": key.scope.account,
        "KeyId": key.name,
        "Arn": key.arn,
        "CreationDate": key.created,
        "Enabled": key.status is KeyState.ENABLED,
        "Description": key.description,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": key.status,
        "Origin": "AWS_KMS",
        "KeyManager": "AWS" if key.is_managed else "CUSTOMER",
        "CustomerMasterKeySpec": _SPEC,
        "KeySpec": _SPEC,
        "EncryptionAlgorithms": [_ALGORITHM],
        "MultiRegion": False,
        "CurrentKeyMaterialId": key.materials[-1].id,
        **present(DeletionDate=key.deletion),
    }


def _alias(alias: KeyAlias) -> dict[str, Any]:
    return {
        "AliasName": alias.name,
        "AliasArn": alias.arn,
        "TargetKeyId": alias.key_id,
        "CreationDate": alias.created,
        "LastUpdatedDate": alias.modified,
    }


def _rotation(key_id: str, material: KeyMaterial) -> dict[str, Any]:
    return {
        "KeyId": key_id,
        "RotationDate": material.created,
        "RotationType": "ON_DEMAND" if material.on_demand else "AUTOMATIC",
    }


def _more(page: KeyPage) -> dict[str, Any]:
    return {"Truncated": bool(page.next_marker), **present(NextMarker=page.next_marker)}


def _single_page(call: Call) -> None:
    if call.parameters.get("Marker"):
        raise InvalidRequest("Invalid Marker: this list has a single page.")


def _checked(call: Call) -> Mapping[str, Any]:
    check(_CIPHER_RULES, call.parameters)
    return call.parameters


def _context(parameters: Mapping[str, Any], member: str = "EncryptionContext") -> dict[str, str]:
    context: dict[str, str] = parameters.get(member, {})
    return context


def _blob(parameters: Mapping[str, Any]) -> bytes:
    """Return the ciphertext of a request.

    raises    InvalidRequest: only asymmetric and dry calls go without
    """
    blob: bytes | None = parameters.get("CiphertextBlob")
    if blob is None:
        raise InvalidRequest("CiphertextBlob must be specified.")
    return blob


def _data_key(parts: Services, call: Call) -> tuple[Encrypted, bytes]:
    parameters = _checked(call)
    if ("KeySpec" in parameters) == ("NumberOfBytes" in parameters):
        raise InvalidRequest("Please specify either number of bytes or key spec.")
    spec = parameters.get("KeySpec")
    n_bytes: int = _BYTES[spec] if spec else parameters["NumberOfBytes"]
    return parts.kms.ciphers.data_key(
        scope_of(call),
        parameters["KeyId"],
        n_bytes,
        _context(parameters),
    )


def _data_key_answer(made: Encrypted) -> dict[str, Any]:
    return {
        "CiphertextBlob": made.blob,
        "KeyId": made.key.arn,
        "KeyMaterialId": made.material_id,
    }
