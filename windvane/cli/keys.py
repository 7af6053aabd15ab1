"""`windvane keys`: lists, rotates and retires the root keys of a data folder, and replaces the secret that signs tokens."""

from __future__ import annotations

import argparse
import os
from contextlib import closing
from pathlib import Path

from windvane.api.key_file import (
    Change,
    KeyFile,
    change_keys,
    check_own,
    load_or_create_keys,
    retired,
    rotated,
    with_fresh_tokens,
)
from windvane.api.shared_keys import SharedKeys
from windvane.audit.log import AUDIT_FOLDER
from windvane.cli.folder import make_folder
from windvane.control.kms.master import FILE_NAME as KEYRING
from windvane.control.kms.master import (
    VARIABLE,
    MasterKeys,
    UnusableMasterKey,
    load_master_keys,
)
from windvane.control.servers.joining import FIRST_WITH_SERVERS
from windvane.settings import Settings
from windvane.settings_file import read_settings
from windvane.store.open import open_store
from windvane.store.sql import SqlStore


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "keys", help="list, rotate and retire root keys", description=__doc__
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser(
        "list",
        help="show the root keys, without their secrets",
        description=(
            "`windvane keys list`: shows the root keys and the keys declared in the configuration, without their secrets; of each, "
            "the account and whether it is the current or the previous one."
        ),
    )
    listing.set_defaults(run=show)
    rotating = actions.add_parser(
        "rotate",
        help="create a new root key; the previous one stays valid until it is retired",
        description=(
            "`windvane keys rotate`: creates a new root key. The previous one stays valid, so that clients can be changed one after "
            "the other, until `windvane keys retire`; there are never more than two."
        ),
    )
    rotating.add_argument(
        "--tokens",
        action="store_true",
        help=(
            "replace the secret that signs tokens instead: invalidates every session and "
            "temporary key"
        ),
    )
    rotating.set_defaults(run=rotate)
    retiring = actions.add_parser(
        "retire",
        help="retire the previous root key",
        description=(
            "`windvane keys retire`: ends the previous root key, and every session that was created with it."
        ),
    )
    retiring.set_defaults(run=retire)
    for action in (listing, rotating, retiring):
        action.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
        action.add_argument("--config", type=Path, help="the server's configuration file (TOML)")


def show(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    keys = load_or_create_keys(settings.data_dir, settings.account)
    if not settings.store_url:
        check_own(keys, settings.data_dir)
    for key, state in zip(
        keys.root_keys, ("current", "previous, valid until retired"), strict=False
    ):
        print(f"{key.access_key}  {keys.account}  created {key.created or 'long ago'}  {state}")
    for declared in settings.keys:
        print(f"{declared.access_key}  {declared.account}  declared under [[accounts]]")
    return 0


def rotate(arguments: argparse.Namespace) -> int:
    """Make a second root key, or with --tokens invalidate all sessions.

    raises    UnusableKeys if there are two keys already
    """
    settings = _settings(arguments)
    if arguments.tokens:
        _change(settings, with_fresh_tokens)
        print("All sessions, temporary keys and one-time links are invalid now.")
        return 0
    _, keys = _change(settings, rotated)
    print(
        f"The root key is now {keys.access_key} (`windvane env` prints it). "
        f"{keys.older[0].access_key} stays valid until `windvane keys retire`."
    )
    return 0


def retire(arguments: argparse.Namespace) -> int:
    """End the older one of two root keys.

    raises    UnusableKeys if there is one key alone
    """
    before, _ = _change(_settings(arguments), retired)
    ended = before.older[0].access_key
    print(f"{ended} is retired; every session created with it has ended.")
    return 0


def _change(settings: Settings, change: Change) -> tuple[KeyFile, KeyFile]:
    """Change the keys where they are: in the database of several servers, or in the data folder of one alone."""
    data_dir, account = settings.data_dir, settings.account
    with closing(open_store(settings.store_url, data_dir)) as store:
        if store.is_shared and _has_servers(store):
            shared = SharedKeys(
                store, _masters(data_dir), data_dir, account, data_dir / AUDIT_FOLDER
            )
            if (changed := shared.change(change)) is not None:
                return changed
    return change_keys(data_dir, account, change)


def _masters(data_dir: Path) -> MasterKeys:
    """Return the master keys of the server beside which this runs; none is made.

    raises    UnusableMasterKey
    """
    variable = os.environ.get(VARIABLE, "")
    if not variable and not (data_dir / KEYRING).exists():
        raise UnusableMasterKey(
            f"The keys are in the database, encrypted: set {VARIABLE} as for the server."
        )
    return load_master_keys(data_dir, variable)


def _has_servers(store: SqlStore) -> bool:
    """Return whether a server has made or brought up to date the tables of a database."""
    with store.snapshot() as tx:
        return tx.schema_version() >= FIRST_WITH_SERVERS


def _settings(arguments: argparse.Namespace) -> Settings:
    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    make_folder(settings.data_dir)
    return settings
