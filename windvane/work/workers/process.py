"""The process of a worker, as the server sees it: started, told what to be, asked whether it is ready.

It loads before it is told anything, so that it can be started while the server itself loads.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from windvane.executor.zygote import Zygote
from windvane.process.parent_death import command
from windvane.work.workers.roles import FIRST_LIBRARIES, LIBRARIES, Role

READY = "ready"
"""What a worker says on its standard output, in one line, once it looks for tasks."""

REFUSED = "refused: "
"""What it says, followed by a sentence, if it cannot begin before somebody mends what the sentence names."""

BUSY = "busy"
"""What it says once it has seen that there is something to do."""

ALIVE = "alive"
"""What it says every second or so from then on, between two looks for something to do."""

ENVIRONMENT = {
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
    ),
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""A worker needs no thread but its own."""


class WorkerProcess:
    """A worker that has been started. It dies with the thread that started it (process/parent_death.py)."""

    def __init__(self, role: Role, data_dir: Path, line: socket.socket | None) -> None:
        """Start it, with nothing to do yet.

        line      to the zygote; the worker's from now on. None for one whose tasks run on a cluster
        raises    OSError if it cannot be started
        """
        self.role = role
        own = () if line is None else (line.fileno(),)
        program = [sys.executable, "-m", "windvane.work.workers.worker", role, *map(str, own)]
        with line or nullcontext():
            self._process = subprocess.Popen(
                command(program),
                env={**os.environ, **ENVIRONMENT, "WINDVANE_DATA_DIR": str(data_dir)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=own,
            )
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("a worker was started without pipes")
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        os.set_blocking(self._stdout.fileno(), False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, name: str, config: str) -> None:
        """Tell it what to be; it begins then.

        name      unique among all workers ever
        config    WorkConfig as text
        """
        with suppress(BrokenPipeError):  # it has ended already, as its exit code will tell
            self._stdin.write(f"{name}\n{config}".encode())
            self._stdin.close()

    def words(self) -> list[str]:
        """Return the lines that it has said since this was asked last."""
        return (self._stdout.read() or b"").decode(errors="replace").splitlines()

    def exit_code(self) -> int | None:
        """Return the exit code; None while it runs."""
        return self._process.poll()

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()

    def end(self, timeout_s: float) -> None:
        """Wait until it has ended, and kill it when the time is over."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        self._process.kill()
        self.close()

    def close(self) -> None:
        """Close its pipes, once it has ended."""
        self._process.wait()
        with suppress(BrokenPipeError):
            self._stdin.close()
        self._stdout.close()


@dataclass(frozen=True)
class StartedWorkers:
    """Workers that wait to be told what to be, and the zygote that has their lines; None if their tasks run on a cluster."""

    zygote: Zygote | None
    processes: tuple[WorkerProcess, ...]


def start_first(data_dir: Path) -> StartedWorkers:
    """Start the express worker, which waits to be told. The training workers follow once there is something to do."""
    zygote = new_zygote(data_dir)
    return StartedWorkers(zygote, (WorkerProcess(Role.EXPRESS, data_dir, zygote.line()),))


def start_for_cluster(data_dir: Path) -> StartedWorkers:
    """Start the workers of a server whose tasks run on a cluster. They wait to be told."""
    return StartedWorkers(None, tuple(WorkerProcess(role, data_dir, None) for role in posts(1)))


def new_zygote(data_dir: Path) -> Zygote:
    """Start a zygote with all that the tasks of a server need, on its data folder.

    raises    OSError
    """
    return Zygote(FIRST_LIBRARIES, LIBRARIES, {"WINDVANE_DATA_DIR": str(data_dir)})


def title_of(name: str) -> str:
    """Return which of its server's workers one is, of the name that it is told.

    >>> title_of("a-run/train-1/2")
    'train-1'
    """
    return name.rsplit("/", 2)[1]


def posts(workers: int) -> tuple[Role, ...]:
    """Return the roles of a server's workers, in their order."""
    return (Role.EXPRESS, *[Role.TRAIN] * workers)
