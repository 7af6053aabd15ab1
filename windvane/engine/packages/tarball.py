"""Folders as tar.gz files, and files of a folder as plain tar: the same files give the same bytes, and nothing hostile gets
out of an archive."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from windvane.engine.packages.tarstream import Source, TarStream
from windvane.errors import CorruptArtifact, WindvaneError

_CHUNK = 1 << 20


@dataclass(frozen=True)
class TarLimits:
    """The limits of an archive.

    max_files
             folders that are made for them included
    max_depth
             parts of a name: folders are made for all but the last
    ratio    unpacked bytes for each byte of the file, counted from `free_bytes` on
    """

    max_files: int = 10_000
    max_file_bytes: int = 4 * 1000**3
    max_total_bytes: int = 8 * 1000**3
    max_name_bytes: int = 1_000
    max_depth: int = 16
    ratio: int = 200
    free_bytes: int = 10 * 1000**2


_ALL = TarLimits(max_files=1_000_000, max_file_bytes=1 << 60, max_total_bytes=1 << 60)
"""Of what tasks of one job leave for each other: as large as their table wants it."""


def pack(folder: Path, file: Path, level: int = 6) -> None:
    """Pack every file below the folder; names sorted, no times, no owners.

    level     of the compression, from 0 to 9: arrays hardly get smaller by more than 1
    raises    ValueError for a link or anything else that is neither file nor folder
    """
    with (
        file.open("wb") as stream,
        gzip.GzipFile("", "wb", compresslevel=level, fileobj=stream, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise ValueError(f"{path} is neither a plain file nor a folder.")
            if path.is_file():
                _add(archive, folder, path)


def pack_files(folder: Path, files: Iterable[Path], file: Path) -> None:
    """Pack files of a folder, by their paths below it, without compression: arrays hardly get smaller."""
    with tarfile.open(file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in files:
            _add(archive, folder, folder / path)


def unpack_files(source: Source, folder: Path, called: str, is_of: Callable[[Path], bool]) -> None:
    """Unpack what `pack_files` packed, into a folder that is there.

    source    gives the bytes of the archive
    called    the archive, in messages
    is_of     whether a file, by its path below the folder, may be in it
    raises    CorruptArtifact for a damaged archive, for files that may not be in it, and for one that is there already
    """
    try:
        _extract(TarStream(source, called), folder, _ALL, Path(called), is_of)
    except (EOFError, FileExistsError, NotADirectoryError) as error:
        raise CorruptArtifact(f"{called} cannot be unpacked: {error}.") from error


def unpack_file(source: Source, called: str, name: str, most: int) -> bytes:
    """Return the one file of an archive that `pack_files` made.

    source    gives the bytes of the archive
    called    the archive, in messages
    name      of the file, its path below the folder
    most      bytes
    raises    CorruptArtifact for a damaged archive, another file in it, and one that is larger
    """
    archive, content = TarStream(source, called), io.BytesIO()
    try:
        entry = archive.next()
        if entry is None or entry.is_folder or entry.name != name:
            raise CorruptArtifact(f"{called} holds no {name!r} at its beginning.")
        if entry.size > most:
            raise CorruptArtifact(
                f"{called} holds {name!r} of {entry.size} bytes; {most} are allowed."
            )
        archive.copy(content)
    except EOFError as error:
        raise CorruptArtifact(f"{called} cannot be unpacked: {error}.") from error
    return content.getvalue()


def _add(archive: tarfile.TarFile, folder: Path, path: Path) -> None:
    entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
    entry.size = path.stat().st_size
    entry.mode = 0o644
    with path.open("rb") as content:
        archive.addfile(entry, content)


def _as_many_as_there_are(_n_bytes: int) -> None:
    return None


def unpack(
    file: Path,
    folder: Path,
    limits: TarLimits = TarLimits(),
    take: Callable[[int], None] = _as_many_as_there_are,
) -> None:
    """Plain files and folders of an archive, into a folder that is made and must not exist. If anything is
    wrong, the folder is removed again.

    take      is told of unpacked bytes before they are written, and may refuse them
    raises    CorruptArtifact for a damaged archive; for a link, a device, an absolute name, '..', a name
              twice; for more files or bytes than the limits; what `take` raises
    """
    folder.mkdir(parents=True)
    try:
        with file.open("rb") as stream, gzip.GzipFile(fileobj=stream, mode="rb") as unpacked:
            budget = limits.free_bytes + limits.ratio * file.stat().st_size
            bounded = _Bounded(unpacked, min(budget, limits.max_total_bytes), file, take)
            _extract(TarStream(bounded, str(file)), folder, limits, file)
            while bounded.read(_CHUNK):  # gzip's sum is checked where its stream ends
                pass
    except WindvaneError:
        shutil.rmtree(folder)
        raise
    except (EOFError, OSError, zlib.error, ValueError) as error:
        shutil.rmtree(folder)
        raise CorruptArtifact(f"{file} cannot be unpacked: {error}.") from error


class _Bounded:
    """A stream that refuses to give more bytes than allowed: headers, padding and content alike."""

    def __init__(
        self, stream: gzip.GzipFile, limit: int, file: Path, take: Callable[[int], None]
    ) -> None:
        self._stream, self._take = stream, take
        self._left = limit
        self._file = file

    def read(self, size: int = -1) -> bytes:
        part = self._stream.read(size)
        self._left -= len(part)
        if self._left < 0:
            raise CorruptArtifact(f"{self._file} unpacks to more bytes than is allowed.")
        self._take(len(part))
        return part


def _any(_: Path) -> bool:
    return True


def _extract(
    archive: TarStream,
    folder: Path,
    limits: TarLimits,
    file: Path,
    is_of: Callable[[Path], bool] = _any,
) -> None:
    number, folders = 0, set[tuple[str, ...]]()
    while (entry := archive.next()) is not None:
        number += 1
        parts = _parts(entry.name, limits, file)
        folders.update(parts[:depth] for depth in range(1, len(parts)))
        if number + len(folders) > limits.max_files:
            raise CorruptArtifact(f"{file} holds more than {limits.max_files} files and folders.")
        if not is_of(Path(*parts)):
            raise CorruptArtifact(f"{file} holds {entry.name[:100]!r}, which is no part of it.")
        target = folder.joinpath(*parts)
        if entry.is_folder:
            target.mkdir(parents=True, exist_ok=True)
            continue
        if entry.size > limits.max_file_bytes:
            raise CorruptArtifact(
                f"{file} holds {entry.name!r} of {entry.size} bytes; {limits.max_file_bytes} are allowed."
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(descriptor, "wb") as out:
            archive.copy(out)


def _parts(name: str, limits: TarLimits, file: Path) -> tuple[str, ...]:
    parts = PurePosixPath(name).parts
    is_bad = name.startswith("/") or "\\" in name or "\x00" in name or ".." in parts
    if is_bad or len(os.fsencode(name)) > limits.max_name_bytes:
        raise CorruptArtifact(
            f"{file} holds the name {name[:100]!r}, which leads out of its folder."
        )
    if len(parts) > limits.max_depth:
        raise CorruptArtifact(
            f"{file} holds the name {name[:100]!r} of {len(parts)} parts; {limits.max_depth} are allowed."
        )
    return parts
