"""What Settings say, as the server takes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from windvane.api.key_file import load_or_create_keys
from windvane.from_settings import hooks_of, permanent_keys, webhooks_for, weights_folder
from windvane.process.confinement import Part
from windvane.process.sandbox import Sandbox
from windvane.settings import (
    AccessKey,
    BadSettings,
    EngineSettings,
    Settings,
    Webhook,
)

ACCOUNT = "111122223333"


def keys_of(folder: Path, *declared: AccessKey) -> list[tuple[str, str, str]]:
    settings = Settings(folder, keys=declared)
    return permanent_keys(settings, load_or_create_keys(folder, settings.account))


def test_root_keys_are_the_folders_and_the_declared_ones(tmp_path):
    keys = keys_of(tmp_path, AccessKey(ACCOUNT, "AKIA1", "one"), AccessKey(ACCOUNT, "AKIA2", "two"))
    assert [account for account, _, _ in keys] == ["000000000000", ACCOUNT, ACCOUNT]


@pytest.mark.parametrize("account", ["", "1", "*", "11112222333a", "١١١١٢٢٢٢٣٣٣٣"])
def test_an_account_has_twelve_digits(tmp_path, account):
    with pytest.raises(BadSettings, match="it must have 12 digits"):
        keys_of(tmp_path, AccessKey(account, "AKIA1", "one"))


@pytest.mark.parametrize(
    "other", [AccessKey("444455556666", "AKIA1", "one"), AccessKey(ACCOUNT, "AKIA1", "two")]
)
def test_a_key_belongs_to_one_account_and_has_one_secret(tmp_path, other):
    with pytest.raises(BadSettings, match="AKIA1 is configured twice"):
        keys_of(tmp_path, AccessKey(ACCOUNT, "AKIA1", "one"), other)


def test_webhooks_with_a_name_are_for_jobs_of_their_accounts(tmp_path):
    url, secret = "https://example.org/hook", "0123456789abcdef"
    plain, chat = Webhook(url, secret), Webhook(url, secret, name="chat")
    own = Webhook(url, secret, name="own", accounts=(ACCOUNT,))
    settings = Settings(tmp_path, webhooks=(plain, chat, own))
    assert webhooks_for(settings, ACCOUNT) == ("chat", "own")
    assert webhooks_for(settings, "222222222222") == ("chat",)
    assert [(hook.name, hook.accounts) for hook in hooks_of(settings)] == [
        ("", ()),
        ("chat", ()),
        ("own", (ACCOUNT,)),
    ]
    with pytest.raises(BadSettings, match="name 'chat' stands twice"):
        hooks_of(Settings(tmp_path, webhooks=(chat, own, chat)))


def test_weights_are_files_that_every_task_can_read(tmp_path):
    engine = EngineSettings(chronos_bolt=str(tmp_path))
    settings = Settings(tmp_path / "data", engine=engine)
    ours, theirs = (Sandbox(tmp_path, parts) for parts in (frozenset(), frozenset({Part.USER})))
    assert weights_folder(Settings(tmp_path), ours) is None
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "config.json").chmod(0o644)
    with pytest.raises(BadSettings, match=r"where there is no model\.safetensors"):
        weights_folder(settings, ours)
    (tmp_path / "model.safetensors").touch(mode=0o600)
    assert weights_folder(settings, ours) == tmp_path
    with pytest.raises(BadSettings, match=r"model\.safetensors must be readable by all users"):
        weights_folder(settings, theirs)
    (tmp_path / "model.safetensors").chmod(0o644)
    assert weights_folder(settings, theirs) == tmp_path
