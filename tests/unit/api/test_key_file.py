"""Root keys that are replaced without a moment in which none is good."""

from __future__ import annotations

import json
import os
import stat
import threading

import pytest

from windvane.api.key_file import (
    UnusableKeys,
    change_keys,
    load_or_create_keys,
    retired,
    rotated,
    with_fresh_tokens,
)
from windvane.api.key_watch import KeyWatch

ACCOUNT = "111122223333"


def test_a_new_key_is_good_beside_the_old_one_until_that_is_retired(tmp_path):
    first = load_or_create_keys(tmp_path, ACCOUNT)
    change_keys(tmp_path, ACCOUNT, rotated)
    both = load_or_create_keys(tmp_path, ACCOUNT)
    assert both.access_key != first.access_key
    assert both.root_keys == (both.newest, first.newest)
    before, _ = change_keys(tmp_path, ACCOUNT, retired)
    assert before.older[0].access_key == first.access_key
    assert load_or_create_keys(tmp_path, ACCOUNT).root_keys == (both.newest,)


def test_there_are_two_keys_at_most_and_one_at_least(tmp_path):
    with pytest.raises(UnusableKeys, match="one root key alone"):
        change_keys(tmp_path, ACCOUNT, retired)
    change_keys(tmp_path, ACCOUNT, rotated)
    with pytest.raises(UnusableKeys, match="two root keys already"):
        change_keys(tmp_path, ACCOUNT, rotated)


def test_tokens_get_another_secret_and_sealed_secrets_keep_theirs(tmp_path):
    before = load_or_create_keys(tmp_path, ACCOUNT)
    change_keys(tmp_path, ACCOUNT, with_fresh_tokens)
    after = load_or_create_keys(tmp_path, ACCOUNT)
    assert after.token_secret != before.token_secret
    assert (after.sealing_secret, after.newest) == (before.sealing_secret, before.newest)


def test_a_file_of_an_earlier_version_is_read_and_keeps_what_it_sealed(tmp_path):
    old = {"access_key": "AKIA1", "secret_key": "one", "token_secret": "ab" * 32}
    (tmp_path / "keys.json").write_text(json.dumps(old))
    keys = load_or_create_keys(tmp_path, ACCOUNT)
    assert keys.sealing_secret == keys.token_secret == b"\xab" * 32
    change_keys(tmp_path, ACCOUNT, with_fresh_tokens)
    assert load_or_create_keys(tmp_path, ACCOUNT).sealing_secret == keys.sealing_secret


def test_the_file_stays_its_owners_alone_and_nothing_lies_beside_it(tmp_path):
    change_keys(tmp_path, ACCOUNT, rotated)
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_many_at_once_rotate_once(tmp_path):
    load_or_create_keys(tmp_path, ACCOUNT)
    ended = []

    def attempt():
        try:
            ended.append(change_keys(tmp_path, ACCOUNT, rotated)[1].access_key)
        except UnusableKeys:
            ended.append("")

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([key for key in ended if key]) == 1
    assert len(load_or_create_keys(tmp_path, ACCOUNT).root_keys) == 2


def test_secrets_are_not_shown(tmp_path):
    _, keys = change_keys(tmp_path, ACCOUNT, rotated)
    shown = repr(keys)
    for secret in (keys.secret_key, keys.older[0].secret_key, keys.sealing_secret.hex()):
        assert secret not in shown
    assert repr(keys.sealing_secret) not in shown


def test_a_change_is_noticed_once(tmp_path):
    load_or_create_keys(tmp_path, ACCOUNT)
    told = []
    watch = KeyWatch(tmp_path, ACCOUNT, told.append)
    watch.look()
    watch.look()
    assert len(told) == 1
    _, changed = change_keys(tmp_path, ACCOUNT, rotated)
    watch.look()
    assert told[1:] == [changed]


def test_a_damaged_file_changes_nothing_and_is_looked_at_again(tmp_path):
    good = load_or_create_keys(tmp_path, ACCOUNT)
    told = []
    watch = KeyWatch(tmp_path, ACCOUNT, told.append)
    watch.look()
    path = tmp_path / "keys.json"
    text = path.read_text()
    path.write_text("{")
    with pytest.raises(UnusableKeys):
        watch.look()
    path.write_text(text)
    os.utime(path)
    watch.look()
    assert told == [good, good]
    path.unlink()
    watch.look()
    assert told == [good, good]


@pytest.mark.parametrize(
    ("name", "value"),
    [("token_secret", ""), ("token_secret", "ab"), ("sealing_secret", ""), ("secret_key", "")],
)
def test_a_file_with_an_empty_secret_is_damaged(tmp_path, name, value):
    """Whoever knows that a secret is empty could sign with it."""
    load_or_create_keys(tmp_path, ACCOUNT)
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(UnusableKeys):
        load_or_create_keys(tmp_path, ACCOUNT)
