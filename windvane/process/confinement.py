"""What a process in the sandbox may still do, and the steps by which it gives up the rest.

    open files     those it was not told to keep are closed
    limits         processes, size of a file, open files, no core dumps; its memory is capped elsewhere (process/child.py)
    namespaces     no network; closed folders are covered (process/namespaces.py)
    user           one of its own if the server is root; no capabilities
    Landlock       files and folders named here, no TCP, no signals to others (process/landlock.py)
    seccomp        no sockets, programs, processes, nor what looks into others (process/seccomp.py)

Each step holds by itself what it says, so that on a machine that lacks one of them the others still stand.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from windvane.errors import WindvaneError
from windvane.process import landlock, namespaces, seccomp
from windvane.process.linux import prctl
from windvane.process.parent_death import die_with_parent

_PR_SET_DUMPABLE = 4
_SHARED_USER_ROOM = 1024
"""Threads that a process may add where its user is also the server's, whose own count as well."""

_SYSTEM = (
    "/usr", "/lib", "/lib64", "/nix/store",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/timezone",
    "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/fonts", "/etc/mime.types",
    "/dev/zero", "/dev/random", "/dev/urandom",
    "/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/sys/vm", "/proc/sys/kernel",
    "/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm",
)  # fmt: skip
"""What libraries read of a system; nothing of it is anybody's data."""

_WRITABLE = ("/dev/null",)

_ENVIRONMENT = frozenset(
    {
        "PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TZDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME",
        "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONMALLOC", "PYTHONNOUSERSITE",
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "MALLOC_ARENA_MAX",
        "OMP_WAIT_POLICY", "JE_ARROW_MALLOC_CONF", "ARROW_DEFAULT_MEMORY_POOL", "XDG_CACHE_HOME", "MPLCONFIGDIR", "WINDVANE_DATA_DIR",
    }
)  # fmt: skip


class Part(StrEnum):
    """A step that not every machine can do."""

    NETWORK = "network namespace"
    MOUNTS = "mount namespace"
    USER = "own user"
    LANDLOCK = "Landlock"
    SECCOMP = "seccomp"


class SandboxBroken(WindvaneError):
    """A process could not be confined as it was to be; it must not go on."""


@dataclass(frozen=True)
class Confinement:
    """The confinement of a process.

    parts             the steps to take
    read              files and folders that may be read, besides programs and libraries
    write             folders that may be read and written
    covered           folders of which nothing else is to be seen; () without a mount namespace
    user              number of a user and group of its own; None to stay who it is
    max_processes     threads of that user
    max_file_bytes    of each file that is written
    """

    parts: frozenset[Part]
    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    covered: tuple[Path, ...] = ()
    user: int | None = None
    max_processes: int = 512
    max_file_bytes: int = 1 << 40
    max_open_files: int = 4096

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON takes it; see `confinement_from`."""
        return {
            **vars(self),
            "parts": sorted(self.parts),
            **{name: list(map(str, getattr(self, name))) for name in ("read", "write", "covered")},
        }


def confinement_from(told: Mapping[str, Any]) -> Confinement:
    """Return what `to_dict` told."""
    paths = {name: tuple(map(Path, told[name])) for name in ("read", "write", "covered")}
    return Confinement(**{**told, **paths, "parts": frozenset(map(Part, told["parts"]))})


def confine(confinement: Confinement, keep: Collection[int] = ()) -> None:
    """Give up for good what the confinement does not leave. To be called with one thread.

    keep      descriptors that stay open besides the standard streams
    raises    SandboxBroken if a step fails: what was given up until then stays so
    """
    if threading.active_count() != 1 or _threads(Path("/proc/self")) != 1:
        raise SandboxBroken("Only a process with a single thread can be confined.")
    parent = os.getppid()
    try:
        _close_all_but({0, 1, 2, *keep})
        os.umask(0o077)
        os.chdir("/")  # or what is below the old one stays within reach
        _limit(confinement)
        before = namespaces.of_users()
        _leave(confinement)
        _limit_threads(confinement, is_apart=namespaces.of_users() != before)
        _become(confinement)
        die_with_parent(
            parent
        )  # a process that becomes another user is no longer killed with its parent
        seccomp.no_new_privileges()
        if Part.LANDLOCK in confinement.parts:
            writable = (*confinement.write, *map(Path, _WRITABLE))
            landlock.restrict((*runtime_paths(), *confinement.read), writable)
        if Part.SECCOMP in confinement.parts:
            seccomp.restrict()
    except (OSError, ValueError, WindvaneError) as error:
        raise SandboxBroken(f"The process could not be confined: {error}") from error


def clean_environment(given: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process in the sandbox: nothing secret is in it.

    added     over what is left of `given`
    """
    left = {
        name: text for name, text in given.items() if name in _ENVIRONMENT or name.startswith("LC_")
    }
    return {**left, **added}


def runtime_paths() -> tuple[Path, ...]:
    """Return where this interpreter, its libraries and what they read of the system are."""
    return tuple(dict.fromkeys(_runtime_paths()))


def _runtime_paths() -> Iterator[Path]:
    yield from map(Path, _SYSTEM)
    for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix):
        yield Path(prefix)
        yield Path(prefix).resolve()
    yield Path(sys.executable).resolve().parent.parent
    yield Path(__file__).absolute().parent.parent  # as modules are looked for, links and all
    yield Path(__file__).resolve().parent.parent
    for entry in map(Path, sys.path):
        if entry.name in ("site-packages", "dist-packages"):
            yield entry
    for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":"):
        if folder.startswith("/"):
            yield Path(folder)


def _close_all_but(kept: set[int]) -> None:
    for entry in list(Path("/proc/self/fd").iterdir()):
        descriptor = int(entry.name)
        if descriptor not in kept:
            with suppress(OSError):  # the one that the folder was read by
                os.close(descriptor)


def _limit(confinement: Confinement) -> None:
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_FSIZE, confinement.max_file_bytes),
        (resource.RLIMIT_NOFILE, confinement.max_open_files),
    ):
        _cap(limit, value)


def _limit_threads(confinement: Confinement, *, is_apart: bool) -> None:
    """Limit the number of threads.

    is_apart    in a user namespace of its own, where threads of the same user elsewhere do not count. What was the limit
    when that was made holds for all of them together, so that it comes first.
    """
    is_alone = is_apart or confinement.user is not None
    room = confinement.max_processes if is_alone else _threads_of_user() + _SHARED_USER_ROOM
    _cap(resource.RLIMIT_NPROC, room)


def _cap(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    least = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (least, least))


def _leave(confinement: Confinement) -> None:
    if Part.NETWORK in confinement.parts:
        namespaces.leave_network()
    if Part.MOUNTS in confinement.parts:
        needed = (*runtime_paths(), *confinement.read, *confinement.write, Path("/dev/null"))
        namespaces.leave_mounts()
        namespaces.cover(confinement.covered, needed)


def _become(confinement: Confinement) -> None:
    user = confinement.user
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    else:
        with suppress(WindvaneError):
            namespaces.drop_capabilities()
        prctl(_PR_SET_DUMPABLE, 1)


def _threads_of_user() -> int:
    """Threads that the kernel counts against this process's limit."""
    own, found = os.getuid(), 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if entry.stat().st_uid == own:
                    found += _threads(entry)
    return found


def _threads(process: Path) -> int:
    return sum(1 for _ in (process / "task").iterdir())
