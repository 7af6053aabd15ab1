"""`windvane cluster`: a Ray cluster of a few machines that runs the tasks of servers ([executor] kind = "ray").

`up` runs its head, on one machine, and `join` a node, on each machine that is to do tasks; both in the foreground, as services.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from windvane.cli.folder import is_locked, locked, make_folder
from windvane.control.kms.master import VARIABLE
from windvane.errors import WindvaneError
from windvane.executor.access import Cluster
from windvane.executor.errors import ClusterUnusable
from windvane.executor.ray_start import (
    Room,
    environment,
    forget_last_head,
    head_command,
    head_environment,
    is_too_long,
    node_command,
)
from windvane.process.confinement import Part
from windvane.process.parent_death import command
from windvane.settings import BadSettings, Settings
from windvane.settings_file import read_settings
from windvane.work.workers.process import ENVIRONMENT, READY

_UP_S = 120.0
_STOP_S = 15.0
_LOOK_S = 0.1
_MEMORY_SHARE = 0.75
_SOCKET, _PROCESS, _RAY, _STATE = "node.sock", "cluster.json", "r", "state"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "cluster", help="run a cluster that does the tasks of servers", description=__doc__
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    up = _action(
        actions,
        "up",
        run_up,
        "run the head of the cluster on this machine",
        "runs the head of the cluster on this machine, and makes its token if there is none.",
    )
    join = _action(
        actions,
        "join",
        run_join,
        "do tasks on this machine",
        "makes this machine a node of the cluster, which does tasks of its servers.",
    )
    node = _action(
        actions,
        "node",
        run_node,
        "the part of `join` that is not Ray's, where something else starts Ray (Kubernetes)",
        "does the part of `join` that is not Ray's, where something else starts Ray, such as Kubernetes.",
    )
    down = _action(
        actions,
        "down",
        run_down,
        "stop what `up` or `join` runs on this machine",
        "stops what `up` or `join` runs on this machine.",
    )
    status = _action(
        actions,
        "status",
        run_status,
        "list the nodes of the cluster",
        "lists the nodes of the cluster, and what each offers to tasks.",
    )
    for one in (up, join, node, down):
        one.add_argument("--data-dir", type=Path, required=True, help="folder of this command")
    for one in (up, join, node, status):
        one.add_argument(
            "--config", type=Path, required=True, help="the configuration file of the servers"
        )
    join.add_argument(
        "--no-tasks",
        action="store_true",
        help="do no tasks: a server on this machine uses the cluster, and the head is on another one",
    )
    join.add_argument("--host", default="", help="address of this machine for the others")
    join.add_argument("--cpus", type=int, help="cores for tasks (default: all)")
    join.add_argument(
        "--memory-mb", type=int, help="memory for tasks in MiB (default: three quarters)"
    )
    node.add_argument(
        "--socket", type=Path, help="that Ray's processes connect to (default: in the data folder)"
    )


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    what: str,
    does: str,
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=what, description=f"`windvane cluster {name}`: {does}")
    parser.set_defaults(run=run)
    return parser


def run_up(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    folder = _folder(arguments.data_dir)
    make_token(Path(settings.executor.token_file))
    cluster = _cluster(settings)
    with _held(folder):
        forget_last_head(folder / _RAY)
        child = subprocess.Popen(
            head_command(cluster, folder / _RAY),
            env=head_environment(cluster, os.environ, folder / _STATE),
            stdout=sys.stderr,
        )
        with _Running([child]) as running:
            _await_head(cluster, running)
            print(f"windvane cluster ready on {cluster.address}", flush=True)
            print(
                f"Copy {cluster.token_file} and {arguments.config} to each machine that is to do tasks, and run there:\n"
                f"  windvane cluster join --config {arguments.config} --data-dir DIR",
                file=sys.stderr,
            )
            return running.wait()


def run_join(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    cluster = _cluster(settings)
    folder = _folder(arguments.data_dir)
    room = None if arguments.no_tasks else _room(arguments)

    from windvane.executor.cluster import check_answers, check_closed

    check_answers(cluster.address)
    check_closed(cluster.address, cluster.tls)
    with _held(folder):
        path = None if room is None else folder / _SOCKET
        with _Running([]) as running:
            if path is not None:
                running.children.append(_start_node(settings, path, room))
                running.await_word(running.children[0])
            running.children.append(
                subprocess.Popen(
                    node_command(cluster, folder / _RAY, room, arguments.host),
                    env=environment(cluster, os.environ, path),
                    stdout=sys.stderr,
                )
            )
            does = "no tasks" if room is None else f"tasks, {room.cpus} cores, {room.memory_mb} MiB"
            print(f"windvane cluster: this machine does {does}", flush=True)
            return running.wait()


def run_node(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    folder = _folder(arguments.data_dir)
    with _held(folder):
        node = _start_node(settings, arguments.socket or folder / _SOCKET, None)
        with _Running([node]) as running:
            running.await_word(node)
            print("windvane cluster: tasks are done here", flush=True)
            return running.wait()


def run_down(arguments: argparse.Namespace) -> int:
    folder = arguments.data_dir.absolute()
    if not folder.is_dir() or not is_locked(folder):
        print("Nothing of a cluster runs on this folder.")
        return 0
    pid = int(json.loads((folder / _PROCESS).read_text())["pid"])
    os.kill(pid, signal.SIGTERM)
    give_up = time.monotonic() + 2 * _STOP_S
    while is_locked(folder):
        if time.monotonic() > give_up:
            raise ClusterUnusable(f"The process {pid} does not stop.")
        time.sleep(_LOOK_S)
    print("stopped")
    return 0


def run_status(arguments: argparse.Namespace) -> int:
    settings = read_settings(Path(), arguments.config)

    from windvane.executor.cluster import join, nodes

    join(_cluster(settings))
    for node in nodes():
        print(node)
    return 0


def make_token(file: Path) -> None:
    """Make a token that its owner alone can read, unless there is a file."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as opened:
        opened.write(secrets.token_hex(32))


class _Running:
    """Children of this process, as a context: all are stopped at its end."""

    def __init__(self, children: list[subprocess.Popen[bytes]]) -> None:
        self.children = children
        self.is_stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.is_stopping.set())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self.children):
            child.terminate()
        for child in reversed(self.children):
            try:
                child.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()

    def wait(self) -> int:
        """Return the exit code of this command: 0 once it was told to stop, 1 if a child has ended by itself."""
        while not self.is_stopping.wait(_LOOK_S):
            if ended := self.ended():
                print(ended, file=sys.stderr)
                return 1
        return 0

    def ended(self) -> str:
        """Return which child has ended, a sentence; "" if none has."""
        for child in self.children:
            if (code := child.poll()) is not None:
                return (
                    f"A process of the cluster has ended (exit code {code}); what it said is above."
                )
        return ""

    def await_word(self, child: subprocess.Popen[bytes]) -> None:
        """Return once a child says that it is ready.

        raises    ClusterUnusable if it ends instead
        """
        said = child.stdout.readline() if child.stdout is not None else b""
        if said.decode().strip() != READY:
            raise ClusterUnusable(
                "The process that does tasks did not start; what it said is above."
            )


def check_separation(parts: Collection[Part]) -> None:
    """Check that no task can connect to the socket of the process that does tasks, and pass for an owner of work.

    parts     of the sandbox that this machine has
    raises    BadSettings
    """
    separating = (Part.SECCOMP, Part.MOUNTS, Part.USER)
    if not any(part in parts for part in separating):
        raise BadSettings(
            "This machine cannot do tasks of a cluster: a task could give orders to the process that starts tasks. At least one "
            f"part of the sandbox is needed of {', '.join(map(str, separating))}; the log says what each of them lacks."
        )


def _start_node(settings: Settings, path: Path, room: Room | None) -> subprocess.Popen[bytes]:
    """Start the process that does tasks, with the keys of the stores, and the sandbox of this machine.

    room    that tasks may have; None if this command does not know what Ray offers
    """
    from windvane.artifacts.mapped import BucketMap
    from windvane.from_settings import bucket_sources, sandbox_for, work_config
    from windvane.names import fresh_suffix
    from windvane.process.volatile import make_memory_folder
    from windvane.work.workers.config import config_to_json

    no_volumes = make_memory_folder(settings.data_dir)
    sandbox, lacks = sandbox_for(settings, no_volumes, secrets.token_bytes(32))
    check_separation(sandbox.parts)
    mapped = BucketMap(bucket_sources(settings))
    config = work_config(settings, mapped, fresh_suffix(8), sandbox, (), is_shared=True)
    told = {
        "config": config_to_json(config),
        "lacks": {one.part: one.why for one in lacks},
        "room": None if room is None else vars(room),
    }
    child = subprocess.Popen(
        command([sys.executable, "-m", "windvane.work.workers.node", str(path)]),
        env={**os.environ, **ENVIRONMENT, "WINDVANE_DATA_DIR": str(settings.data_dir)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    if child.stdin is None:
        raise OSError("the process was started without pipes")
    child.stdin.write(json.dumps(told).encode())
    child.stdin.close()
    return child


def _settings(arguments: argparse.Namespace) -> Settings:
    """Return what the configuration file says.

    raises    BadSettings if it does not use a cluster
    """
    os.umask(0o077)
    os.environ.pop(VARIABLE, None)  # nothing of a cluster needs the master key
    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    if not settings.executor.is_ray:
        raise BadSettings(f'{arguments.config} does not use a cluster: [executor] kind = "ray".')
    return settings


def _cluster(settings: Settings) -> Cluster:
    """Return how the cluster is reached.

    raises    BadSettings, ClusterUnusable
    """
    from windvane.cluster_from_settings import on_cluster  # heavy: other commands are to start fast

    chosen = on_cluster(settings)
    if chosen is None:
        raise BadSettings('The configuration does not use a cluster: [executor] kind = "ray".')
    return chosen.cluster


def _folder(data_dir: Path) -> Path:
    """Return the folder of a command, which nobody else can enter.

    raises    BadSettings if its path is too long; FolderNotSafe
    """
    folder = data_dir.absolute()
    if is_too_long(folder / _RAY):
        raise BadSettings(
            f"The path {folder} is too long for Ray's sockets. Choose a --data-dir of at most 38 characters."
        )
    make_folder(folder)
    return folder


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder, and leave word of this process in it for `down`."""
    with locked(folder):
        (folder / _PROCESS).write_text(json.dumps({"pid": os.getpid()}))
        try:
            yield
        finally:
            (folder / _PROCESS).unlink()


def _room(arguments: argparse.Namespace) -> Room:
    from windvane.process.memory import machine_memory_mb

    cpus = arguments.cpus or len(os.sched_getaffinity(0))
    memory_mb = arguments.memory_mb or int(_MEMORY_SHARE * machine_memory_mb())
    if cpus < 1 or memory_mb < 1:
        raise BadSettings("--cpus and --memory-mb must be 1 or more.")
    return Room(cpus, memory_mb)


def _await_head(cluster: Cluster, running: _Running) -> None:
    """Return once the head answers.

    raises    ClusterUnusable if it does not come up
    """
    from windvane.executor.cluster import check_answers

    give_up = time.monotonic() + _UP_S
    while not running.is_stopping.wait(_LOOK_S):
        try:
            check_answers(cluster.address)
        except WindvaneError:
            if (ended := running.ended()) or time.monotonic() > give_up:
                raise ClusterUnusable(ended or "The head of the cluster did not start.") from None
        else:
            return
