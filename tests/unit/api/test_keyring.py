"""Keys: made once and kept private; temporary ones that nobody can forge or keep."""

from __future__ import annotations

import base64
import hmac
import json
import stat
import threading
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from api.identities import roles

from windvane.api.key_file import UnusableKeys, load_or_create_keys
from windvane.api.keyring import KeyRing, TemporaryKeys
from windvane.api.session_tokens import SessionTokens
from windvane.control.identity.directory import Directory
from windvane.errors import Expired, InvalidRequest

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/reader"
KNOWN = Directory(None, roles(ROLE))
PERMANENT = [(ACCOUNT, "AKIA1", "one"), ("444455556666", "AKIA2", "two")]


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing(PERMANENT, b"k" * 32, KNOWN)


def issue(ring: KeyRing, session: str = "s", role: str = ROLE, key: str = "AKIA1") -> TemporaryKeys:
    return ring.issue(role, session, HOUR, NOW, ring.credential(key, "", NOW))


def test_keys_are_made_at_the_first_start_and_stay(tmp_path):
    made = load_or_create_keys(tmp_path / "data", ACCOUNT)
    assert made == load_or_create_keys(tmp_path / "data", ACCOUNT)
    assert (made.account, len(made.access_key), len(made.secret_key)) == (ACCOUNT, 20, 40)
    assert made.access_key.startswith("AKIA")
    assert len(made.token_secret) == 32


def test_the_key_file_is_for_its_owner_alone(tmp_path):
    load_or_create_keys(tmp_path, ACCOUNT)
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_two_folders_have_different_keys(tmp_path):
    first, second = (load_or_create_keys(tmp_path / name, ACCOUNT) for name in "ab")
    assert first.access_key != second.access_key
    assert first.token_secret != second.token_secret


def test_many_first_starts_at_once_agree_on_one_key(tmp_path):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(load_or_create_keys(tmp_path, ACCOUNT)))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"access_key": "a", "secret_key": "b"}'])
def test_a_damaged_key_file_is_named_and_left_alone(tmp_path, text):
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(UnusableKeys, match=str(path)):
        load_or_create_keys(tmp_path, ACCOUNT)
    assert path.read_text() == text


def test_secrets_are_not_shown(tmp_path, ring):
    keys = load_or_create_keys(tmp_path, ACCOUNT)
    assert keys.secret_key not in repr(keys)
    issued = issue(ring)
    assert issued.secret_key not in repr(issued)
    assert issued.session_token not in repr(issued)


def test_a_permanent_key_is_a_session_of_the_default_role(ring):
    credential = ring.credential("AKIA1", "", NOW)
    assert credential.account == ACCOUNT
    assert credential.principal_arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/windvane/AKIA1"
    assert credential.permanent


def test_an_unknown_key_is_nobodys(ring):
    assert ring.credential("AKIA3", "", NOW) is None


def test_a_permanent_key_takes_no_session_token(ring):
    assert ring.credential("AKIA1", "token", NOW) is None


def test_temporary_keys_stand_for_the_session_of_the_role(ring):
    issued = issue(ring, "nightly")
    credential = ring.credential(issued.access_key, issued.session_token, NOW)
    assert credential == issued.credential
    assert credential.secret_key == issued.secret_key
    assert credential.account == ACCOUNT
    assert credential.principal_arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/nightly"
    assert not credential.permanent
    assert (issued.access_key[:4], len(issued.access_key)) == ("ASIA", 20)


def test_temporary_keys_work_after_a_restart(ring):
    issued = issue(ring)
    again = KeyRing(PERMANENT, b"k" * 32, KNOWN)
    assert again.credential(issued.access_key, issued.session_token, NOW) == issued.credential


@pytest.mark.parametrize(
    ("permanent", "declared"),
    [
        pytest.param([], KNOWN, id="the key is gone"),
        pytest.param([(ACCOUNT, "AKIA1", "another")], KNOWN, id="the secret was replaced"),
        pytest.param([("444455556666", "AKIA1", "one")], KNOWN, id="the key is of another account"),
        pytest.param(PERMANENT, Directory(None), id="the role is gone"),
    ],
)
def test_temporary_keys_end_with_what_they_come_from(ring, permanent, declared):
    issued = issue(ring)
    again = KeyRing(permanent, b"k" * 32, declared)
    assert again.credential(issued.access_key, issued.session_token, NOW) is None


def test_keys_of_a_session_that_a_session_asked_for_end_with_the_first_key(ring):
    first = issue(ring)
    second = ring.issue(ROLE, "more", HOUR, NOW, first.credential)
    assert ring.credential(second.access_key, second.session_token, NOW).parent_key == "AKIA1"
    again = KeyRing([(ACCOUNT, "AKIA1", "another")], b"k" * 32, KNOWN)
    assert again.credential(second.access_key, second.session_token, NOW) is None


def test_nothing_is_issued_for_a_key_that_is_no_more(ring):
    parent = ring.credential("AKIA1", "", NOW)
    with pytest.raises(InvalidRequest, match="is no more"):
        KeyRing([], b"k" * 32, KNOWN).issue(ROLE, "s", HOUR, NOW, parent)


def test_a_token_without_what_it_comes_from_is_nobodys(ring):
    body = json.dumps([ROLE, "s", int((NOW + HOUR).timestamp()), "nonce"]).encode()
    old = base64.b64encode(hmac.digest(b"k" * 32, b"token\x00" + body, "sha256") + body).decode()
    assert ring.credential(SessionTokens(b"k" * 32).access_key(old), old, NOW) is None


def test_temporary_keys_end_on_time(ring):
    issued = issue(ring)
    assert ring.credential(
        issued.access_key, issued.session_token, NOW + HOUR - timedelta(seconds=1)
    )
    with pytest.raises(Expired, match="is expired"):
        ring.credential(issued.access_key, issued.session_token, NOW + HOUR)


def test_two_issues_have_nothing_in_common(ring):
    first, second = (issue(ring) for _ in range(2))
    assert first.access_key != second.access_key
    assert first.secret_key != second.secret_key
    assert ring.credential(first.access_key, second.session_token, NOW) is None


def test_a_token_of_another_server_is_nobodys(ring):
    issued = issue(KeyRing(PERMANENT, b"x" * 32, KNOWN))
    assert ring.credential(issued.access_key, issued.session_token, NOW) is None


def test_no_byte_of_a_token_can_be_changed(ring):
    issued = issue(ring)
    raw = base64.b64decode(issued.session_token)
    for index in range(len(raw)):
        changed = bytes([*raw[:index], raw[index] ^ 1, *raw[index + 1 :]])
        token = base64.b64encode(changed).decode()
        assert ring.credential(issued.access_key, token, NOW) is None


@pytest.mark.parametrize("token", ["x", "é", "AAAA", "=", "A" * 100_000, "\x00", " "])
def test_nonsense_for_a_token_is_nobodys(ring, token):
    assert ring.credential("ASIAAAAAAAAAAAAAAAAA", token, NOW) is None


def test_a_token_with_its_own_claims_needs_the_signature(ring):
    issued = issue(ring)
    raw = base64.b64decode(issued.session_token)
    told = json.loads(zlib.decompress(raw[32:]))
    told[1]["principal_arn"] = "arn:aws:iam::444455556666:role/windvane"
    forged = base64.b64encode(raw[:32] + zlib.compress(json.dumps(told).encode(), 9)).decode()
    assert ring.credential(SessionTokens(b"k" * 32).access_key(forged), forged, NOW) is None
