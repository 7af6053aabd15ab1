"""What a backup says of itself.

    manifest.json    a Manifest; names the sum of SHA256SUMS, so that one sum stands for all
    SHA256SUMS       every other file with its SHA-256, a line each, as `sha256sum --check` reads them

Both are written last: a folder or an archive without them is no backup.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from windvane.errors import WindvaneError

FORMAT = 1
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
CONFIG = "config.toml"
_ROOTS = ("windvane.db", "keys.json", "keyring.json", CONFIG, "s3", "work", "audit")
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


class BackupFault(WindvaneError):
    """A backup cannot be made or used; the text says why and what would help."""


@dataclass(frozen=True)
class Manifest:
    """The content of a backup.

    format           of the backup; a reader refuses newer ones
    windvane         the version that made it
    moment           the time as of which it is, UTC
    store_schema     the last migration of the store
    objects          whether the objects of the embedded store are part of it
    n_files, n_bytes of the files named in SHA256SUMS
    sums             SHA-256 of SHA256SUMS
    """

    format: int
    windvane: str
    moment: datetime
    store_schema: str
    objects: bool
    n_files: int
    n_bytes: int
    sums: str

    def to_bytes(self) -> bytes:
        document = {**asdict(self), "moment": self.moment.astimezone(UTC).isoformat()}
        return (json.dumps(document, indent=2) + "\n").encode()


def read_manifest(data: bytes) -> Manifest:
    """Read the manifest of a backup.

    raises    BackupFault if it is no manifest, or of a newer format
    """
    try:
        document: dict[str, Any] = json.loads(data)
        version = document["format"]
        if isinstance(version, int) and version > FORMAT:
            raise BackupFault(
                f"The backup is of format {version}, made by Windvane {document.get('windvane')}; this version reads "
                f"formats up to {FORMAT}. Restore it with that version or a later one."
            )
        moment = datetime.fromisoformat(document.pop("moment"))
        manifest = Manifest(moment=moment, **document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupFault(f"{MANIFEST} of the backup cannot be read: {error}.") from error
    if not all(isinstance(n, int) for n in (manifest.format, manifest.n_files, manifest.n_bytes)):
        raise BackupFault(f"{MANIFEST} of the backup cannot be read: a number is none.")
    return manifest


def sums_to_bytes(sums: Mapping[str, str]) -> bytes:
    """SHA256SUMS; `sums` are by name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()


def read_sums(data: bytes, manifest: Manifest) -> dict[str, str]:
    """Return the SHA-256 of each file by its name.

    raises    BackupFault if it is not what the manifest says, or names a file that no backup holds
    """
    if hashlib.sha256(data).hexdigest() != manifest.sums:
        raise BackupFault(f"{SUMS} of the backup is damaged: its own sum does not match.")
    found: dict[str, str] = {}
    for line in data.decode(errors="replace").splitlines():
        match = _LINE.fullmatch(line)
        if match is None or not is_safe(match[2]):
            raise BackupFault(
                f"{SUMS} of the backup has a line that it cannot have: {line[:200]!r}."
            )
        found[match[2]] = match[1]
    if len(found) != manifest.n_files:
        raise BackupFault(
            f"{SUMS} of the backup names {len(found)} files; there were {manifest.n_files}."
        )
    return found


def is_safe(name: str) -> bool:
    """Return whether a backup may hold a file of this name: below the data folder, of a part that is backed up."""
    parts = name.split("/")
    return (
        name.isprintable()
        and "\\" not in name
        and parts[0] in _ROOTS
        and not any(part in ("", ".", "..") for part in parts)
    )
