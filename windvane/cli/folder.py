"""The data folder as one server at a time uses it: its lock, and where its server can be reached."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from windvane.errors import WindvaneError

_PRIVATE = 0o700
_OF_OTHERS = 0o077


class FolderNotSafe(WindvaneError):
    """The data folder is not one that keeps secrets: others own it, or anybody may write into it."""


class FolderNotThere(WindvaneError):
    """The data folder is not there and cannot be made."""


class FolderInUse(WindvaneError):
    """Another server uses this data folder."""


def make_folder(data_dir: Path) -> None:
    """Make a folder that its owner alone can read, or make one that exists so, with what lies directly in it.

    raises    FolderNotSafe if somebody else owns the folder or something in it, or could have put something into it;
              FolderNotThere if it cannot be made
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except FileExistsError as error:
        raise FolderNotThere(
            f"{data_dir} is a file. Name a folder, which need not exist, by --data-dir."
        ) from error
    except OSError as error:
        raise FolderNotThere(
            f"Cannot make the folder {data_dir}: {error.strerror}. Give the folder above it to the user that runs Windvane "
            "(chown), or choose another --data-dir."
        ) from error
    found = data_dir.stat()
    if found.st_uid != os.geteuid():
        raise FolderNotSafe(
            f"{data_dir} belongs to another user (uid {found.st_uid}; this is uid {os.geteuid()}). Keys and data "
            "are kept there: give it to the user that runs Windvane (chown), or choose another folder."
        )
    if found.st_mode & stat.S_IWOTH:
        raise FolderNotSafe(
            f"Every user can write to {data_dir}, so its content may come from anyone. Check it, "
            "then make the folder private (chmod 700), or choose another folder."
        )
    data_dir.chmod(_PRIVATE)
    for entry in data_dir.iterdir():
        _refuse_others(entry)
        _make_private(entry)


def _refuse_others(path: Path) -> None:
    """Refuse what members of the folder's group put there while they could: keys of theirs would be those of the
    server.

    raises    FolderNotSafe
    """
    owner = path.lstat().st_uid
    if owner not in (0, os.geteuid()):
        raise FolderNotSafe(
            f"{path} belongs to another user (uid {owner}; this is uid {os.geteuid()}), so its "
            "content cannot be trusted. Check it, then give it to the user that runs Windvane "
            "(chown), or move it away."
        )


def _make_private(path: Path) -> None:
    """Take from others what they may do to a folder or file of ours; links and what root owns stay as they are."""
    found = path.lstat()
    is_plain = stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)
    if is_plain and found.st_uid == os.geteuid() and found.st_mode & _OF_OTHERS:
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OF_OTHERS)


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the folder for the length of the block.

    raises    FolderInUse if another process holds it
    """
    with (data_dir / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUse(
                f"Another Windvane server uses {data_dir} (see its server.json). "
                "Stop it first, or choose another --data-dir."
            ) from error
        yield


@contextmanager
def locked_database(url: str) -> Iterator[None]:
    """Hold a SQLite database for the length of the block, wherever it lies; others can be shared.

    url      of the store, as the configuration has it; "" for the database in the data folder, which is locked already
    raises   FolderInUse if another server holds it
    """
    if not url.startswith("sqlite"):
        yield
        return
    from sqlalchemy import make_url

    database = make_url(url).database
    if not database or database == ":memory:":
        yield  # refused when it is opened
        return
    path = Path(database).absolute()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.with_name(f"{path.name}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUse(
                f"Another Windvane server uses the SQLite database {path}, which serves one alone. Several servers share a "
                "PostgreSQL database ([store] url in the configuration)."
            ) from error
        yield


def is_locked(data_dir: Path) -> bool:
    path = data_dir / "lock"
    if not path.exists():
        return False
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@dataclass(frozen=True)
class Address:
    """The address of a server.

    certificate    PEM file with the certificate that it shows; None without TLS
    """

    url: str
    certificate: Path | None = None

    @property
    def authority(self) -> Path | None:
        """What clients need to trust the certificate, where it lies beside it as `windvane tls` leaves it."""
        if self.certificate is None:
            return None
        beside = self.certificate.with_name("ca.pem")
        return beside if beside.exists() else None


def publish_address(data_dir: Path, url: str, certificate: str = "") -> None:
    temporary = data_dir / ".server.json"
    temporary.write_text(json.dumps({"url": url, "certificate": certificate, "pid": os.getpid()}))
    temporary.replace(data_dir / "server.json")


def address(data_dir: Path) -> Address | None:
    """Return the address of the server that runs on this folder now; None if none does."""
    path = data_dir / "server.json"
    if not path.exists() or not is_locked(data_dir):
        return None
    published = json.loads(path.read_text())
    certificate = published.get("certificate")
    return Address(published["url"], Path(certificate) if certificate else None)
