"""Copies of a store that is in use, as of one moment."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from windvane.objects.disk import Disk
from windvane.objects.files import DataFiles
from windvane.objects.index import Index

INDEX_NAME = "index.sqlite"
DATA_NAME = "data"


def take_snapshot(index: Index, files: DataFiles, target: Path) -> None:
    """Copy an object store as it is at one moment, while it goes on.

    raises    FileExistsError if `target` exists
    """
    disk = Disk()
    disk.make_folder(target)
    copy = DataFiles(target / DATA_NAME, disk)
    touched: set[Path] = set()
    with files.nothing_removed():
        index.copy_to(target / INDEX_NAME)
        with closing(sqlite3.connect(target / INDEX_NAME)) as db:
            for folder, part in db.execute(
                "SELECT contents.file, parts.file FROM contents LEFT JOIN parts ON content = id "
                "WHERE contents.file IS NOT NULL"
            ):
                name = f"{folder}/{part}" if part else folder
                if copy.is_folder(folder):
                    copy.path(folder).mkdir(mode=0o700, exist_ok=True)
                    touched.add(copy.path(folder).parent)
                if part or not copy.is_folder(folder):
                    _link(files.path(name), copy.path(name))
                    touched.add(copy.path(name).parent)
    for path in (*touched, target, target.parent):
        disk.sync_folder(path)


def data_files(index: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    """Yield names (FILE, or FOLDER/PART) and sizes of all data files that an index refers to.

    index    of a store, at any moment; the files are there while nothing is removed
    """
    yield from index.execute(
        "SELECT file, stored_size FROM contents WHERE file IS NOT NULL AND crc IS NOT NULL UNION ALL "
        "SELECT contents.file || '/' || parts.file, parts.stored_size FROM contents JOIN parts ON content = id"
    )


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        descriptor = Disk().create(target)
        with os.fdopen(descriptor, "wb") as file, source.open("rb") as stream:
            shutil.copyfileobj(stream, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
