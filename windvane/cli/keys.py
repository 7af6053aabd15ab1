"""`windvane keys`: the root keys of a data folder, and the secret that signs tokens."""

from __future__ import annotations

import argparse
from pathlib import Path

from windvane.api import key_file
from windvane.cli.folder import make_folder
from windvane.settings import Settings
from windvane.settings_file import read_settings


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "keys", help="list, rotate and retire root keys", description=__doc__
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="show the root keys, without their secrets")
    listing.set_defaults(run=show)
    rotating = actions.add_parser(
        "rotate", help="create a new root key; the previous one stays valid until it is retired"
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
    retiring = actions.add_parser("retire", help="retire the previous root key")
    retiring.set_defaults(run=retire)
    for action in (listing, rotating, retiring):
        action.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
        action.add_argument("--config", type=Path, help="the server's configuration file (TOML)")


def show(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    keys = key_file.load_or_create_keys(settings.data_dir, settings.account)
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
        key_file.rotate_tokens(settings.data_dir, settings.account)
        print("All sessions, temporary keys and one-time links are invalid now.")
        return 0
    keys = key_file.rotate(settings.data_dir, settings.account)
    print(
        f"The root key is now {keys.access_key} (`windvane env` prints it). "
        f"{keys.older[0].access_key} stays valid until `windvane keys retire`."
    )
    return 0


def retire(arguments: argparse.Namespace) -> int:
    """End the older one of two root keys.

    raises    UnusableKeys if there is one key alone
    """
    settings = _settings(arguments)
    ended = key_file.retire(settings.data_dir, settings.account)
    print(f"{ended} is retired; every session created with it has ended.")
    return 0


def _settings(arguments: argparse.Namespace) -> Settings:
    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    make_folder(settings.data_dir)
    return settings
