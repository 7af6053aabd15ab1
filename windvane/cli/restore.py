"""`windvane restore`: restores a data folder from a backup. Every checksum is verified first; existing files are never
replaced."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "restore", help="restore a data folder from a backup", description=__doc__
    )
    parser.add_argument(
        "source", type=Path, metavar="SOURCE", help="the backup that `windvane backup` wrote"
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="a new or empty data folder")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from windvane.maintenance.restore import restore, restored_config

    data_dir = arguments.data_dir.absolute()
    manifest = restore(arguments.source, data_dir)
    print(
        f"{data_dir}: {manifest.n_files} files as of {manifest.moment:%Y-%m-%d %H:%M:%S} UTC, "
        f"made by Windvane {manifest.windvane}"
    )
    if not manifest.objects:
        print("The backup contains no objects: they are in an external S3 store.")
    if (config := restored_config(data_dir)) is not None:
        print(
            f"Its configuration file: serve with --config {config} (paths in it are relative to it)."
        )
    return 0
