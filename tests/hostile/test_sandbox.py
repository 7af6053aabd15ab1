"""Attack 5, the half of the process, and attack 14: code that has taken over a process in the sandbox finds nothing.

Each part of the sandbox is also taken away, to show what the others still hold.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import mmap
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hostile.breakout import all_results

from windvane.process import landlock, seccomp
from windvane.process.child import Child, Ending
from windvane.process.confinement import Confinement, Part, SandboxBroken, confine
from windvane.process.linux import KernelLacks, prctl
from windvane.process.ownership import give, lend
from windvane.process.sandbox import Limits, Sandbox, sandbox_of
from windvane.serving.process import ModelProcess
from windvane.work.hosting.place import PROCESS_LIMITS
from windvane.work.workers.config import WorkConfig

NOBODY = 65534
PR_SET_DUMPABLE = 4
_F_SETSIG = 10
EVERY = frozenset(Part)
HELD = sandbox_of(Path("/nowhere"))[0].parts
"""What this machine has. Which parts are tried depends on it, so that nothing is left out unseen."""

CLOSED = bool(HELD & {Part.LANDLOCK, Part.MOUNTS}) and Part.SECCOMP in HELD
closed = pytest.mark.skipif(not CLOSED, reason="this machine has too little of a sandbox")

THROUGH = {
    Part.LANDLOCK: {"write to the temporary folder"},
    Part.SECCOMP: {
        "fork",
        "new namespaces",
        "hold files in memory",
        "outlive the parent",
        "send beside a pair of sockets",
        "hold a file against who opens it",
        "hold pages in a pipe",
        "take watches of the user",
        "control a file system",
        "watch the data folder",
    },
    Part.NETWORK: set(),
    Part.MOUNTS: set(),
    Part.USER: set(),
}
"""What that part alone prevents."""

SAME_USER = {
    "limit the parent",
    "signal the parent",
    "signal the sibling",
    "move the parent to a core",
}
"""Besides, where processes have the server's user: without seccomp, and signals where Landlock is older than Linux 6.12."""


@dataclass(frozen=True)
class Scene:
    """A data folder with secrets, somebody who listens, and a process beside."""

    folder: Path
    told: dict[str, Any]

    @property
    def own(self) -> Path:
        return Path(self.told["own"]).parent


@pytest.fixture
def scene() -> Iterator[Scene]:
    root = Path(tempfile.mkdtemp(prefix="windvane-scene-"))
    folder = root / "data"
    secret = (
        "keys.json",
        "windvane.sqlite",
        "s3/index.sqlite",
        "s3/objects/other",
        "work/other/data",
    )
    for name in (*secret, "work/own/data"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / name).write_text(f"content of {name}")
        (folder / name).chmod(0o600)
    for path in (root, folder):
        path.chmod(0o700)
    sibling = subprocess.Popen(["/bin/sleep", "600"])
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(folder / "socket"))
        local.listen()
        yield Scene(
            folder,
            {
                "secret": [str(folder / name) for name in secret],
                "folder": str(folder),
                "port": server.getsockname()[1],
                "socket": str(folder / "socket"),
                "parent": os.getpid(),
                "sibling": sibling.pid,
                "own": str(folder / "work/own/data"),
            },
        )
    sibling.kill()
    sibling.wait()
    shutil.rmtree(root)


def in_fork(work: Callable[[int], Any]) -> Any:
    """What a function gives in a fork of this process, as JSON takes it; it is told which pipe that goes through."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.write(write_end, json.dumps(work(write_end)).encode())
            code = 0
        except BaseException:  # noqa: BLE001 - the end of a process
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as file:
        text = file.read()
    _, status = os.waitpid(pid, 0)
    assert status == 0, text
    return json.loads(text)


def broken_out(scene: Scene, parts: Sequence[Part] | frozenset[Part]) -> dict[str, str]:
    """What is found by code in a process that is confined by these parts, of those that this machine has."""

    def attack(_: int) -> dict[str, str]:
        sandbox, _ = sandbox_of(scene.folder)
        sandbox = replace(sandbox, parts=sandbox.parts & frozenset(parts))
        give(scene.own, sandbox.user_of("own"))
        os.chdir(scene.folder)
        os.environ["AWS_SECRET_ACCESS_KEY"] = "a secret"
        os.open(scene.told["secret"][0], os.O_RDONLY)
        told = {**scene.told, "parent": os.getpid()}

        def confined(results: int) -> dict[str, str]:
            os.environ.pop(
                "AWS_SECRET_ACCESS_KEY"
            )  # as clean_environment does where the process is started
            confine(_confinement(sandbox, scene.own), keep=[results])
            return all_results(told)

        return dict(in_fork(confined))

    return dict(in_fork(attack))


def _confinement(sandbox: Sandbox, own: Path) -> Confinement:
    return sandbox.confinement("own", (), (own,), Limits(max_open_files=512))


def found(results: dict[str, str]) -> dict[str, str]:
    assert results["own file"] == "content of work/own/data"
    return {name: got for name, got in results.items() if got and name != "own file"}


@closed
def test_code_in_the_sandbox_finds_nothing(scene: Scene) -> None:
    assert found(broken_out(scene, HELD)) == {}


@closed
@pytest.mark.parametrize("part", sorted(HELD))
def test_without_one_part_the_others_hold(scene: Scene, part: Part) -> None:
    """Nothing secret is found, and whatever is found is what that part alone prevents.

    No user of its own reaches its folder below closed ones without mounts: such a machine has neither."""
    gone = {part, Part.USER} if part is Part.MOUNTS else {part}
    got = set(found(broken_out(scene, HELD - gone)))
    assert not {name for name in got if name.startswith("read ")}
    if Part.USER in HELD:
        assert got == THROUGH[part]
    else:
        assert got <= THROUGH[part] | SAME_USER


@pytest.mark.parametrize("part", sorted(HELD & {Part.LANDLOCK, Part.MOUNTS, Part.USER}))
def test_one_part_alone_keeps_the_secrets(scene: Scene, part: Part) -> None:
    """Of each of the three that are about files, whatever else a machine lacks."""
    parts = {part, Part.MOUNTS} if part is Part.USER else {part}
    got = found(broken_out(scene, frozenset(parts)))
    reads = {name for name in got if name.startswith("read ")}
    assert reads == ({"read /etc/shadow"} if part is Part.MOUNTS and os.geteuid() == 0 else set())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("gone", [(), (Part.NETWORK, Part.MOUNTS), (Part.LANDLOCK,)])
def test_a_server_that_is_not_root_has_its_sandbox_too(
    scene: Scene, gone: tuple[Part, ...]
) -> None:
    """Its tasks have its own user: keys of mode 0600 are theirs by right, and yet out of reach."""
    for path in (scene.folder.parent, *scene.folder.parent.rglob("*")):
        os.chown(path, NOBODY, NOBODY)

    def as_nobody(_: int) -> dict[str, str]:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        prctl(PR_SET_DUMPABLE, 1)  # as it is of a process that this user started
        assert Path(scene.told["secret"][0]).read_text()
        return broken_out(scene, EVERY - {Part.USER, *gone})

    expected = THROUGH[Part.LANDLOCK] if Part.LANDLOCK in gone else set()
    assert set(found(in_fork(as_nobody))) == expected


def test_a_process_with_two_threads_is_not_confined() -> None:
    """Landlock would bind one of them."""

    def attempt(_: int) -> str:
        gate = threading.Event()
        threading.Thread(target=gate.wait, daemon=True).start()
        try:
            confine(Confinement(frozenset()))
        except SandboxBroken as error:
            return str(error)
        return ""

    assert "single thread" in in_fork(attempt)


@pytest.mark.parametrize("part", [Part.LANDLOCK, Part.SECCOMP, Part.USER])
def test_no_file_sends_signals_to_others(part: Part) -> None:
    """A file's owner gets the signal that was chosen whenever there is something to read: no call of kill is seen."""
    if part not in HELD or (part is Part.LANDLOCK and landlock.abi() < 6):
        pytest.skip("this machine lacks the part")
    parent, seen = os.getpid(), []

    def send() -> None:
        read_end, write_end = os.pipe()
        with suppress(OSError):
            fcntl.fcntl(read_end, fcntl.F_SETOWN, parent)
            fcntl.fcntl(read_end, _F_SETSIG, signal.SIGUSR2)
            fcntl.fcntl(read_end, fcntl.F_SETFL, os.O_ASYNC)
        os.write(write_end, b"x")

    before = signal.signal(signal.SIGUSR2, lambda *_: seen.append(part))
    try:
        user = NOBODY if part is Part.USER else None
        ended = Child.start(send, confinement=Confinement(frozenset({part}), user=user)).wait(240)
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert ended is not None
    assert ended.ending is Ending.FINISHED, ended.text
    assert seen == []


needs_seccomp = pytest.mark.skipif(Part.SECCOMP not in HELD, reason="this machine lacks it")


@needs_seccomp
def test_no_descriptor_is_sent_through_a_socket() -> None:
    """Those on their way count for all processes of the user: 4,301 that nobody took kept every task of a server that is
    not root from sending its broker a file, and so from writing any object."""

    def send() -> None:
        ours, theirs = keep
        with pytest.raises(PermissionError):
            socket.send_fds(theirs, [b"x"], [0])
        theirs.sendall(b"a request")
        assert ours.fileno() != theirs.fileno()

    keep = socket.socketpair()
    only = Confinement(frozenset({Part.SECCOMP}))
    ended = Child.start(send, confinement=only, keep=[end.fileno() for end in keep]).wait(240)
    assert ended is not None
    assert ended.ending is Ending.FINISHED, ended.text
    assert keep[0].recv(100) == b"a request"
    for end in keep:
        end.close()


@needs_seccomp
@pytest.mark.parametrize(
    "what", ["shared", "locks", "splice", "rules", "filters", "mlock", "futexes"]
)
def test_no_memory_of_the_kernel_is_held_that_nothing_counts(what: str, tmp_path: Path) -> None:
    """A process with 10 MB, by all that a server sees, held 1,500: what the kernel then ends is the largest, another one."""
    path = tmp_path / "own"
    path.write_bytes(bytes(1 << 16))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 1 << 16) as mapped:
        only = Confinement(frozenset({Part.SECCOMP}))
        read_end, write_end = os.pipe()
        work = partial(_HOLDS[what], file.fileno(), write_end, mapped)
        ended = Child.start(work, confinement=only, keep=(file.fileno(), write_end)).wait(240)
    for end in (read_end, write_end):
        os.close(end)
    assert ended is not None
    assert ended.ending is Ending.FINISHED, ended.text


def _shared(*_: object) -> None:
    """Shared memory whose pages were let go (MADV_DONTNEED) is still there, and counts for nobody."""
    with pytest.raises(PermissionError):
        mmap.mmap(-1, 1 << 16)
    mmap.mmap(-1, 1 << 16, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()


def _locks(file: int, _: int, __: mmap.mmap) -> None:
    """Answered as if it were done, and not done."""
    fcntl.lockf(file, fcntl.LOCK_EX, 1)
    assert "lock:" not in Path(f"/proc/self/fdinfo/{file}").read_text()


def _splice(file: int, pipe: int, _: mmap.mmap) -> None:
    """A byte in a pipe holds all of the pages that the kernel keeps together: two megabytes."""
    with pytest.raises(PermissionError):
        os.splice(file, pipe, 1, offset_src=0)
    with pytest.raises(PermissionError):
        os.sendfile(pipe, file, 0, 1)


def _rules(*_: object) -> None:
    assert landlock.abi() == 0
    with pytest.raises(KernelLacks):
        landlock.restrict((), ())


def _filters(*_: object) -> None:
    with pytest.raises(KernelLacks):
        seccomp.restrict()
    with pytest.raises(KernelLacks):
        prctl(22, 1)


def _futexes(*_: object) -> None:
    """A table for threads that wait, of 64 bytes for each of up to 16 million places (PR_FUTEX_HASH, since Linux 6.16)."""
    with pytest.raises(KernelLacks) as refused:
        prctl(78, 1, 1 << 10)
    assert refused.value.number == errno.EPERM


def _mlock(_: int, __: int, mapped: mmap.mmap) -> None:
    """Pages of files count for nobody: they can be taken back, unless they are held."""
    start = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
    libc = ctypes.CDLL(None, use_errno=True)
    held = libc.mlock(ctypes.c_void_p(start), ctypes.c_size_t(1 << 16))
    assert held != 0 or os.geteuid() == 0, "only root may hold them beyond its limit"
    assert resource.getrlimit(resource.RLIMIT_MEMLOCK) == (0, 0)


_HOLDS: dict[str, Callable[[int, int, mmap.mmap], None]] = {
    "shared": _shared,
    "locks": _locks,
    "splice": _splice,
    "rules": _rules,
    "filters": _filters,
    "mlock": _mlock,
    "futexes": _futexes,
}


def test_nobody_names_a_job_such_that_it_has_the_user_of_another() -> None:
    """Threads are counted by user: out of a thousand names one had the user of a job or endpoint that was to be stopped."""
    names = [f"arn:aws:sagemaker:us-east-1:222222222222:automl-job/j{n}" for n in range(200)]
    server, guessed = (
        Sandbox(Path("/nowhere"), frozenset({Part.USER}), salt=salt) for salt in ("a secret", "")
    )
    assert [server.user_of(name) for name in names] != [guessed.user_of(name) for name in names]
    assert sum(server.user_of(name) == guessed.user_of(name) for name in names) < 10


def test_a_sandboxed_process_has_few_threads_that_the_servers_own_wait_for(tmp_path: Path) -> None:
    """Beside 512 busy threads of a task, or 256 of each model process, the server's event loop waited most of a second for its turn."""
    sandbox = Sandbox(tmp_path, frozenset({Part.SECCOMP}))
    config = WorkConfig(tmp_path, "run", datetime(2026, 1, 1, tzinfo=UTC), 2, 1000, sandbox=sandbox)
    task = config.confinement("arn:aws:sagemaker:us-east-1:222222222222:automl-job/j", tmp_path)
    assert task is not None
    assert task.max_processes <= 128 + 16 * (os.cpu_count() or 1)
    assert PROCESS_LIMITS.max_processes <= 64


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.skipif(not HELD & {Part.NETWORK, Part.MOUNTS}, reason="this machine has no namespaces")
def test_threads_of_one_process_keep_no_other_from_having_one() -> None:
    """Where the server is not root they were counted together: 1,024 of a model kept all tasks that ran from theirs."""
    parts = HELD - {Part.USER}

    def as_nobody(_: int) -> str:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        prctl(PR_SET_DUMPABLE, 1)
        (is_up, up), (may_go, go), (said, say) = os.pipe(), os.pipe(), os.pipe()

        def victim() -> None:
            os.write(up, b"u")
            os.read(may_go, 1)
            thread = threading.Thread(target=os.write, args=(say, b"a thread"))
            thread.start()
            thread.join()

        def hostile() -> None:
            threading.stack_size(1 << 15)
            with suppress(RuntimeError):
                for _ in range(5000):
                    threading.Thread(target=signal.pause, daemon=True).start()
            os.write(up, b"u")
            signal.pause()

        confinement = Confinement(parts)
        first = Child.start(victim, confinement=confinement, keep=(up, may_go, say))
        is_first_up = os.read(is_up, 1)
        second = Child.start(hostile, confinement=confinement, keep=(up,))
        for end in (up, say):
            os.close(end)  # whoever ends early is not waited for
        is_second_up = os.read(is_up, 1)
        os.write(go, b"g")
        ended = first.wait(240)
        other = second.kill()
        assert is_first_up == is_second_up == b"u", (ended, other)
        assert ended is not None
        return ended.text or os.read(said, 100).decode()

    assert in_fork(as_nobody) == "a thread"


@closed
def test_a_model_that_runs_code_in_its_process_finds_nothing(scene: Scene) -> None:
    """Attack 5: the process of an endpoint has the server's user and can open the keys."""
    sandbox, _ = sandbox_of(scene.folder)
    model = scene.folder / "endpoints/one/1/model"
    for part in ("transformers", "model"):
        (model / part).mkdir(parents=True, mode=0o700)
        (model / part / "manifest.json").touch(0o600)
    told = {**scene.told, "own": str(model / "model/own"), "parent": os.getpid()}
    Path(told["own"]).write_text("content of work/own/data")
    (model / "told.json").write_text(json.dumps(told))
    lend(scene.folder / "endpoints/one/1", sandbox.user_of("one"))
    confined = sandbox.confinement("one", (model,), (), Limits(256, 1 << 28, 512))
    spec = model.parent / "spec.json"
    containers = [{"environment": {}, "folder": str(model)}]
    spec.write_text(
        json.dumps({"memory_mb": 2048, "containers": containers, "confinement": confined.to_dict()})
    )
    results = _words_of(spec, scene.folder / "log")
    results = found(results)
    assert results == {}


def _words_of(spec: Path, log: Path) -> dict[str, str]:
    program = (sys.executable, str(Path(__file__).with_name("hostile_instance.py")))
    os.environ["AWS_SECRET_ACCESS_KEY"] = "a secret"
    process = ModelProcess(program, spec, log, {})
    del os.environ["AWS_SECRET_ACCESS_KEY"]
    try:
        waiter = select.poll()
        waiter.register(process.channel, select.POLLIN)
        assert waiter.poll(60_000), log.read_text()
        hello = process.hello()
        assert hello is not None, log.read_text()
        return dict(json.loads(hello.failed))
    finally:
        process.close()
        process.channel.close()
