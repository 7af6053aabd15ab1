"""`windvane backup`: makes a consistent copy of the data folder, also while its server runs. It contains keys: protect it like
the folder itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from windvane.settings import Settings
from windvane.settings_file import read_settings


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "backup", help="copy a data folder, also while its server runs", description=__doc__
    )
    parser.add_argument(
        "target", type=Path, metavar="TARGET", help="a new or empty folder, or a new file *.tar"
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
    parser.add_argument(
        "--config",
        type=Path,
        help="the server's configuration file, which is included in the backup",
    )
    parser.add_argument(
        "--link-from",
        type=Path,
        metavar="BACKUP",
        help=(
            "an earlier backup (a folder on the same file system): its objects are hard-linked, "
            "not copied"
        ),
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from windvane.maintenance.backup import back_up  # heavy: other commands are to start fast

    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    _check_store(settings)
    manifest = back_up(
        settings.data_dir,
        arguments.target,
        arguments.config,
        arguments.link_from,
        has_objects=settings.s3 is None,
    )
    print(
        f"{arguments.target}: {manifest.n_files} files, {manifest.n_bytes:,} bytes, as of "
        f"{manifest.moment:%Y-%m-%d %H:%M:%S} UTC"
    )
    if settings.s3 is not None:
        print(f"The objects are in {settings.s3.endpoint or 'AWS'} and are not included.")
    if arguments.config is None:
        print(
            "No --config was given: keys of further accounts, roles and webhooks are not included."
        )
    return 0


def _check_store(settings: Settings) -> None:
    from windvane.maintenance.manifest import BackupFault

    if settings.store_url.startswith(("postgres:", "postgresql:", "postgresql+psycopg:")):
        raise BackupFault(
            "The store is in PostgreSQL, whose own tools back it up: stop the server, run pg_dump on the database and "
            f"copy {settings.data_dir}; or use continuous archiving (pg_basebackup)."
        )
    if settings.store_url:
        raise BackupFault(
            "The store is a SQLite file outside of the data folder ([store] url); only one inside, which is the "
            "default, is backed up."
        )
