"""`windvane env`: prints the variables that a shell needs so that unmodified AWS clients reach this server."""

from __future__ import annotations

import argparse
import os
import shlex
from datetime import UTC, datetime
from pathlib import Path

from windvane.api.authenticator import new_link
from windvane.api.key_file import KeyFile, load_or_create_keys
from windvane.cli.folder import Address, address, make_folder
from windvane.cli.sdk_config import write_sdk_config
from windvane.names import default_bucket, default_role
from windvane.settings import DEFAULT_REGION, Settings
from windvane.settings_file import read_settings


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("env", help="print export lines for a shell", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
    parser.add_argument("--config", type=Path, help="the server's configuration file (TOML)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    os.umask(0o077)  # what it writes into the data folder is its owner's alone
    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    make_folder(settings.data_dir)
    key = load_or_create_keys(settings.data_dir, settings.account)
    at = address(settings.data_dir) or _expected(settings)
    role, bucket = default_role(settings.account), default_bucket(settings.account, DEFAULT_REGION)
    exports = {
        "AWS_ENDPOINT_URL": at.url,
        "AWS_ACCESS_KEY_ID": key.access_key,
        "AWS_SECRET_ACCESS_KEY": key.secret_key,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "WINDVANE_ROLE_ARN": role,
        "WINDVANE_BUCKET": bucket,
        "WINDVANE_CONSOLE_URL": console_url(at.url, key),
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(write_sdk_config(settings.data_dir, role, bucket)),
    }
    if (authority := at.authority) is not None:
        exports["AWS_CA_BUNDLE"] = str(authority)
    for name, value in exports.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def console_url(url: str, key: KeyFile) -> str:
    """Return a link that opens the console once for the holder of the data folder's own key."""
    keys = key.access_key, key.secret_key
    link = new_link(key.token_secret, keys, DEFAULT_REGION, datetime.now(UTC))
    return f"{url}/console/enter?link={link}"


def _expected(settings: Settings) -> Address:
    """Return where a server with these settings would be."""
    scheme = "https" if settings.tls_cert else "http"
    certificate = Path(settings.tls_cert) if settings.tls_cert else None
    return Address(f"{scheme}://127.0.0.1:{settings.port}", certificate)
