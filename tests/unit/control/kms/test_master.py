"""Master keys: where they come from, and what sealed material is worth without them."""

import base64
import json
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from migrated import migrated_store

from windvane.control.kms.lookup import new_key
from windvane.control.kms.master import (
    FILE_NAME,
    MasterKeys,
    UnusableMasterKey,
    load_master_keys,
    master_key,
    write_keyring,
)
from windvane.control.kms.materials import Materials
from windvane.control.kms.service import new_key_service
from windvane.control.kms.sweep import destroy_due_keys, reseal_keys, rotate_due_keys
from windvane.domain.keys import Key, KeyState
from windvane.errors import CorruptArtifact
from windvane.names import PageTokens, Scope

SCOPE = Scope("111122223333", "us-east-1")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    opened = migrated_store(tmp_path)
    yield opened
    opened.close()


def test_a_keyring_is_made_once_and_is_its_owners_alone(tmp_path):
    first = load_master_keys(tmp_path, "")
    path = tmp_path / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_master_keys(tmp_path, "") == first
    assert first.current.secret.hex() not in repr(first)
    assert [entry.name for entry in tmp_path.iterdir()] == [FILE_NAME]


def test_a_key_of_the_environment_leaves_no_keyring(tmp_path):
    secret = os.urandom(32)
    for text in (secret.hex(), base64.b64encode(secret).decode()):
        assert load_master_keys(tmp_path, text) == MasterKeys(master_key(secret))
    assert list(tmp_path.iterdir()) == []


def test_the_first_key_of_the_environment_seals_and_all_open(tmp_path):
    kept = load_master_keys(tmp_path, "").current
    new, old = os.urandom(32), os.urandom(32)
    keys = load_master_keys(tmp_path, f"{new.hex()}, {old.hex()}")
    assert keys == MasterKeys(master_key(new), (master_key(old), kept))


@pytest.mark.parametrize("text", ["x", "00" * 31, "00" * 33, "  ", ","])
def test_a_malformed_key_of_the_environment_is_refused(tmp_path, text):
    with pytest.raises(UnusableMasterKey, match="WINDVANE_MASTER_KEY"):
        load_master_keys(tmp_path, text)


def test_a_keyring_that_others_can_read_or_that_was_changed_is_refused(tmp_path):
    load_master_keys(tmp_path, "")
    path = tmp_path / FILE_NAME
    path.chmod(0o640)
    with pytest.raises(UnusableMasterKey, match="chmod"):
        load_master_keys(tmp_path, "")
    path.chmod(0o600)
    document = json.loads(path.read_text())
    document["keys"][0]["secret"] = "00" * 32
    for text in (json.dumps(document), "{}", "", '{"keys": []}'):
        path.write_text(text)
        with pytest.raises(UnusableMasterKey, match="backup"):
            load_master_keys(tmp_path, "")


def test_material_opens_under_its_own_master_key_and_record_alone():
    old, new = master_key(os.urandom(32)), master_key(os.urandom(32))
    key = new_key(SCOPE, Materials(MasterKeys(old)), NOW)
    [material] = key.materials
    secret = Materials(MasterKeys(old)).secret(key, material)
    assert secret.hex() not in material.sealed
    assert secret not in base64.b64decode(material.sealed.partition(":")[2])
    assert Materials(MasterKeys(new, (old,))).secret(key, material) == secret
    with pytest.raises(UnusableMasterKey, match=old.id):
        Materials(MasterKeys(new)).secret(key, material)
    other = replace(key, name="00000000-0000-0000-0000-000000000000")
    with pytest.raises(CorruptArtifact):
        Materials(MasterKeys(old)).secret(other, material)


def test_all_material_comes_under_a_new_master_key(store):
    old, new = master_key(os.urandom(32)), master_key(os.urandom(32))
    key = new_key(SCOPE, Materials(MasterKeys(old)), NOW)
    with store.transaction() as tx:
        tx.insert(key)
    materials = Materials(MasterKeys(new, (old,)))
    assert reseal_keys(store, materials) == 1
    assert reseal_keys(store, materials) == 0
    with store.snapshot() as tx:
        found = tx.find(Key, SCOPE, key.name)
    secret = Materials(MasterKeys(old)).secret(key, key.materials[0])
    assert Materials(MasterKeys(new)).secret(found, found.materials[0]) == secret


def test_a_due_rotation_happens_once_and_disabled_keys_wait(store):
    materials = Materials(MasterKeys(master_key(os.urandom(32))))
    key = new_key(SCOPE, materials, NOW)
    due = replace(key, rotation_days=90, next_rotation=NOW + timedelta(days=90))
    off = replace(due, name="00000000-0000-0000-0000-000000000000", status=KeyState.DISABLED)
    with store.transaction() as tx:
        tx.insert(due)
        tx.insert(off)
    assert rotate_due_keys(store, materials, NOW + timedelta(days=89)) == 0
    late = NOW + timedelta(days=1000)
    assert rotate_due_keys(store, materials, late) == 1
    assert rotate_due_keys(store, materials, late) == 0
    with store.snapshot() as tx:
        found = tx.find(Key, SCOPE, key.name)
    assert len(found.materials) == 2
    assert found.next_rotation == late + timedelta(days=90)
    assert materials.secret(found, found.materials[0]) != materials.secret(
        found, found.materials[1]
    )


def test_a_key_whose_deletion_was_cancelled_is_kept(store):
    key = new_key(SCOPE, Materials(MasterKeys(master_key(os.urandom(32)))), NOW)
    pending = replace(key, status=KeyState.PENDING_DELETION, deletion=NOW + timedelta(days=7))
    with store.transaction() as tx:
        tx.insert(pending)
    assert destroy_due_keys(store, NOW + timedelta(days=6)) == 0
    with store.transaction() as tx:
        tx.update(replace(key, status=KeyState.DISABLED))
    assert destroy_due_keys(store, NOW + timedelta(days=60)) == 0


def test_two_that_make_a_keyring_at_once_agree(tmp_path):
    path = tmp_path / FILE_NAME
    first, second = (master_key(os.urandom(32)) for _ in range(2))
    write_keyring(path, [first], may_replace=False)
    write_keyring(path, [second], may_replace=False)
    assert load_master_keys(tmp_path, "").current == first


def test_a_server_without_its_master_key_does_not_start_and_says_which_it_needs(store):
    masters = MasterKeys(master_key(os.urandom(32)))
    service = new_key_service(store, masters, PageTokens(b"k" * 32), lambda: NOW)
    service.start()
    other = MasterKeys(master_key(os.urandom(32)))
    stranger = new_key_service(store, other, PageTokens(b"k" * 32), lambda: NOW)
    with pytest.raises(UnusableMasterKey, match=masters.current.id):
        stranger.start()
    both = MasterKeys(other.current, (masters.current,))
    new_key_service(store, both, PageTokens(b"k" * 32), lambda: NOW).start()
    stranger.start()
    with pytest.raises(UnusableMasterKey, match=other.current.id):
        service.start()
