"""The sandbox of a server: which parts of it this machine has, and the confinement of each process that needs one."""

from __future__ import annotations

import hmac
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from windvane.errors import WindvaneError
from windvane.process import landlock, namespaces, seccomp
from windvane.process.confinement import Confinement, Part, confine, runtime_paths
from windvane.process.ownership import give

FIRST_USER, N_USERS = 61_000, 1_000

_READ_BY_ALL = stat.S_IROTH | stat.S_IXOTH

_LEAST_LOSS_FIRST = (Part.USER, Part.MOUNTS, Part.NETWORK, Part.SECCOMP, Part.LANDLOCK)


@dataclass(frozen=True)
class Protection:
    """A part of the sandbox on this machine.

    does    what it prevents, by itself
    why     it does not hold here, a sentence; "" if it does
    """

    part: Part
    does: str
    why: str = ""

    @property
    def holds(self) -> bool:
        return not self.why


@dataclass(frozen=True)
class Limits:
    """Limits of one process in the sandbox, as in Confinement."""

    max_processes: int = 512
    max_file_bytes: int = 1 << 40
    max_open_files: int = 4096


@dataclass(frozen=True)
class Sandbox:
    """The sandbox that this machine allows for tasks and models.

    data_dir      where keys, database and everybody's objects are
    parts         those that hold on this machine
    first_user    of the numbers that processes run under, if the server is root
    private       other folders that are as private as the data folder
    salt          goes into the choice of a user: who does not know it can name no job such that it has another's
    """

    data_dir: Path
    parts: frozenset[Part]
    first_user: int = FIRST_USER
    n_users: int = N_USERS
    private: tuple[Path, ...] = ()
    salt: str = field(default="", repr=False)
    _closed: tuple[Path, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        closed: set[Path] = set()
        if Part.USER in self.parts:
            closed = namespaces.closed_ancestors((*runtime_paths(), self.data_dir, *self.private))
        object.__setattr__(
            self, "_closed", tuple(namespaces.outermost({*closed, self.data_dir, *self.private}))
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON takes it; see `sandbox_from`."""
        return {
            "data_dir": str(self.data_dir),
            "parts": sorted(self.parts),
            "first_user": self.first_user,
            "n_users": self.n_users,
            "private": [str(path) for path in self.private],
            "salt": self.salt,
        }

    @property
    def cuts_network(self) -> bool:
        """Whether its processes have no network at all."""
        return bool(self.parts & {Part.NETWORK, Part.SECCOMP})

    def user_of(self, owner: str) -> int | None:
        """Return the user that the processes of a job or an endpoint run under; None if that is the server's own."""
        if Part.USER not in self.parts:
            return None
        digest = hmac.digest(self.salt.encode(), owner.encode(), "sha256")
        number = int.from_bytes(digest[:8], "big")
        return self.first_user + number % self.n_users

    def confinement(
        self,
        owner: str,
        read: tuple[Path, ...] = (),
        write: tuple[Path, ...] = (),
        limits: Limits = Limits(),
    ) -> Confinement:
        """Return how a process of one job or endpoint is confined.

        owner    the ARN of the job or endpoint
        """
        return Confinement(
            self.parts,
            read,
            write,
            self._closed if Part.MOUNTS in self.parts else (),
            self.user_of(owner),
            limits.max_processes,
            limits.max_file_bytes,
            limits.max_open_files,
        )


def sandbox_from(told: Mapping[str, Any]) -> Sandbox:
    """Return what `to_dict` told."""
    return Sandbox(
        Path(told["data_dir"]),
        frozenset(map(Part, told["parts"])),
        told["first_user"],
        told["n_users"],
        tuple(map(Path, told["private"])),
        told["salt"],
    )


def sandbox_of(
    data_dir: Path,
    first_user: int = FIRST_USER,
    n_users: int = N_USERS,
    private: tuple[Path, ...] = (),
    salt: str = "",
) -> tuple[Sandbox, list[Protection]]:
    """Return the sandbox with every part that this machine has, and those that it lacks. To be called before there are
    threads."""
    found = list(protections(data_dir, first_user))
    while True:
        held = frozenset(one.part for one in found if one.holds)
        sandbox = Sandbox(data_dir, held, first_user, n_users, private, salt)
        why = _rehearsed(sandbox)
        if not why or not held or _rehearsed(replace(sandbox, parts=frozenset())):
            return sandbox, [one for one in found if not one.holds]
        at_fault = _at_fault(sandbox)
        found = [
            replace(one, why=f"with the others, {why}") if one.part is at_fault else one
            for one in found
        ]


def protections(data_dir: Path, first_user: int = FIRST_USER) -> tuple[Protection, ...]:
    """Return every part of the sandbox, and whether it holds here; each is tried in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="windvane-") as folder:
        mounts = _tried(lambda: _cover(Path(folder)))
    return (
        Protection(
            Part.LANDLOCK, "files outside its own folders, TCP, signals", _landlock(data_dir)
        ),
        Protection(
            Part.SECCOMP, "sockets, programs, other processes, the kernel's own", _seccomp()
        ),
        Protection(Part.NETWORK, "every network", _tried(namespaces.leave_network)),
        Protection(Part.MOUNTS, "the data folder", mounts),
        Protection(
            Part.USER, "files of the server and of other jobs", _user(data_dir, first_user, mounts)
        ),
    )


def _rehearsed(sandbox: Sandbox) -> str:
    """Return why a process that is confined by all its parts cannot work, or ""."""
    with tempfile.TemporaryDirectory(prefix="windvane-") as name:
        folder = Path(name)
        try:
            give(folder, sandbox.user_of(name))
        except OSError as error:
            return f"this process may not give files away: {error}"

        library = Path(os.__file__)
        is_readable = os.access(library, os.R_OK)

        def work() -> None:
            confine(sandbox.confinement(name, (), (folder,)), _open_descriptors())
            (folder / "written").write_text("read again")
            (folder / "written").rename(folder / "renamed")
            thread = threading.Thread(target=(folder / "renamed").read_text)
            thread.start()
            thread.join()
            if is_readable:
                library.read_bytes()

        return _tried(work)


def _open_descriptors() -> list[int]:
    """Return those of this process: it tells how it goes through one of them, and ends at once."""
    return [int(entry.name) for entry in list(Path("/proc/self/fd").iterdir())]


def _at_fault(sandbox: Sandbox) -> Part:
    """Return the part without which the others go together, or whose loss is the least."""
    order = [part for part in _LEAST_LOSS_FIRST if part in sandbox.parts]
    without = (replace(sandbox, parts=sandbox.parts - {part}) for part in order)
    return next(
        (p for p, left in zip(order, without, strict=True) if not _rehearsed(left)), order[0]
    )


def _landlock(data_dir: Path) -> str:
    version = landlock.abi()
    if version < landlock.LEAST_ABI:
        return (
            "the kernel is older than 5.19, or was started without Landlock (lsm=landlock,...), or a container's "
            "profile hides it"
        )
    for path in runtime_paths():
        if data_dir.resolve().is_relative_to(path):
            return f"the data folder lies below {path}, which every process must be able to read"
    return ""


def _seccomp() -> str:
    return (
        ""
        if seccomp.is_available()
        else "the kernel was built without it, or is of another architecture"
    )


def _user(data_dir: Path, first_user: int, mounts: str) -> str:
    if os.geteuid() != 0:
        return "the server is not root"

    def become() -> None:
        os.setgroups([])
        os.setresgid(first_user, first_user, first_user)
        os.setresuid(first_user, first_user, first_user)

    if why := _tried(become):
        return why
    if closed_packages := [one for one in package_folders() if not _is_open(one)]:
        return (
            f"{closed_packages[0]} is closed to other users, as if it had been installed under a umask like 077; open the "
            f"installed packages to them: chmod -R o+rX {closed_packages[0].parent}"
        )
    closed = namespaces.closed_ancestors((*runtime_paths(), data_dir))
    if closed and mounts:
        return f"{min(closed)} is closed to other users, and there is no mount namespace to reach what is below it"
    return ""


def package_folders() -> list[Path]:
    """Return folders of packages that every task imports."""
    found = (find_spec(name) for name in ("windvane", "numpy", "pyarrow"))
    return [Path(one.origin).parent for one in found if one is not None and one.origin]


def _is_open(folder: Path) -> bool:
    """Return whether every user may read what is in it."""
    return folder.stat().st_mode & _READ_BY_ALL == _READ_BY_ALL


def _cover(folder: Path) -> None:
    namespaces.leave_mounts()
    namespaces.cover([folder], [])


def _tried(step: Callable[[], None]) -> str:
    """Return why a step fails, in a fork of this process; "" if it does not."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            for part in _outcome(step):
                os.write(write_end, part.encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as told:
        text = told.read().decode()
    os.waitpid(pid, 0)
    return (
        text.removesuffix("done")
        if text.endswith("done")
        else text or "the attempt ended its process"
    )


def _outcome(step: Callable[[], None]) -> Iterator[str]:
    try:
        step()
    except (OSError, WindvaneError) as error:
        yield f"this process may not: {error}"
    else:
        yield "done"
