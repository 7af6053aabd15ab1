"""What takes back keys and policies goes on, whatever else fails: until then whoever was let go is let in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from api.accounts import Accounts, allow
from api.world import refusal
from s3.house import AccountsAsKeys, S3House
from s3.signing import sha256, signed

from windvane import upkeep
from windvane.api.in_process import InProcessClient
from windvane.api.key_file import UnusableKeys, load_or_create_keys
from windvane.api.key_watch import KeyWatch
from windvane.domain.identity import KeyStatus, User
from windvane.errors import UnknownKey
from windvane.wire import sigv4
from windvane.wire.revocation import key_check

ACCOUNT = "111122223333"


@pytest.fixture
def refreshed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """How often it was looked for what changed; `fault` is what the look fails with."""
    monkeypatch.setattr(upkeep, "_IDENTITY_WATCH_S", 0.001)
    load_or_create_keys(tmp_path, ACCOUNT)
    seen: Any = SimpleNamespace(n=0, fault=None, folder=tmp_path)

    def refresh() -> None:
        seen.n += 1
        if seen.fault is not None:
            raise seen.fault

    async def follow_until(n: int) -> None:
        keys = KeyWatch(tmp_path, ACCOUNT, lambda _: None)
        authorizer: Any = SimpleNamespace(
            directory=SimpleNamespace(refresh=refresh), uses=SimpleNamespace(write=lambda: None)
        )
        kms: Any = SimpleNamespace(sweep=lambda: None)
        kept = upkeep.Upkeep(None, kms, authorizer, keys, lambda: datetime.now(UTC))
        kept.start()
        async with asyncio.timeout(120):
            while seen.n < n:
                await asyncio.sleep(0.001)
        kept.stop()

    seen.until = lambda n: asyncio.run(follow_until(n))
    return seen


def test_a_damaged_key_file_does_not_keep_revoked_keys_alive(refreshed: Any) -> None:
    """While keys.json could not be read, nobody looked for what other servers had revoked."""
    (refreshed.folder / "keys.json").write_text("{")
    refreshed.until(3)
    assert refreshed.n >= 3


def test_a_fault_of_one_look_is_not_the_last_look(refreshed: Any) -> None:
    """An error that was not foreseen ended the looking for good, without a word."""
    refreshed.fault = KeyError("a record of a later version")
    refreshed.until(3)
    assert refreshed.n >= 3


def test_a_key_file_that_vanishes_under_a_look_is_not_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where keys.json was taken away between looking at it and reading it (while it is restored, say), the running server
    made new root keys and secrets there: every session ended, and what was restored was not what held."""
    load_or_create_keys(tmp_path, ACCOUNT)
    told: list[Any] = []
    watch = KeyWatch(tmp_path, ACCOUNT, told.append)
    (tmp_path / "keys.json").unlink()
    monkeypatch.setattr(watch, "_mark", lambda: (1, 2, 3))
    with pytest.raises(UnusableKeys, match=r"keys\.json"):
        watch.look()
    assert list(tmp_path.iterdir()) == []
    assert told == []


@pytest.mark.parametrize("revoked", ["key", "user"])
def test_a_request_whose_body_comes_late_does_nothing_with_a_key_that_was_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revoked: str
) -> None:
    """The key was looked at before the body came, and never again: whoever kept requests open made a new key with the one
    that was taken back meanwhile."""
    accounts = Accounts(tmp_path)
    try:
        keys, iam = accounts.user("eve", allow("iam:*")), accounts.client("iam")
        users, eve = accounts.identity.users, (ACCOUNT, "eve")
        hashed = sigv4.hash_payload

        def body_comes(body: bytes) -> str:
            monkeypatch.setattr(sigv4, "hash_payload", hashed)
            users.set_key_status(*eve, keys["AccessKeyId"], KeyStatus.INACTIVE)
            if revoked == "user":
                users.delete_key(*eve, keys["AccessKeyId"])
                accounts.identity.principals.delete_inline(User, *eve, "own")
                users.delete(*eve)
            return hashed(body)

        late = accounts.client("iam", keys)
        monkeypatch.setattr(sigv4, "hash_payload", body_comes)
        code, text = refusal(late.create_user, UserName="mallory")
        assert (code, "taken back" in text) == ("InvalidClientTokenId", True)
        assert "mallory" not in [one["UserName"] for one in iam.list_users()["Users"]]
    finally:
        accounts.close()


def test_an_upload_whose_body_comes_late_is_not_kept_for_a_key_that_was_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The body of an upload may take hours, and what was begun before was written after the key was taken back."""
    house = S3House(tmp_path)
    try:
        house.client().create_bucket(Bucket="models")
        house.client().put_object(Bucket="models", Key="m", Body=b"good")
        run = house.gateway._store.in_thread  # type: ignore[union-attr]
        body, target = b"planted", "/models/m"
        given = [("content-length", str(len(body)))]

        async def while_it_comes(function: Any, *arguments: Any) -> Any:
            monkeypatch.setattr(AccountsAsKeys, "credential", lambda *_: None)
            return await run(function, *arguments)

        head = signed("PUT", target, given, sha256(body))
        with monkeypatch.context() as patched:
            patched.setattr(house.gateway._store, "in_thread", while_it_comes)
            assert house.ask("PUT", target, head, body).status == 403
        monkeypatch.undo()
        assert house.client().get_object(Bucket="models", Key="m")["Body"].read() == b"good"
    finally:
        house.close()


def test_a_page_whose_form_comes_late_does_nothing_with_a_key_that_was_taken_back(
    tmp_path: Path,
) -> None:
    """The session was asked for before its form was read, and then never again."""
    accounts = Accounts(tmp_path)
    try:
        keys = accounts.user("eve", allow("*"))
        caller = accounts.caller(keys)
        done: list[str] = []
        served = {
            ("sagemaker", "DeleteModel"): lambda call: done.append(call.parameters["ModelName"])
        }
        inside = InProcessClient(served, {}, key_check=key_check(accounts.ring, accounts.clock))
        asked = inside.ask(caller, "sagemaker", "DeleteModel", {"ModelName": "churn"})
        accounts.identity.users.set_key_status(
            ACCOUNT, "eve", keys["AccessKeyId"], KeyStatus.INACTIVE
        )
        with pytest.raises(UnknownKey, match="taken back"):
            asyncio.run(asked)
        with pytest.raises(UnknownKey):
            asyncio.run(inside.use_s3(caller, "PutObject", "s3://data/a", done.append, "data"))
        assert done == []
        inside.close()
    finally:
        accounts.close()
