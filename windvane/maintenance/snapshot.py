"""A snapshot of a data folder: its state at one moment, held while it is copied; its server may go on serving.

What is written is not stopped but for a few milliseconds: a transaction of the store is open while the index of objects
is pinned, the store's own state is pinned, and the files of jobs under way get a second name. Whatever was acknowledged
before the moment is part of it; a record of it finds its objects and files. Data files of objects never change, and none is
removed while they are copied: what is deleted meanwhile goes with the store's next sweep.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import stat
import sys
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from windvane.errors import StoreUnusable
from windvane.maintenance.manifest import is_safe
from windvane.maintenance.pinned import PinnedDatabase
from windvane.objects.disk import Disk
from windvane.objects.files import DataFiles
from windvane.objects.snapshot import DATA_NAME, INDEX_NAME, data_files
from windvane.store.open import FILE_NAME
from windvane.store.sqlite import SqliteStore

OBJECTS = "s3"
KEYS = ("keys.json", "keyring.json")
WORK = "work"
_LINKED = (WORK, "audit")
_LEFT_OUT = frozenset({"scratch"})
"""Folders of running attempts: whoever goes on with a job begins its attempt anew."""

_NO_LINK = (errno.EMLINK, errno.EPERM, errno.EACCES)
"""Why a file gets no second name: it has as many as there may be, or is another user's."""

_DEEPEST = 32
"""Folders above a file of a job."""

_LONGEST = 1024
"""Bytes of a name in a backup: longer ones may have no place below the folder that they are written or restored to."""

_MOST_FILES = 10_000
"""Files and folders of one job: of ours none makes a tenth. Each is looked at while nothing is written."""

_MOST_IN_ALL = 100_000
"""The same of all jobs together: of more, those that have most are left out."""

_MOST_NEW = 5000
"""Files of one job that get a second name while nothing is written: a task of ours makes a few hundred a second."""


@dataclass(frozen=True)
class KeptFile:
    """A file of a snapshot.

    name    in the backup
    path    where it can be read
    size    of the part that is of the snapshot, bytes
    never_changes    a file of this name has the same content in every backup
    is_of_task    it was written by the task of a job, which may do anything to it at any time
    """

    name: str
    path: Path
    size: int
    never_changes: bool = False
    is_of_task: bool = False


@dataclass(frozen=True)
class Snapshot:
    """The state of a data folder at one moment.

    at       the time as of which everything is
    store       the state of the store
    index       of the embedded object store; None if there is none
    files       of jobs under way, of the audit log, and the keys
    scratch     a folder on the data folder's file system, gone afterwards
    data        files of the object store, none of which is removed; None if there is no such store
    """

    at: datetime
    store: PinnedDatabase
    index: PinnedDatabase | None
    files: tuple[KeptFile, ...]
    scratch: Path
    data_dir: Path
    data: DataFiles | None

    def data_files(self) -> Iterator[KeptFile]:
        """Yield the bytes of objects that do not lie in the index."""
        if self.index is None or self.data is None:
            return
        for name, size in data_files(self.index.connection):
            path = self.data.path(name)
            below = path.relative_to(self.data_dir).as_posix()
            yield KeptFile(below, path, size, never_changes=True)


@contextmanager
def hold_snapshot(data_dir: Path, *, has_objects: bool = True) -> Iterator[Snapshot]:
    """Hold a snapshot until the block is left.

    has_objects    whether the embedded object store is part of it
    raises         StoreUnusable if the store is damaged, or writes for longer than its time limit
    """
    scratch = data_dir / f".backup-{secrets.token_hex(6)}"
    scratch.mkdir(mode=0o700)
    held = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(held, fcntl.LOCK_EX)  # tells a check that it is no leftover
    store = SqliteStore(data_dir / FILE_NAME)
    names = _SecondNames(data_dir, scratch)
    try:
        with ExitStack() as stack:
            index_path = data_dir / OBJECTS / INDEX_NAME
            data = None
            if has_objects and index_path.is_file():
                data = DataFiles(data_dir / OBJECTS / DATA_NAME, Disk())
                stack.enter_context(data.nothing_removed())
            deque(names.files(sys.maxsize), maxlen=0)
            with _quiet(store):
                at = datetime.now(UTC)
                index = (
                    stack.enter_context(PinnedDatabase(index_path)) if data is not None else None
                )
                pinned = stack.enter_context(PinnedDatabase(data_dir / FILE_NAME))
                files = [*_keys(data_dir), *names.files(_MOST_NEW)]
            yield Snapshot(at, pinned, index, tuple(files), scratch, data_dir, data)
    finally:
        store.close()
        shutil.rmtree(scratch)
        os.close(held)


@contextmanager
def _quiet(store: SqliteStore) -> Iterator[None]:
    """Let nothing be written to the store inside the block."""
    try:
        with store.transaction():
            yield
    except DatabaseError as error:
        raise StoreUnusable(f"The store cannot be read: {error.orig}.") from error


def _keys(data_dir: Path) -> Iterator[KeptFile]:
    for name in KEYS:
        with suppress(FileNotFoundError):
            yield KeptFile(name, data_dir / name, (data_dir / name).stat().st_size)


class _SecondNames:
    """Second names for files that may be removed, renamed or appended to while they are copied.

    Names and depths that nothing of ours has are left out: a task must not be able to stand in the way of a backup. Nor may
    the number of its files, as nothing is written to the store while they are named: most get their names before, and then
    what is new; of a job that makes more of it meanwhile than any of ours, the rest is left out. A job that has more than
    any of ours is left out whole once that is known, as what has its name already has to be looked at again; so are those
    that have most, if all together have too many.
    """

    def __init__(self, data_dir: Path, scratch: Path) -> None:
        self._data_dir, self._scratch = data_dir, scratch
        self._n_rounds = 0
        self._named: dict[str, tuple[int, Path]] = {}
        """Inode and second name, by the name in a backup: an inode that has a name is nobody else's."""
        self._crowded: set[str] = set()
        """Folders of jobs that have too many files."""

    def files(self, most_new: int) -> Iterator[KeptFile]:
        """Yield every file as it is now.

        most_new    second names that files of one job may get
        """
        self._n_rounds += 1
        n_new, n_found = Counter[str](), Counter[str]()
        for root in (one for one in _LINKED if (self._data_dir / one).is_dir()):
            for folder, folders, files, at in os.fwalk(self._data_dir / root):
                below = Path(folder).relative_to(self._data_dir)
                is_deep = len(below.parts) >= _DEEPEST
                job, place = "/".join(below.parts[:2]), below.as_posix()
                n_found[job] += len(files) + len(folders)
                if root == WORK and place != WORK and n_found[job] > _MOST_FILES:
                    self._crowded.add(job)
                    files.clear()
                folders[:] = [
                    name
                    for name in folders
                    if name not in _LEFT_OUT
                    and not is_deep
                    and self._crowded.isdisjoint((job, f"{place}/{name}"))
                ]
                for name in files:
                    told = f"{place}/{name}"
                    is_new = not self._is_named(told, name, at)
                    if is_new and (root != WORK or n_new[job] < most_new):
                        n_new[job] += 1
                        self._name(told, name, at, is_of_task=root == WORK)
                    if told in self._named:
                        linked = self._named[told][1]
                        size = os.lstat(linked).st_size
                        yield KeptFile(told, linked, size, is_of_task=root == WORK)
        self._leave_out_largest(n_found)

    def _leave_out_largest(self, n_found: Counter[str]) -> None:
        of_jobs = [(n, job) for job, n in n_found.items() if job.startswith(f"{WORK}/")]
        in_all = sum(n for n, _ in of_jobs)
        for n, job in sorted(of_jobs, reverse=True):
            if in_all <= _MOST_IN_ALL:
                return
            self._crowded.add(job)
            in_all -= n

    def _is_named(self, told: str, name: str, at: int) -> bool:
        """Return whether the file that is there now has its second name; what was there before has it no more."""
        known = self._named.get(told)
        with suppress(FileNotFoundError):
            if known is not None and known[0] == os.lstat(name, dir_fd=at).st_ino:
                return True
        self._named.pop(told, None)
        return False

    def _name(self, told: str, name: str, at: int, *, is_of_task: bool) -> None:
        """Give a file its second name, if it is one that a backup may hold."""
        if not is_safe(told) or len(told.encode()) > _LONGEST:
            return
        linked = self._scratch / str(self._n_rounds) / told
        try:
            inode = _second_name(name, at, linked)
        except OSError as error:
            if is_of_task and error.errno in _NO_LINK:
                return
            raise
        if inode is not None:
            self._named[told] = inode, linked


def _second_name(name: str, at: int, linked: Path) -> int | None:
    """Return its inode; None for what is no file, or gone by now.

    at    its folder, opened: at the path of it there may be a link by now, which leads to the keys
    """
    linked.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(name, linked, src_dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return None
    status = (
        linked.lstat()
    )  # what was linked cannot be put in another's place, unlike what the path led to
    if stat.S_ISREG(status.st_mode):
        return status.st_ino
    linked.unlink()
    return None
