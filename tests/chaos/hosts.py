"""Machines on one machine: network namespaces joined by a bridge, each with a data folder that no other sees."""

import itertools
import os
import shutil
import subprocess
from contextlib import contextmanager

_ALONE = """
exec 9<"$1"; mount -t tmpfs none "$2"; mkdir "$1"; mount -c --bind /proc/self/fd/9 "$1"; exec 9<&-
shift 2; cd /; exec "$@"
"""
"""In the namespace of mounts that `ip netns exec` makes: of the folders of all hosts only its own is there."""


class NoNetworks(Exception):
    """The kernel, or who runs the tests, does not allow it; the text says what was tried."""


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoNetworks(f"`ip {' '.join(words)}` failed: {done.stderr.strip()}")
    return done.stdout


class Host:
    """One machine.

    folder    for its data
    address   at which the others reach it
    """

    def __init__(self, network, name, number):
        self._network, self.name = network, f"{network.name}-{name}"
        self.address = network.address_of(number)
        self.folder = network.folder / name
        self._link = f"{network.name}-{number}"

    def start(self):
        self.folder.mkdir()
        ip("netns", "add", self.name)
        ip(
            *("link", "add", self._link, "type", "veth"),
            *("peer", "name", "eth0", "netns", self.name),
        )
        ip("link", "set", self._link, "master", self._network.name, "up")
        ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip("-n", self.name, "link", "set", device, "up")

    def command(self, *words):
        """The words that start a program on it; the process that they start becomes the program."""
        places = (str(self.folder), str(self._network.folder))
        return ["ip", "netns", "exec", self.name, "sh", "-c", _ALONE, "sh", *places, *words]

    def pids(self):
        """Of all that runs on it, but for what has a network of its own."""
        return [int(pid) for pid in ip("netns", "pids", self.name).split()]

    @contextmanager
    def cut_off(self):
        """Within the block nothing that it sends arrives anywhere, nor is anything sent to it."""
        ip("link", "set", self._link, "down")
        try:
            yield
        finally:
            ip("link", "set", self._link, "up")

    def remove(self):
        ip("netns", "del", self.name)


class Network:
    """Hosts that reach each other, and the machine that they are on.

    folder    for the data of the hosts, and nothing else
    """

    _numbers = itertools.count(os.getpid() % 200)

    def __init__(self, folder):
        self.folder = folder
        number = next(self._numbers) % 250
        self.name, self._prefix = f"wv{number}", f"10.77.{number}"
        self._hosts = []

    @property
    def address(self):
        """Where hosts reach the machine that they are on."""
        return self.address_of(0)

    @property
    def range(self):
        return f"{self._prefix}.0/24"

    def address_of(self, number):
        return f"{self._prefix}.{number + 1}"

    def host(self, name):
        made = Host(self, name, len(self._hosts) + 1)
        self._hosts.append(made)
        made.start()
        return made

    @contextmanager
    def up(self):
        """raises    NoNetworks"""
        if os.geteuid() != 0 or shutil.which("ip") is None:
            raise NoNetworks(
                "hosts as network namespaces need root and `ip` (apt-get install iproute2)"
            )
        ip("link", "add", self.name, "type", "bridge")
        try:
            ip("addr", "add", f"{self.address}/24", "dev", self.name)
            ip("link", "set", self.name, "up")
            yield self
        finally:
            for host in self._hosts:
                host.remove()
            ip("link", "del", self.name)
