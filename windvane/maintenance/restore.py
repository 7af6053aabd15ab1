"""Restoring a backup into an empty data folder: every sum is compared before anything is put in place."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from windvane.durable import sync_folder
from windvane.maintenance.manifest import (
    CONFIG,
    MANIFEST,
    SUMS,
    BackupFault,
    Manifest,
    is_safe,
    read_manifest,
    read_sums,
)
from windvane.maintenance.sinks import (
    HashingReader,
    place_below,
    sync_file_system,
)
from windvane.wording import counted

_BLOCK = 1024 * 1024
_MOST_SUMS_BYTES = 2 * 1024**3


def restore(source: Path, data_dir: Path) -> Manifest:
    """Make `data_dir` of a backup. It appears whole or not at all.

    source    a folder or a tar file that `windvane backup` wrote
    data_dir  must not exist, or be an empty folder
    raises    BackupFault if the backup is damaged, incomplete or of a newer format; if the folder is not empty
    """
    _check_empty(data_dir)
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    partial = data_dir.with_name(f".{data_dir.name}.{secrets.token_hex(6)}.partial")
    try:
        partial.mkdir(mode=0o700)
        manifest, sums, found = _unpacked(source, partial)
        _compare(manifest, sums, found)
        sync_file_system(partial)
        _put_in_place(partial, data_dir)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BackupFault(f"The disk of {data_dir} is full; nothing was left there.") from error
        raise BackupFault(f"{source} cannot be restored to {data_dir}: {error}.") from error
    except tarfile.TarError as error:
        raise BackupFault(f"{source} is not a tar file that can be read: {error}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def restored_config(data_dir: Path) -> Path | None:
    """Return the configuration file that came with the backup."""
    path = data_dir / CONFIG
    return path if path.exists() else None


def _check_empty(data_dir: Path) -> None:
    if data_dir.is_symlink() or (data_dir.exists() and not data_dir.is_dir()):
        raise BackupFault(f"{data_dir} is no folder.")
    if data_dir.exists() and any(data_dir.iterdir()):
        raise BackupFault(
            f"{data_dir} is not empty; a backup is restored into a new or an empty folder only. "
            "Move what is there away, or name another folder."
        )


def _put_in_place(partial: Path, data_dir: Path) -> None:
    """A rename replaces an empty folder, and nothing else."""
    try:
        partial.rename(data_dir)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise BackupFault(
                f"{data_dir} is not empty any more: something else writes there."
            ) from error
        raise
    sync_folder(data_dir.parent)


def _unpacked(source: Path, into: Path) -> tuple[Manifest, dict[str, str], dict[str, str]]:
    """Write every file below `into`; return the manifest, the sums it names, and those found, by name."""
    manifest_bytes, sums_bytes = b"", b""
    found: dict[str, str] = {}
    for name, size, stream in _members(source):
        if name == MANIFEST:
            manifest_bytes = stream.read(_MOST_SUMS_BYTES)
        elif name == SUMS:
            sums_bytes = stream.read(_MOST_SUMS_BYTES)
        elif not is_safe(name):
            raise BackupFault(f"The backup holds a file that no backup has: {name[:200]!r}.")
        elif name in found:
            raise BackupFault(f"The backup holds {name} twice.")
        else:
            found[name] = _written(stream, size, place_below(into, name), name)
    if not manifest_bytes:
        raise BackupFault(
            f"{source} has no {MANIFEST}: it is no backup of Windvane, or it was not finished."
        )
    manifest = read_manifest(manifest_bytes)
    return manifest, read_sums(sums_bytes, manifest), found


def _written(stream: BinaryIO, size: int, path: Path, name: str) -> str:
    reader = HashingReader(stream, size)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(reader, file, _BLOCK)
    return reader.whole_digest(name)


def _compare(manifest: Manifest, sums: dict[str, str], found: dict[str, str]) -> None:
    if missing := sorted(sums.keys() - found.keys()):
        raise BackupFault(
            f"The backup lacks {counted(len(missing), 'file')}, such as {missing[0]}."
        )
    if more := sorted(found.keys() - sums.keys()):
        raise BackupFault(f"The backup holds files that {SUMS} does not name, such as {more[0]}.")
    if damaged := sorted(name for name, digest in sums.items() if found[name] != digest):
        raise BackupFault(
            f"The backup of {manifest.moment:%Y-%m-%d %H:%M} is damaged: the SHA-256 of {counted(len(damaged), 'file')}, such as "
            f"{damaged[0]}, is not the one in {SUMS}."
        )


def _members(source: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    """Name, size and content of every file.

    raises    BackupFault for what is neither file nor folder
    """
    if source.is_dir():
        yield from _members_of_folder(source)
    elif source.is_file():
        yield from _members_of_archive(source)
    else:
        raise BackupFault(f"There is no backup at {source}.")


def _members_of_folder(source: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    for folder, folders, files in os.walk(source, onerror=_raise):
        for name in (*folders, *files):
            path = Path(folder) / name
            if path.is_symlink():
                raise BackupFault(f"The backup holds a symbolic link: {path}.")
        for name in files:
            path = Path(folder) / name
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            with os.fdopen(os.open(path, flags), "rb") as file:
                yield path.relative_to(source).as_posix(), os.fstat(file.fileno()).st_size, file


def _members_of_archive(source: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    with tarfile.open(source, "r:") as archive:
        for member in archive:
            if member.isdir():
                continue
            is_whole = member.isreg() and not member.issparse()
            stream = archive.extractfile(member) if is_whole else None
            if stream is None:
                raise BackupFault(f"The backup holds what is no file: {member.name[:200]!r}.")
            with closing(stream):
                yield member.name, member.size, stream  # type: ignore[misc]


def _raise(error: OSError) -> None:
    raise error
