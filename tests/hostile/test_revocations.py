"""What takes back keys and policies goes on, whatever else fails: until then whoever was let go is let in."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from windvane import app as windvane_app
from windvane.api.key_file import UnusableKeys, load_or_create_keys
from windvane.api.key_watch import KeyWatch

ACCOUNT = "111122223333"


@pytest.fixture
def refreshed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """How often it was looked for what changed; `fault` is what the look fails with."""
    monkeypatch.setattr(windvane_app, "_IDENTITY_WATCH_S", 0.001)
    load_or_create_keys(tmp_path, ACCOUNT)
    seen: Any = SimpleNamespace(n=0, fault=None, folder=tmp_path)

    def refresh() -> None:
        seen.n += 1
        if seen.fault is not None:
            raise seen.fault

    async def follow_until(n: int) -> None:
        app: Any = SimpleNamespace(
            _settings=SimpleNamespace(data_dir=tmp_path, account=ACCOUNT),
            _use_keys=lambda _: None,
            _authorizer=SimpleNamespace(
                directory=SimpleNamespace(refresh=refresh),
                uses=SimpleNamespace(write=lambda: None),
            ),
        )
        task = asyncio.create_task(windvane_app.Server._follow_identities(app))
        async with asyncio.timeout(5):
            while seen.n < n and not task.done():
                await asyncio.sleep(0.001)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

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
