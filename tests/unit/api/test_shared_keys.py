"""Servers of one store have the same keys, whichever of them changes those."""

import json
from dataclasses import replace

import pytest
from migrated import migrated_store

from windvane.api.key_file import (
    UnusableKeys,
    change_keys,
    load_or_create_keys,
    read_keys,
    replace_keys,
    retired,
    rotated,
    with_fresh_tokens,
)
from windvane.api.shared_keys import SharedKeys
from windvane.control.kms.master import MasterKeys, UnusableMasterKey, master_key

ACCOUNT = "000000000000"
MASTERS = MasterKeys(master_key(b"m" * 32))


@pytest.fixture
def store(tmp_path):
    opened = migrated_store(tmp_path)
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


@pytest.mark.parametrize("change", [rotated, with_fresh_tokens], ids=["root", "tokens"])
def test_what_is_changed_beside_one_server_is_taken_over_by_the_others(keys_in, change):
    (one, first), (two, second) = keys_in("one"), keys_in("two")
    before = first.agree()
    second.agree()
    told = second.change(change)
    assert told == (before, read_keys(two, ACCOUNT))
    first.look()
    assert read_keys(one, ACCOUNT) == read_keys(two, ACCOUNT) != before


def test_a_retired_key_is_retired_everywhere(keys_in):
    (one, first), (two, second) = keys_in("one"), keys_in("two")
    first.agree()
    second.agree()
    first.change(rotated)
    second.look()
    assert len(read_keys(two, ACCOUNT).root_keys) == 2
    second.change(retired)
    first.look()
    assert len(read_keys(one, ACCOUNT).root_keys) == 1


def test_of_two_new_keys_at_once_the_second_is_refused_and_none_is_lost(keys_in):
    """Both were printed, each beside its server, and one of them was good nowhere a second later."""
    (one, first), (two, second) = keys_in("one"), keys_in("two")
    first.agree()
    second.agree()
    _, held = first.change(rotated)
    with pytest.raises(UnusableKeys, match="two root keys already"):
        second.change(rotated)
    for server in (second, first, second):
        server.look()
    assert read_keys(two, ACCOUNT) == read_keys(one, ACCOUNT) == held


def test_changes_of_different_kinds_at_once_are_both_kept(keys_in):
    (one, first), (two, second) = keys_in("one"), keys_in("two")
    before = first.agree()
    second.agree()
    _, with_root = first.change(rotated)
    second.change(with_fresh_tokens)
    first.look()
    after = read_keys(one, ACCOUNT)
    assert after == read_keys(two, ACCOUNT)
    assert after.root_keys == with_root.root_keys
    assert after.token_secret != before.token_secret


def test_keys_that_servers_share_are_not_changed_in_the_file_alone(keys_in):
    one, first = keys_in("one")
    agreed = first.agree()
    with pytest.raises(UnusableKeys, match="configuration file"):
        change_keys(one, ACCOUNT, rotated)
    assert read_keys(one, ACCOUNT) == agreed


def test_a_change_of_the_file_by_an_earlier_version_is_taken_over_and_built_upon(keys_in):
    (one, first), (two, second) = keys_in("one"), keys_in("two")
    before = first.agree()
    second.agree()
    by_file = replace(rotated(before), revision=before.revision + 1, is_shared=False)
    replace_keys(two, by_file)
    _, after = second.change(with_fresh_tokens)
    assert after.root_keys == by_file.root_keys
    first.look()
    assert read_keys(one, ACCOUNT) == after


def test_before_the_first_server_there_is_nothing_to_change_in_the_store(keys_in):
    one, first = keys_in("one")
    assert first.change(rotated) is None
    change_keys(one, ACCOUNT, rotated)
    assert len(first.agree().root_keys) == 2


def test_keys_of_other_servers_are_not_changed(keys_in):
    (_, first), (two, second) = keys_in("one"), keys_in("two")
    agreed = first.agree()
    load_or_create_keys(two, ACCOUNT)
    with pytest.raises(UnusableKeys, match="other keys than the servers"):
        second.change(rotated)
    assert first.agree() == agreed


def test_a_folder_whose_own_keys_were_used_is_refused(keys_in):
    (_, first), (two, second) = keys_in("one"), keys_in("two")
    first.agree()
    load_or_create_keys(two, ACCOUNT)
    change_keys(two, ACCOUNT, rotated)
    change_keys(two, ACCOUNT, with_fresh_tokens)
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
