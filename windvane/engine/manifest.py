"""Manifests: which files a package holds and their SHA-256 sums.

What a manifest does not name, or what differs from it, is refused before any loader sees it.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from windvane.errors import CorruptArtifact

FORMAT = "windvane-package"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"

_MOST_BYTES = 256 * 1024**2

_sums: ContextVar[dict[Path, str] | None] = ContextVar("sums", default=None)


@contextmanager
def each_file_once() -> Iterator[None]:
    """Sum up each file once within the block: packages hold packages, whose manifests name the same files."""
    if _sums.get() is not None:
        yield
        return
    token = _sums.set({})
    try:
        yield
    finally:
        _sums.reset(token)


def write_manifest(folder: Path, kind: str, about: dict[str, Any]) -> None:
    """manifest.json over every file now in the folder."""
    files = {
        name: {"sha256": _sha256(folder / name), "size_bytes": (folder / name).stat().st_size}
        for name in _files(folder)
        if name != MANIFEST
    }
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "kind": kind,
        "about": about,
        "files": files,
    }
    write_json(folder / MANIFEST, document)


def check_manifest(folder: Path, kind: str) -> dict[str, Any]:
    """Return what the manifest says about the package; raises CorruptArtifact if any file differs from it."""
    file = folder / MANIFEST
    document = read_json(file)
    if document.get("format") != FORMAT:
        raise CorruptArtifact(f"{file} is not the manifest of a {FORMAT}.")
    version = document.get("format_version")
    if version != FORMAT_VERSION:
        raise CorruptArtifact(
            f"{folder} has format version {version!r}; this version of Windvane reads format "
            f"version {FORMAT_VERSION}."
        )
    if document.get("kind") != kind:
        raise CorruptArtifact(f"{folder} holds {document.get('kind')!r}, not {kind!r}.")
    files, about = document.get("files"), document.get("about")
    if not isinstance(files, dict) or not isinstance(about, dict):
        raise CorruptArtifact(f"{file} lacks its list of files or its description.")
    _compare(folder, files)
    return about


def write_json(file: Path, document: Any) -> None:
    """ASCII JSON with sorted keys: the same value gives the same bytes."""
    file.write_text(json.dumps(document, sort_keys=True, indent=1) + "\n", encoding="ascii")


def read_json(file: Path) -> dict[str, Any]:
    """Return a JSON object in which no name stands twice.

    raises    CorruptArtifact if the file is missing, holds something else, or is too large for a document
    """
    try:
        about = file.stat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > _MOST_BYTES:
            raise CorruptArtifact(
                f"{file} has {about.st_size} bytes or is no plain file; {_MOST_BYTES} bytes are the most that a document "
                "may have."
            )
        document = json.loads(file.read_bytes(), object_pairs_hook=_each_once)
    except FileNotFoundError as error:
        raise CorruptArtifact(f"{file} is missing.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise CorruptArtifact(f"{file} cannot be read as JSON: {error}.") from error
    if not isinstance(document, dict):
        raise CorruptArtifact(f"{file} holds no JSON object.")
    return document


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(members)
    if len(made) != len(members):
        raise ValueError("it names something twice")
    return made


def _compare(folder: Path, files: dict[str, Any]) -> None:
    present = set(_files(folder)) - {MANIFEST}
    if missing := sorted(files.keys() - present):
        raise CorruptArtifact(f"{folder} lacks {missing[0]!r}, which its manifest names.")
    if extra := sorted(present - files.keys()):
        raise CorruptArtifact(f"{folder} holds {extra[0]!r}, which its manifest does not name.")
    for name, expected in files.items():
        if not isinstance(expected, dict) or expected.get("sha256") != _sum_of(folder / name):
            raise CorruptArtifact(f"{folder / name} differs from its SHA-256 sum in the manifest.")


def _files(folder: Path) -> list[str]:
    """Return names relative to the folder, with '/', sorted; raises CorruptArtifact for anything but files and folders."""
    names = []
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            entry = Path(root, name)
            if entry.is_symlink() or not (entry.is_file() or entry.is_dir()):
                raise CorruptArtifact(f"{entry} is neither a plain file nor a folder.")
        names += [Path(root, name).relative_to(folder).as_posix() for name in files]
    return sorted(names)


def _sum_of(file: Path) -> str:
    known = _sums.get()
    if known is None:
        return _sha256(file)
    if file not in known:
        known[file] = _sha256(file)
    return known[file]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
