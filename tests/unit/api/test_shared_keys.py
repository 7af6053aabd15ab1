"""Servers of one store have the same keys, whichever of them changes those."""

import json

import pytest

from windvane.api.key_file import (
    UnusableKeys,
    load_or_create_keys,
    read_keys,
    retire,
    rotate,
    rotate_tokens,
)
from windvane.api.shared_keys import SharedKeys
from windvane.control.kms.master import MasterKeys, UnusableMasterKey, master_key
from windvane.store.open import open_store

ACCOUNT = "000000000000"
MASTERS = MasterKeys(master_key(b"m" * 32))


@pytest.fixture
def store(tmp_path):
    opened = open_store("", tmp_path)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def keys_in(store, tmp_path):
    def keys(name, masters=MASTERS):
        folder = tmp_path / name
        return folder, SharedKeys(store, masters, folder, ACCOUNT, folder / "audit")

    return keys


def test_a_server_with_an_empty_folder_gets_the_keys_of_the_others(keys_in):
    (one, first), (two, second) = keys_in("one"), keys_in("two")
    before = load_or_create_keys(one, ACCOUNT)
    agreed = first.agree()
    assert agreed.root_keys == before.root_keys
    assert second.agree() == agreed == read_keys(two, ACCOUNT) == read_keys(one, ACCOUNT)
    assert (agreed.revision, first.agree()) == (1, agreed)


@pytest.mark.parametrize("change", [rotate, rotate_tokens], ids=["root", "tokens"])
def test_what_is_changed_beside_one_server_is_taken_over_by_the_others(keys_in, change):
    (one, first), (two, second) = keys_in("one"), keys_in("two")
    before = first.agree()
    second.agree()
    change(two, ACCOUNT)
    first.look()
    assert read_keys(one, ACCOUNT) == before
    second.look()
    first.look()
    assert read_keys(one, ACCOUNT) == read_keys(two, ACCOUNT) != before


def test_a_retired_key_is_retired_everywhere(keys_in):
    (one, first), (two, second) = keys_in("one"), keys_in("two")
    first.agree()
    second.agree()
    rotate(one, ACCOUNT)
    first.look()
    second.look()
    assert len(read_keys(two, ACCOUNT).root_keys) == 2
    retire(two, ACCOUNT)
    second.look()
    first.look()
    assert len(read_keys(one, ACCOUNT).root_keys) == 1


def test_of_two_changes_at_once_the_one_that_was_seen_first_holds(keys_in):
    (one, first), (two, second) = keys_in("one"), keys_in("two")
    first.agree()
    second.agree()
    rotate(one, ACCOUNT)
    rotate(two, ACCOUNT)
    first.look()
    held = read_keys(one, ACCOUNT)
    second.look()
    first.look()
    assert read_keys(two, ACCOUNT) == read_keys(one, ACCOUNT) == held


def test_a_folder_whose_own_keys_were_used_is_refused(keys_in):
    (_, first), (two, second) = keys_in("one"), keys_in("two")
    first.agree()
    load_or_create_keys(two, ACCOUNT)
    rotate(two, ACCOUNT)
    rotate_tokens(two, ACCOUNT)
    own = read_keys(two, ACCOUNT)
    (two / "audit").mkdir()
    (two / "audit" / "0123abcd-20261201-000000000001.jsonl").write_text("{}\n")
    with pytest.raises(UnusableKeys, match="empty data folder, or move that file away"):
        second.agree()
    assert read_keys(two, ACCOUNT) == own
    (two / "keys.json").unlink()
    assert second.agree() == first.agree()


def test_nothing_in_the_store_tells_a_key_without_the_master_key(keys_in, store):
    _, first = keys_in("one")
    agreed = first.agree()
    with store.snapshot() as tx:
        sealed = tx.shared_secret("keys").sealed
    assert agreed.secret_key not in sealed
    assert agreed.token_secret.hex() not in json.dumps(sealed)
    _, stranger = keys_in("two", MasterKeys(master_key(b"x" * 32)))
    with pytest.raises(UnusableMasterKey, match="WINDVANE_MASTER_KEY"):
        stranger.agree()
    _, newer = keys_in("three", MasterKeys(master_key(b"x" * 32), (master_key(b"m" * 32),)))
    assert newer.agree() == agreed
