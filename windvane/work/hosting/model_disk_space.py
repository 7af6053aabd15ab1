"""Disk space for models of endpoints: an archive of 40 MB may unpack to 8 GB, and each generation of an endpoint has its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from windvane.errors import InvalidRequest

_LEFT_FREE_BYTES, _LEFT_FREE_SHARE = 1000**3, 0.05
"""Of the file system that models are on: the smaller of the two. Objects, keys and the database may be on it too."""

_AT_ONCE = 2
"""Models of one account that are fetched: unpacking takes a core, and what waits for the interpreter waits for it."""


class ModelDiskSpace:
    """The bytes that the models of each account's endpoints take: archives while they are unpacked, and what was unpacked.
    For any thread.

    most    bytes of one account; 0 means any number
    """

    def __init__(self, most: int = 0) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._taken: dict[Path, tuple[str, int]] = {}
        self._turns: dict[str, threading.Semaphore] = {}

    @contextmanager
    def turn(self, account: str) -> Iterator[None]:
        """Wait until few enough of the account's models are fetched for another one."""
        with self._lock:
            turns = self._turns.setdefault(account, threading.Semaphore(_AT_ONCE))
        with turns:
            yield

    def take(self, account: str, folder: Path, n_bytes: int) -> None:
        """Count more bytes, which are to be written next.

        folder    of the model they are of; it need not be there yet
        raises    InvalidRequest if there is no room for them
        """
        with self._lock:
            others = sum(taken for owner, taken in self._taken.values() if owner == account)
            if self._most and others + n_bytes > self._most:
                raise InvalidRequest(
                    f"The models of an account's endpoints may take {self._most} bytes of this server, unpacked "
                    "(configuration, section [limits], model_bytes), and with this one they would take more. Delete "
                    "endpoints that are not needed."
                )
            _, own = self._taken.get(folder, (account, 0))
            self._taken[folder] = account, own + n_bytes
        disk = shutil.disk_usage(_above(folder))
        if disk.free - n_bytes < min(_LEFT_FREE_BYTES, _LEFT_FREE_SHARE * disk.total):
            raise InvalidRequest("This server has no room left for the model, unpacked.")

    def settle(self, account: str, folder: Path, n_bytes: int) -> None:
        """Count what a model takes now, whatever was counted of it before."""
        with self._lock:
            self._taken[folder] = account, n_bytes

    def give_back(self, folder: Path) -> None:
        """Count nothing any more of the models that were in a folder."""
        with self._lock:
            gone = [one for one in self._taken if one.is_relative_to(folder)]
            for one in gone:
                del self._taken[one]


def _above(folder: Path) -> Path:
    """Return the folder that is there already."""
    return next(one for one in folder.parents if one.is_dir())
