"""`windvane import-objects`: imports, once, the objects of an earlier version's store (SeaweedFS).

Every object is verified after copying; then the old folder is renamed to s3-old and never deleted. The server
must be stopped, and the disk needs space for a second copy of the objects.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from windvane.cli.folder import locked
from windvane.settings import DEFAULT_REGION
from windvane.settings_file import read_settings


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "import-objects", help="import the objects of an earlier version", description=__doc__
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
    parser.add_argument("--config", type=Path, help="the server's configuration file (TOML)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Import the objects of a store of an earlier version.

    raises    WindvaneError: nothing was changed
    """
    from windvane.maintenance.import_objects import import_objects
    from windvane.maintenance.old_store import leave_network
    from windvane.store.open import open_store

    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    with locked(settings.data_dir):
        store = open_store(settings.store_url, settings.data_dir)
        with store.snapshot() as tx:
            owners = tx.bucket_owners()
        store.close()
        if not leave_network():
            print("The earlier store runs on this machine's loopback while it is read.", flush=True)
        done = import_objects(settings.data_dir, owners, settings.account, DEFAULT_REGION)
    for note in done.notes:
        print(note)
    print(
        f"{done.n_objects} objects in {done.n_buckets} buckets, {done.n_bytes:,} bytes, were imported and compared. "
        f"The old files are in {settings.data_dir / 's3-old'}; delete them when you no longer need them."
    )
    return 0
