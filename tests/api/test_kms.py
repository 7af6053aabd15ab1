"""KMS, through a boto3 client."""

from __future__ import annotations

from typing import Any

import pytest
from api.world import ACCOUNT, OTHER_ACCOUNT, REGION, World, refusal

from windvane.control.kms.keys import MOST_ON_DEMAND_ROTATIONS
from windvane.control.kms.sweep import destroy_due_keys

CONTEXT = {"purpose": "test", "owner": "me"}
ALIAS = "alias/models"


@pytest.fixture
def kms(world: World) -> Any:
    return world.client(service="kms")


@pytest.fixture
def key(kms: Any) -> str:
    made = kms.create_key(Description="models", Tags=[{"TagKey": "team", "TagValue": "a"}])
    key_id: str = made["KeyMetadata"]["KeyId"]
    return key_id


def test_a_key_is_made_described_and_listed(kms: Any, key: str) -> None:
    found = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert found["Arn"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"
    assert (found["AWSAccountId"], found["Description"]) == (ACCOUNT, "models")
    assert (found["KeyState"], found["Enabled"], found["KeyManager"]) == (
        "Enabled",
        True,
        "CUSTOMER",
    )
    assert found["KeySpec"] == "SYMMETRIC_DEFAULT"
    assert kms.describe_key(KeyId=found["Arn"])["KeyMetadata"] == found
    other = kms.create_key()["KeyMetadata"]
    first = kms.list_keys(Limit=1)
    assert (first["Truncated"], first["Keys"]) == (True, [{"KeyId": key, "KeyArn": found["Arn"]}])
    rest = kms.list_keys(Limit=1, Marker=first["NextMarker"])
    assert (rest["Truncated"], rest["Keys"][0]["KeyId"]) == (False, other["KeyId"])
    kms.update_key_description(KeyId=key, Description="other")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "other"


@pytest.mark.parametrize(
    "changes",
    [
        {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"},
        {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
        {"Origin": "EXTERNAL"},
        {"MultiRegion": True},
        {"Policy": '{"Version": "2012-10-17", "Statement": []}'},
        {"Policy": "no JSON"},
        {"Tags": [{"TagKey": "a", "TagValue": ""}, {"TagKey": "a", "TagValue": ""}]},
    ],
)
def test_other_kinds_of_keys_are_refused(kms: Any, changes: dict[str, Any]) -> None:
    code, _ = refusal(kms.create_key, **changes)
    assert code == "ValidationException"
    assert kms.list_keys()["Keys"] == []


def test_what_was_encrypted_is_decrypted_in_the_same_context_alone(kms: Any, key: str) -> None:
    made = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext=CONTEXT)
    assert made["KeyId"].endswith(key)
    assert b"secret" not in made["CiphertextBlob"]
    blob = made["CiphertextBlob"]
    swapped = dict(reversed(CONTEXT.items()))
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=swapped)["Plaintext"] == b"secret"
    for context in ({}, {**CONTEXT, "more": "x"}, {**CONTEXT, "owner": "you"}):
        code, _ = refusal(kms.decrypt, CiphertextBlob=blob, EncryptionContext=context)
        assert code == "InvalidCiphertextException"


def test_a_changed_ciphertext_is_refused(kms: Any, key: str) -> None:
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    codes = {"InvalidCiphertextException", "AccessDeniedException"}
    for position in range(len(blob)):
        changed = bytearray(blob)
        changed[position] ^= 1
        assert refusal(kms.decrypt, CiphertextBlob=bytes(changed))[0] in codes
    for cut in (b"x", blob[:60], blob[:-1], blob + b"\x00"):
        assert refusal(kms.decrypt, CiphertextBlob=cut)[0] == "InvalidCiphertextException"


def test_a_key_that_is_named_must_be_the_ciphertexts_own(kms: Any, key: str) -> None:
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    assert kms.decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == b"secret"
    assert refusal(kms.decrypt, CiphertextBlob=blob, KeyId=other)[0] == "IncorrectKeyException"


def test_a_key_belongs_to_one_account(world: World, kms: Any, key: str) -> None:
    other = world.client(OTHER_ACCOUNT, service="kms")
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    assert refusal(other.decrypt, CiphertextBlob=blob)[0] == "AccessDeniedException"
    assert refusal(other.describe_key, KeyId=arn)[0] == "AccessDeniedException"
    assert refusal(other.describe_key, KeyId=key)[0] == "NotFoundException"
    assert refusal(other.schedule_key_deletion, KeyId=arn)[0] == "AccessDeniedException"
    elsewhere = world.client(region="eu-west-1", service="kms")
    assert refusal(elsewhere.encrypt, KeyId=arn, Plaintext=b"x")[0] == "NotFoundException"


@pytest.mark.parametrize("written", ["no-key", "alias/none", "arn:aws:kms:x", "../etc"])
def test_a_key_that_is_not_there(kms: Any, written: str) -> None:
    assert refusal(kms.describe_key, KeyId=written)[0] == "NotFoundException"
    assert refusal(kms.encrypt, KeyId=written, Plaintext=b"x")[0] == "NotFoundException"


def test_an_alias_names_a_key_and_moves(kms: Any, key: str) -> None:
    kms.create_alias(AliasName=ALIAS, TargetKeyId=key)
    blob = kms.encrypt(KeyId=ALIAS, Plaintext=b"secret")["CiphertextBlob"]
    [alias] = kms.list_aliases()["Aliases"]
    assert alias["AliasArn"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:{ALIAS}"
    assert alias["TargetKeyId"] == key
    assert kms.describe_key(KeyId=alias["AliasArn"])["KeyMetadata"]["KeyId"] == key
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=ALIAS, TargetKeyId=other)
    assert kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"] == other
    assert kms.list_aliases(KeyId=key)["Aliases"] == []
    assert len(kms.list_aliases(KeyId=other)["Aliases"]) == 1
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"
    kms.delete_alias(AliasName=ALIAS)
    assert refusal(kms.describe_key, KeyId=ALIAS)[0] == "NotFoundException"


def test_aliases_that_are_refused(kms: Any, key: str) -> None:
    kms.create_alias(AliasName=ALIAS, TargetKeyId=key)
    taken = refusal(kms.create_alias, AliasName=ALIAS, TargetKeyId=key)
    assert taken[0] == "AlreadyExistsException"
    for name in ("models", "alias/", "alias/aws/mine"):
        refused = refusal(kms.create_alias, AliasName=name, TargetKeyId=key)
        assert refused[0] == "ValidationException"
    missing = refusal(kms.update_alias, AliasName="alias/none", TargetKeyId=key)
    assert missing[0] == "NotFoundException"
    assert refusal(kms.delete_alias, AliasName="alias/none")[0] == "NotFoundException"
    assert refusal(kms.disable_key, KeyId=ALIAS)[0] == "NotFoundException"


def test_a_disabled_key_neither_encrypts_nor_decrypts(kms: Any, key: str) -> None:
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"] is False
    for call, members in (
        (kms.encrypt, {"KeyId": key, "Plaintext": b"x"}),
        (kms.decrypt, {"CiphertextBlob": blob}),
        (kms.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}),
        (kms.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": key}),
        (kms.rotate_key_on_demand, {"KeyId": key}),
        (kms.enable_key_rotation, {"KeyId": key}),
    ):
        code, text = refusal(call, **members)
        assert (code, key in text) == ("DisabledException", True)
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"


def test_deletion_waits_can_be_cancelled_and_destroys(world: World, kms: Any, key: str) -> None:
    kms.create_alias(AliasName=ALIAS, TargetKeyId=key)
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    for days in (6, 31):
        code, _ = refusal(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=days)
        assert code == "ValidationException"
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert (answer["KeyState"], answer["PendingWindowInDays"]) == ("PendingDeletion", 7)
    assert "DeletionDate" in kms.describe_key(KeyId=key)["KeyMetadata"]
    for call, members in (
        (kms.decrypt, {"CiphertextBlob": blob}),
        (kms.enable_key, {"KeyId": key}),
        (kms.schedule_key_deletion, {"KeyId": key}),
        (kms.create_alias, {"AliasName": "alias/b", "TargetKeyId": key}),
        (kms.tag_resource, {"KeyId": key, "Tags": [{"TagKey": "a", "TagValue": "b"}]}),
    ):
        assert refusal(call, **members)[0] == "KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    assert refusal(kms.cancel_key_deletion, KeyId=key)[0] == "KMSInvalidStateException"

    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert destroy_due_keys(world.store, world.clock.advance(6 * 86_400)) == 0
    assert destroy_due_keys(world.store, world.clock.advance(2 * 86_400)) == 1
    assert refusal(kms.describe_key, KeyId=key)[0] == "NotFoundException"
    assert refusal(kms.decrypt, CiphertextBlob=blob)[0] == "AccessDeniedException"
    assert kms.list_aliases()["Aliases"] == []


def test_rotation_gives_new_material_and_keeps_the_old(kms: Any, key: str) -> None:
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    before = kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"]
    kms.rotate_key_on_demand(KeyId=key)
    now = kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert now != before
    opened = kms.decrypt(CiphertextBlob=blob)
    assert (opened["Plaintext"], opened["KeyMaterialId"]) == (b"secret", before)
    fresh = kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_128")
    assert fresh["KeyMaterialId"] == now
    [rotation] = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert rotation["RotationType"] == "ON_DEMAND"
    for _ in range(MOST_ON_DEMAND_ROTATIONS - 1):
        kms.rotate_key_on_demand(KeyId=key)
    assert refusal(kms.rotate_key_on_demand, KeyId=key)[0] == "LimitExceededException"


def test_rotation_by_time_is_switched_on_and_off(kms: Any, key: str) -> None:
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 90)
    assert "NextRotationDate" in status
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_data_keys(kms: Any, key: str) -> None:
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=CONTEXT)
    assert len(made["Plaintext"]) == 32
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT)
    assert opened["Plaintext"] == made["Plaintext"]
    assert len(kms.generate_data_key(KeyId=key, NumberOfBytes=64)["Plaintext"]) == 64
    assert "Plaintext" not in kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_256")
    assert refusal(kms.generate_data_key, KeyId=key)[0] == "ValidationException"
    both = refusal(kms.generate_data_key, KeyId=key, KeySpec="AES_256", NumberOfBytes=32)
    assert both[0] == "ValidationException"
    assert len(kms.generate_random(NumberOfBytes=24)["Plaintext"]) == 24


def test_a_ciphertext_is_encrypted_anew_under_another_key(kms: Any, key: str) -> None:
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext=CONTEXT)["CiphertextBlob"]
    made = kms.re_encrypt(
        CiphertextBlob=blob, SourceEncryptionContext=CONTEXT, DestinationKeyId=other
    )
    assert made["SourceKeyId"].endswith(key)
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"], KeyId=other)["Plaintext"] == b"secret"


def test_what_is_not_served_is_refused(kms: Any, key: str) -> None:
    for changes in (
        {"GrantTokens": ["t"]},
        {"EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
        {"DryRun": True},
        {"EncryptionContext": {"k": "v" * 9000}},
    ):
        code, _ = refusal(kms.encrypt, KeyId=key, Plaintext=b"x", **changes)
        assert code == "ValidationException"


def test_the_policy_is_the_default_one(kms: Any, key: str) -> None:
    answer = kms.get_key_policy(KeyId=key)
    assert f"arn:aws:iam::{ACCOUNT}:root" in answer["Policy"]
    assert answer["PolicyName"] == "default"
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]
    kms.put_key_policy(KeyId=key, Policy=answer["Policy"])
    other = answer["Policy"].replace(ACCOUNT, OTHER_ACCOUNT)
    assert refusal(kms.put_key_policy, KeyId=key, Policy=other)[0] == "ValidationException"
    assert refusal(kms.get_key_policy, KeyId=key, PolicyName="x")[0] == "NotFoundException"


def test_tags_of_a_key(kms: Any, key: str) -> None:
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "stage", "TagValue": "prod"}])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [
        {"TagKey": "stage", "TagValue": "prod"},
        {"TagKey": "team", "TagValue": "a"},
    ]
    kms.untag_resource(KeyId=key, TagKeys=["team"])
    assert len(kms.list_resource_tags(KeyId=key)["Tags"]) == 1


def test_keys_of_the_service_are_made_when_they_are_named(kms: Any) -> None:
    found = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert found["KeyManager"] == "AWS"
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"] == found
    key = found["KeyId"]
    for call, members in (
        (kms.disable_key, {"KeyId": key}),
        (kms.schedule_key_deletion, {"KeyId": key}),
        (kms.encrypt, {"KeyId": key, "Plaintext": b"x"}),
        (kms.generate_data_key, {"KeyId": "alias/aws/s3", "KeySpec": "AES_256"}),
        (kms.delete_alias, {"AliasName": "alias/aws/s3"}),
        (kms.create_alias, {"AliasName": ALIAS, "TargetKeyId": key}),
    ):
        assert refusal(call, **members)[0] == "AccessDeniedException"
