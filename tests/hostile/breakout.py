"""What code tries that has taken over a process in the sandbox. Each attempt says what it got; "" means nothing.

Standard library alone: it is run in tasks, in model processes, and under users that can read no other code.
"""

import ctypes
import errno
import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_PTRACE = {"x86_64": 101, "aarch64": 117}[os.uname().machine]
_PTRACE_ATTACH = 16
_PTRACE_SEIZE = 0x4206


def attempts(told: Mapping[str, Any]) -> dict[str, Callable[[], str]]:
    """Every attempt by name.

    told    secret: files whose content is not ours;  folder: the data folder;  port: a TCP port that listens;
            socket: a Unix socket that listens;  parent, sibling: process ids;  own: a file that may be read
    """
    folder = Path(told["folder"])
    return {
        **{f"read {path}": lambda path=path: _head(path) for path in told["secret"]},
        "read /etc/shadow": lambda: _head("/etc/shadow"),
        "read by the old folder": lambda: _head("keys.json"),
        "read by the parent's root": lambda: _head(
            f"/proc/{told['parent']}/root{told['secret'][0]}"
        ),
        "read by the sibling's root": lambda: _head(
            f"/proc/{told['sibling']}/root{told['secret'][0]}"
        ),
        "read the parent's environment": lambda: _head(f"/proc/{told['parent']}/environ"),
        "read the parent's memory": lambda: _memory(told["parent"]),
        "list the data folder": lambda: _listed(folder, told),
        "list other jobs": lambda: _listed(folder / "work", told),
        "write beside the keys": lambda: _written(folder / "new"),
        "write to the temporary folder": lambda: _made(
            Path(f"/var/tmp/windvane-breakout-{os.getpid()}")
        ),
        "change a library": lambda: _written(Path(socket.__file__)),
        "open the keys to others": lambda: _opened_to_others(Path(told["secret"][0])),
        "cut the keys off": lambda: _cut_off(Path(told["secret"][0])),
        "inherited descriptors": _descriptors,
        "secrets of the environment": lambda: ", ".join(n for n in os.environ if "SECRET" in n),
        "connect to the server": lambda: _connected(socket.AF_INET, ("127.0.0.1", told["port"])),
        "connect to a socket": lambda: _connected(socket.AF_UNIX, told["socket"]),
        "listen": _listening,
        "send a datagram": _datagram,
        "attach to the parent": lambda: _attached(told["parent"]),
        "attach to the sibling": lambda: _attached(told["sibling"]),
        "signal the parent": lambda: _signalled(told["parent"]),
        "signal the sibling": lambda: _signalled(told["sibling"]),
        "limit the parent": lambda: _limited(told["parent"]),
        "become root": _rooted,
        "mount": lambda: _mounted(folder),
        "new namespaces": _unshared,
        "dump core": _core,
        "hold files in memory": _in_memory,
        "outlive the parent": _outlive,
        "send beside a pair of sockets": _paired,
        "watch the data folder": lambda: _watched(folder),
        "move the parent to a core": lambda: _moved(told["parent"]),
        "hold a file against who opens it": lambda: _leased(Path(told["own"])),
        "hold pages in a pipe": _pinned,
        "take watches of the user": _epolled,
        "control a file system": lambda: _controlled(Path(told["own"]).parent),
    }


def process_attempts() -> dict[str, Callable[[], str]]:
    """Apart, because a fork that succeeds goes on with the rest."""
    return {"fork": _forked, "run a program": _ran, "fill the file table": _opened}


def all_results(told: Mapping[str, Any]) -> dict[str, str]:
    """What each attempt got."""
    found = {name: _tried(attempt) for name, attempt in attempts(told).items()}
    found["own file"] = _tried(lambda: _head(told["own"]))
    return found | {name: _tried(attempt) for name, attempt in process_attempts().items()}


def _tried(attempt: Callable[[], str]) -> str:
    try:
        return attempt()
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""


def _head(path: object) -> str:
    with Path(str(path)).open("rb") as file:
        return file.read(40).decode(errors="replace")


def _memory(pid: int) -> str:
    start = Path(f"/proc/{pid}/maps").read_text().partition("-")[0]
    with Path(f"/proc/{pid}/mem").open("rb") as file:
        file.seek(int(start, 16))
        return repr(file.read(4))


def _listed(folder: Path, told: Mapping[str, Any]) -> str:
    own = Path(told["own"])
    return ", ".join(str(path) for path in folder.iterdir() if not own.is_relative_to(path))


def _opened_to_others(path: Path) -> str:
    before = path.stat().st_mode
    path.chmod(0o644)
    if path.stat().st_mode == before:
        return ""
    path.chmod(before)
    return "its mode is 644"


def _cut_off(path: Path) -> str:
    """At its end, so that whoever is next finds it."""
    os.truncate(path, path.stat().st_size)
    return "it is as long as we like"


def _written(path: Path) -> str:
    with path.open("ab"):
        return f"{path} is open"


def _made(path: Path) -> str:
    """Not left there: it would be in the way of another user's."""
    made = _written(path)
    path.unlink()
    return made


def _descriptors() -> str:
    """Those beyond the standard streams, and the sockets and pipes that the test gave."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if (
            int(entry.name) > 2
            and target.startswith("/")
            and not target.startswith("/proc/")
            and "(deleted)" not in target
        ):
            found.append(target)
    return ", ".join(found)


def _connected(family: int, address: Any) -> str:
    with socket.socket(family) as client:
        client.settimeout(5)
        client.connect(address)
        return "connected"


def _listening() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        return "listens"


def _datagram() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"secret", ("127.0.0.1", 9))
        return "sent"


def _attached(pid: int) -> str:
    if _LIBC.syscall(_PTRACE, _PTRACE_SEIZE, pid, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    return "attached"


def _signalled(pid: int) -> str:
    os.kill(pid, 0)
    return "may be signalled"


def _limited(pid: int) -> str:
    import resource

    resource.prlimit(pid, resource.RLIMIT_CORE, resource.prlimit(pid, resource.RLIMIT_CORE))
    return "limits set"


def _rooted() -> str:
    os.setresuid(0, 0, 0)
    os.setgroups([1])
    return "root with its rights"


def _mounted(folder: Path) -> str:
    if _LIBC.mount(b"none", str(folder.parent).encode(), b"tmpfs", 0, None) != 0:
        raise OSError(ctypes.get_errno(), "mount")
    return "mounted"


def _unshared() -> str:
    if _LIBC.unshare(0x10000000) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    return "a user namespace"


def _in_memory() -> str:
    os.close(os.memfd_create("memory"))
    return "a file in memory"


def _outlive() -> str:
    if _LIBC.prctl(1, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    return "off the leash"


def _paired() -> str:
    """A datagram can be sent by one of them to any socket that has a name, without a call of socket or connect."""
    for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM):
        end.close()
    return "a pair of sockets"


def _watched(folder: Path) -> str:
    """The kernel tells the names of files that are opened there; Landlock is not asked."""
    watcher = _LIBC.inotify_init1(0)
    if watcher < 0:
        raise OSError(ctypes.get_errno(), "inotify_init1")
    number = _LIBC.inotify_add_watch(watcher, bytes(folder), 0xFFF)
    os.close(watcher)
    return "" if number < 0 else "watched"


def _moved(pid: int) -> str:
    os.sched_setaffinity(pid, os.sched_getaffinity(pid))
    return "moved"


def _leased(path: Path) -> str:
    import fcntl

    with path.open("rb") as file:
        fcntl.fcntl(file, 1024, fcntl.F_WRLCK)
    return "a lease"


class _Vector(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def _pinned() -> str:
    read_end, write_end = os.pipe()
    page = ctypes.create_string_buffer(4096)
    try:
        vector = _Vector(ctypes.addressof(page), 4096)
        if _LIBC.vmsplice(write_end, ctypes.byref(vector), ctypes.c_size_t(1), 0) < 0:
            raise OSError(ctypes.get_errno(), "vmsplice")
    finally:
        os.close(read_end)
        os.close(write_end)
    return "a page"


def _epolled() -> str:
    import select

    select.epoll().close()
    return "a set of watches"


def _controlled(folder: Path) -> str:
    """Of Btrfs BTRFS_IOC_SNAP_CREATE_V2 is what it is about: here any that is no terminal's will do."""
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, 0x80086601, b"\0" * 8)
    finally:
        os.close(descriptor)
    return "its flags"


def _core() -> str:
    import resource

    return "" if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0 else "core files"


def _forked() -> str:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "forked"


def _ran() -> str:
    subprocess.run(["/bin/true"], check=True)
    return "ran"


def _opened() -> str:
    opened = []
    try:
        while len(opened) < 20_000:
            opened.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        return "" if error.errno == errno.EMFILE else str(error)
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return "20000 files"
