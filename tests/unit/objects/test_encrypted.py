"""The encrypted object store: plain to its users, and nothing plain on the disk."""

import hashlib
import json
import os
from datetime import UTC, datetime

import pytest

from windvane.control.kms.master import MasterKeys, master_key
from windvane.control.kms.service import new_key_service
from windvane.errors import AccessDenied, CorruptArtifact, KeyDisabled, KeyMissing
from windvane.names import PageTokens, Scope
from windvane.objects.encrypted import EncryptedStore
from windvane.objects.encryption import (
    DEFAULT_DOCUMENT,
    Algorithm,
    asked,
    context_of,
    has_bucket_key,
    key_to_ask_for,
)
from windvane.objects.frames import FRAME_BYTES
from windvane.objects.records import Attributes, NamedPart
from windvane.objects.store import open_objects
from windvane.store.open import open_store

ACCOUNT, REGION = "111122223333", "us-east-1"
SCOPE = Scope(ACCOUNT, REGION)
SECRET = b"the plain text of an object " * 5000


@pytest.fixture
def kms(tmp_path):
    store = open_store("", tmp_path)
    store.migrate()
    masters = MasterKeys(master_key(os.urandom(32)))
    service = new_key_service(store, masters, PageTokens(b"k" * 32), lambda: datetime.now(UTC))
    service.start()
    yield service
    store.close()


@pytest.fixture
def inner(tmp_path):
    opened = open_objects(tmp_path / "s3")
    for account, bucket in ((ACCOUNT, "mine"), ("444455556666", "theirs")):
        opened.create_bucket(bucket, account, REGION)
    yield opened
    opened.close()


@pytest.fixture
def store(inner, kms):
    return EncryptedStore(inner, kms.data_keys)


@pytest.fixture
def key(kms):
    return kms.keys.create(SCOPE, {})


def put(store, name, data, encryption=None, bucket="mine"):
    with store.stage() as stage:
        for start in range(0, len(data), 50_000):
            stage.write(data[start : start + 50_000])
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return store.put(bucket, name, stage, etag, Attributes(encryption=encryption))


def read(store, version):
    with store.open(version) as file:
        return file.read()


def on_disk(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("size", [0, 1, 1000, FRAME_BYTES, 3 * FRAME_BYTES + 7])
def test_what_is_put_is_read_and_is_not_on_the_disk(store, tmp_path, size):
    data = (SECRET * (1 + size // len(SECRET)))[:size]
    version = put(store, "a", data)
    assert (version.size, version.attributes.encryption.algorithm) == (size, "AES256")
    found = store.find("mine", "a")
    assert read(store, found) == data
    with store.open(found) as file:
        file.seek(size // 2)
        assert file.read(100) == data[size // 2 :][:100]
    assert not size or SECRET[:20] not in on_disk(tmp_path / "s3")


def test_a_key_of_kms_is_named_and_told(store, kms, key):
    kms.aliases.create(SCOPE, "alias/models", key.name)
    for written in (
        key.name,
        key.arn,
        "alias/models",
        f"{key.arn.rpartition('key/')[0]}alias/models",
    ):
        wish = asked(Algorithm.KMS, written, context={"a": "b"}, bucket_key=True)
        kept = put(store, "a", SECRET, wish).attributes.encryption
        assert (kept.algorithm, kept.key_id) == ("aws:kms", key.arn)
        assert (context_of(kept), has_bucket_key(kept)) == ({"a": "b"}, True)
        assert read(store, store.find("mine", "a")) == SECRET


def test_without_a_name_it_is_the_accounts_own_key(store, kms):
    kept = put(store, "a", SECRET, asked(Algorithm.KMS)).attributes.encryption
    assert kept.key_id == kms.keys.describe(SCOPE, "alias/aws/s3").arn
    assert read(store, store.find("mine", "a")) == SECRET
    theirs = put(store, "a", SECRET, asked(Algorithm.KMS), "theirs").attributes.encryption
    assert theirs.key_id != kept.key_id


def test_a_disabled_key_makes_objects_unreadable_at_once(store, kms, key):
    version = put(store, "a", SECRET, asked(Algorithm.KMS, key.arn))
    kms.keys.set_enabled(SCOPE, key.name, False)
    with pytest.raises(KeyDisabled, match=key.arn):
        read(store, version)
    with pytest.raises(KeyDisabled, match=key.arn):
        put(store, "b", SECRET, asked(Algorithm.KMS, key.arn))
    assert store.list_objects("mine").objects[0].key == "a"
    kms.keys.set_enabled(SCOPE, key.name, True)
    assert read(store, version) == SECRET


def test_keys_that_cannot_be_used_store_nothing(store, key):
    for bucket, written, error in (
        ("mine", "alias/none", KeyMissing),
        ("mine", "00000000-0000-0000-0000-000000000000", KeyMissing),
        ("theirs", key.arn, AccessDenied),
        ("theirs", key.name, KeyMissing),
    ):
        with pytest.raises(error):
            put(store, "a", SECRET, asked(Algorithm.KMS, written), bucket)
        with pytest.raises(error):
            store.create_upload(bucket, "a", Attributes(encryption=asked(Algorithm.KMS, written)))
        assert store.list_objects(bucket).objects == ()


@pytest.mark.parametrize("wish", [None, asked(Algorithm.KMS)])
def test_an_upload_in_parts_is_read_as_one(store, tmp_path, wish):
    upload = store.create_upload("mine", "a", Attributes(encryption=wish))
    contents = [os.urandom(5 * 2**20), SECRET * 40, b"end"]
    named = []
    for number, content in enumerate(contents, start=1):
        with store.stage_part(upload) as stage:
            stage.write(content)
            etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
            named.append(NamedPart(number, store.put_part(upload, number, stage, etag).etag))
    version = store.complete_upload(upload, named, Attributes())
    whole = b"".join(contents)
    assert (version.size, version.attributes.encryption.algorithm) == (
        len(whole),
        upload.attributes.encryption.algorithm,
    )
    with store.open(version) as file:
        assert file.read() == whole
        for start in (0, 5 * 2**20 - 3, 5 * 2**20, len(whole) - 4, len(whole)):
            file.seek(start)
            assert file.read(70_000) == whole[start : start + 70_000]
    assert SECRET[:20] not in on_disk(tmp_path / "s3")
    copied = store.copy(version, "theirs", "b", Attributes())
    assert read(store, copied) == whole


def test_a_copy_has_its_own_encryption(store, kms, key):
    source = put(store, "a", SECRET, asked(Algorithm.KMS, key.arn))
    plain = store.copy(source, "theirs", "b", Attributes())
    own = store.copy(source, "theirs", "c", Attributes(encryption=asked(Algorithm.KMS)))
    assert plain.attributes.encryption.algorithm == "AES256"
    kms.keys.set_enabled(SCOPE, key.name, False)
    assert read(store, plain) == SECRET
    assert read(store, own) == SECRET
    with pytest.raises(KeyDisabled):
        store.copy(source, "mine", "d", Attributes())


def test_objects_from_before_there_was_encryption_are_read_and_encrypted_by_a_copy(
    inner, store, tmp_path
):
    with inner.stage() as stage:
        stage.write(SECRET)
        old = inner.put("mine", "old", stage, "0" * 32, Attributes())
    assert read(store, old) == SECRET
    new = store.copy(old, "mine", "old", Attributes())
    assert new.attributes.encryption.algorithm == "AES256"
    assert read(store, new) == SECRET


def test_a_wrapped_key_belongs_to_one_object(inner, store):
    one, two = put(store, "a", SECRET), put(store, "b", SECRET)
    with inner.open(one) as file, inner.stage() as stage:
        stage.write(file.read())
        moved = inner.put("mine", "c", stage, one.etag, one.attributes, size=one.size)
    with pytest.raises(CorruptArtifact, match="s3://mine/c"):
        store.open(moved)
    assert read(store, two) == SECRET


def test_a_stage_of_another_store_is_not_put(inner, store):
    with inner.stage() as stage, pytest.raises(TypeError):
        store.put("mine", "a", stage, "0" * 32, Attributes())


def test_the_default_of_a_bucket_holds_for_what_asks_for_nothing(store, key):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] = key.arn
    store.set_document("mine", DEFAULT_DOCUMENT, json.dumps({"Rules": [rule]}))
    version = put(store, "a", SECRET)
    assert version.attributes.encryption.key_id == key.arn
    assert key_to_ask_for(version.attributes.encryption) == key.arn
    upload = store.create_upload("mine", "b", Attributes())
    assert upload.attributes.encryption.key_id == key.arn
    asked_for = put(store, "c", SECRET, asked()).attributes.encryption
    assert asked_for.algorithm == "AES256"
    managed = put(store, "d", SECRET, asked(Algorithm.KMS)).attributes.encryption
    assert (managed.key_id is None, key_to_ask_for(managed)) == (False, "")
