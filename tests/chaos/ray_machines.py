"""A Ray cluster on hosts of its own: a command of docs/cluster.md on each, as a service that is started again when it ends."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from chaos.places import wait_until

from windvane.cli.tls import make_certificate
from windvane.domain.task import task_id_of

READY_S = 600
_AGAIN = 'while :; do "$@"; sleep 1; done'
_PORT = 6379
_SIZES = ("--cpus", "1", "--memory-mb", "2000")
"""Of a node: room for one task at a time."""
_N_ADDRESSES = 16


class Machine:
    """One of the cluster.

    words    of the command after `windvane cluster`
    """

    def __init__(self, host, config, *words):
        self.host = host
        self._log = host.folder / "cluster.log"
        program = [sys.executable, "-m", "windvane.cli.main", "cluster", *words]
        own = ["--config", str(config), "--data-dir", str(host.folder / "ray")]
        with self._log.open("ab") as log:
            self._service = subprocess.Popen(
                host.command("sh", "-c", _AGAIN, "sh", *program, *own), stdout=log, stderr=log
            )

    def n_ready(self):
        """How often it was started and became ready."""
        return self.log().count("Ray runtime started")

    def await_ready(self, n=1):
        wait_until(lambda: self.n_ready() >= n, READY_S)

    def kill(self):
        """All at once, as a machine that loses its power; its services start with it."""
        n = self.n_ready()
        self._signal(signal.SIGKILL)
        self.await_ready(n + 1)

    def restart(self):
        """As an operator does it."""
        n = self.n_ready()
        os.kill(self._running_command(), signal.SIGTERM)
        self.await_ready(n + 1)

    def hang(self):
        self._signal(signal.SIGSTOP)

    def go_on(self):
        self._signal(signal.SIGCONT)

    def kill_one(self, title):
        """End one of the processes with such a title; returns whether there was one."""
        for pid in self.host.pids():
            if title in title_of(pid):
                os.kill(pid, signal.SIGKILL)
                return True
        return False

    def stop(self):
        self._service.kill()
        self._service.wait()
        self._signal(signal.SIGKILL)

    def log(self):
        return self._log.read_text(errors="replace")

    def _running_command(self):
        return next(
            pid
            for pid in self.host.pids()
            if " cluster " in title_of(pid).replace("\0", " ") and pid != self._service.pid
        )

    def _signal(self, number):
        for pid in self.host.pids():
            if pid != self._service.pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)


class Machines:
    """A head, and nodes that do tasks. A context, at whose end all are stopped.

    section    of the configuration file of all who use the cluster
    """

    def __init__(self, place):
        self._place, self._started = place, []
        heads = place.network.host("head")
        folder = place.folder / "cluster"
        folder.mkdir(mode=0o700)
        addresses = [place.network.address_of(number) for number in range(_N_ADDRESSES)]
        make_certificate(folder, [f"IP:{address}" for address in addresses], 1)
        self.section = (
            f'[executor]\nkind = "ray"\naddress = "{heads.address}:{_PORT}"\ntasks = 1\nmemory_mb = 1500\n'
            f'token_file = "{folder / "token"}"\ntls_cert = "{folder / "cert.pem"}"\n'
            f'tls_key = "{folder / "key.pem"}"\ntls_ca = "{folder / "ca.pem"}"\n'
        )
        self._config = place.config("cluster", self.section)
        self._head_host, self.nodes = heads, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for machine in reversed(self._started):
            machine.stop()

    def start(self, n_nodes):
        self.head = self._start(self._head_host, "up")
        self.head.await_ready()
        for number in range(n_nodes):
            host = self._place.network.host(f"node-{number}")
            self.nodes.append(self._start(host, "join", "--host", host.address, *_SIZES))
        for node in self.nodes:
            node.await_ready()

    def n_begun_again(self):
        """How often work began on a node that was not the first attempt at its task. A claim whose work has not begun costs nothing."""
        begun = [key for node in self.nodes for key in re.findall(r"Work (\S+) begins", node.log())]
        return len(begun) - len({task_id_of(key) for key in begun})

    def attach(self, *hosts):
        """Have servers on hosts use the cluster."""
        attached = [
            self._start(host, "join", "--no-tasks", "--host", host.address) for host in hosts
        ]
        for one in attached:
            one.await_ready()

    def _start(self, host, *words):
        machine = Machine(host, self._config, *words)
        self._started.append(machine)
        return machine


def title_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
