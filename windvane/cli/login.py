"""`windvane login`: prints a one-time sign-in link for a browser, with the data folder's own root key."""

from __future__ import annotations

import argparse
from pathlib import Path

from windvane.api.key_file import load_or_create_keys
from windvane.cli.env import console_url
from windvane.cli.folder import address
from windvane.errors import WindvaneError
from windvane.settings_file import read_settings


class NotRunning(WindvaneError):
    """No server runs on the data folder."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "login", help="print a one-time sign-in link for a browser", description=__doc__
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
    parser.add_argument("--config", type=Path, help="the server's configuration file (TOML)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a one-time sign-in link for the console of the running server.

    raises    NotRunning
    """
    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    at = address(settings.data_dir)
    if at is None:
        raise NotRunning(
            f"No server is running on {settings.data_dir}. Start one with `windvane serve`."
        )
    print(console_url(at.url, load_or_create_keys(settings.data_dir, settings.account)))
    return 0
