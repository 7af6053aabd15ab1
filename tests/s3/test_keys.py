"""SSE-KMS and AES256 through a boto3 client: what is told, and which permission of KMS each request needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from migrated import migrated_database
from s3.house import OURS, THEIRS, S3House

from windvane.control.kms.master import MasterKeys, master_key
from windvane.control.kms.service import KeyService, new_key_service
from windvane.names import PageTokens, Scope
from windvane.objects.encrypted import EncryptedStore
from windvane.objects.store import open_objects
from windvane.store.open import FILE_NAME, open_store

SCOPE = Scope(OURS, "us-east-1")


@pytest.fixture
def kms(tmp_path: Path) -> Iterator[KeyService]:
    (tmp_path / FILE_NAME).write_bytes(migrated_database())
    store = open_store("", tmp_path)
    masters = MasterKeys(master_key(b"m" * 32))
    made = new_key_service(store, masters, PageTokens(b"k" * 32), lambda: datetime.now(UTC))
    made.start()
    yield made
    store.close()


@pytest.fixture
def house(tmp_path: Path, kms: KeyService) -> Iterator[S3House]:
    made = S3House(tmp_path, EncryptedStore(open_objects(tmp_path / "s3"), kms.data_keys))
    made.client().create_bucket(Bucket="mine")
    yield made
    made.close()


@pytest.fixture
def s3(house: S3House) -> Any:
    return house.client()


@pytest.fixture
def key(kms: KeyService) -> Any:
    return kms.keys.create(SCOPE, {})


def under(key: Any) -> dict[str, str]:
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key.arn}


def code(call: Any, **members: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**members)
    return str(refused.value.response["Error"]["Code"])


def test_an_object_is_encrypted_by_default_and_says_so(s3: Any) -> None:
    assert s3.put_object(Bucket="mine", Key="a", Body=b"x")["ServerSideEncryption"] == "AES256"
    assert s3.get_object(Bucket="mine", Key="a")["ServerSideEncryption"] == "AES256"


def test_the_key_of_a_bucket_is_the_default_of_its_objects(s3: Any, key: Any) -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key.name}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket="mine", ServerSideEncryptionConfiguration={"Rules": [rule]})
    put = s3.put_object(Bucket="mine", Key="a", Body=b"x")
    assert (put["SSEKMSKeyId"], put["BucketKeyEnabled"]) == (key.arn, True)
    head = s3.head_object(Bucket="mine", Key="a")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key.arn)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("alias/none", "KMS.NotFoundException"),
        (
            "arn:aws:kms:us-east-1:444455556666:key/12345678-1234-1234-1234-123456789012",
            "AccessDenied",
        ),
    ],
)
def test_a_key_that_cannot_be_used_stores_nothing(s3: Any, written: str, expected: str) -> None:
    members = {"Bucket": "mine", "Key": "a", "Body": b"x", "ServerSideEncryption": "aws:kms"}
    assert code(s3.put_object, SSEKMSKeyId=written, **members) == expected
    assert "Contents" not in s3.list_objects_v2(Bucket="mine")


def test_a_disabled_key_is_told_by_name(s3: Any, kms: KeyService, key: Any) -> None:
    s3.put_object(Bucket="mine", Key="a", Body=b"x", **under(key))
    kms.keys.set_enabled(SCOPE, key.name, False)
    for call, members in (
        (s3.get_object, {"Key": "a"}),
        (s3.put_object, {"Key": "b", "Body": b"x", **under(key)}),
        (s3.copy_object, {"Key": "b", "CopySource": "mine/a"}),
        (s3.create_multipart_upload, {"Key": "b", **under(key)}),
    ):
        assert code(call, Bucket="mine", **members) == "KMS.DisabledException"
    kms.keys.schedule_deletion(SCOPE, key.name, 7)
    assert code(s3.get_object, Bucket="mine", Key="a") == "KMS.KMSInvalidStateException"


def test_who_may_not_use_the_key_neither_reads_nor_writes_nor_copies(
    house: S3House, s3: Any, key: Any
) -> None:
    """Attack: a session that may do everything in S3 and nothing in KMS reads what a key was to keep from it."""
    s3.put_object(Bucket="mine", Key="a", Body=b"x", **under(key))
    upload = s3.create_multipart_upload(Bucket="mine", Key="u", **under(key))["UploadId"]
    to_part = {"Key": "u", "UploadId": upload, "PartNumber": 1}
    house.allowed.denied.add(("kms:Decrypt", key.arn))
    for call, members in (
        (s3.get_object, {"Key": "a"}),
        (s3.copy_object, {"Key": "b", "CopySource": "mine/a"}),
        (s3.upload_part_copy, {**to_part, "CopySource": "mine/a"}),
    ):
        assert code(call, Bucket="mine", **members) == "AccessDenied"
    house.allowed.denied = {("kms:GenerateDataKey", key.arn)}
    for call, members in (
        (s3.put_object, {"Key": "b", "Body": b"x", **under(key)}),
        (s3.copy_object, {"Key": "b", "CopySource": "mine/a", **under(key)}),
        (s3.create_multipart_upload, {"Key": "b", **under(key)}),
        (s3.upload_part, {**to_part, "Body": b"x"}),
    ):
        assert code(call, Bucket="mine", **members) == "AccessDenied"
    assert s3.get_object(Bucket="mine", Key="a")["Body"].read() == b"x"


def test_the_accounts_own_key_needs_no_permission_of_kms(house: S3House, s3: Any) -> None:
    s3.put_object(Bucket="mine", Key="a", Body=b"x", ServerSideEncryption="aws:kms")
    assert s3.get_object(Bucket="mine", Key="a")["Body"].read() == b"x"
    assert not [action for action, _ in house.allowed.asked if action.startswith("kms:")]


def test_a_copy_into_another_accounts_bucket_is_under_that_accounts_keys(
    house: S3House, s3: Any, key: Any
) -> None:
    house.client(THEIRS).create_bucket(Bucket="theirs")
    s3.put_object(Bucket="mine", Key="a", Body=b"x", **under(key))
    assert code(house.client(THEIRS).get_object, Bucket="mine", Key="a") == "AccessDenied"
    members = {"Bucket": "theirs", "Key": "b", "Body": b"x", **under(key)}
    assert code(house.client(THEIRS).put_object, **members) == "AccessDenied"
