"""`windvane env`: what a shell needs so that unmodified AWS clients reach this server."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from windvane.api.keyring import load_or_create_keys
from windvane.cli.folder import address, make_folder
from windvane.names import default_bucket, default_role
from windvane.settings import DEFAULT_REGION, read_settings


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("env", help="print export lines for a shell", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
    parser.add_argument("--config", type=Path, help="the server's configuration file (TOML)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    settings = read_settings(arguments.data_dir, arguments.config)
    make_folder(settings.data_dir)
    key = load_or_create_keys(settings.data_dir, settings.account)
    url = address(settings.data_dir) or f"http://127.0.0.1:{settings.port}"
    exports = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": key.access_key,
        "AWS_SECRET_ACCESS_KEY": key.secret_key,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "WINDVANE_ROLE_ARN": default_role(settings.account),
        "WINDVANE_BUCKET": default_bucket(settings.account, DEFAULT_REGION),
        "WINDVANE_CONSOLE_URL": f"{url}/console/",
    }
    for name, value in exports.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
