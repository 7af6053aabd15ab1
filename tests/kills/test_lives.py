"""A server with its workers is killed again and again over the lives of jobs, step jobs, an endpoint, uploads and backups,
and goes on each time: nothing acknowledged is lost, nothing done twice, and no orphan left, on SQLite and on PostgreSQL."""

import os
import random
import shutil
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field

import psycopg
import pytest
from botocore.exceptions import BotoCoreError
from kills.acting import ALL, UPLOADS, Life, until
from kills.backing_up import Backups
from kills.checking import check_end, check_server
from kills.phases import phases
from kills.serving import StoppedServer

from benchmarks.packed import pack_model
from windvane.testing.throwaway_postgres import NoPostgres, throwaway_postgres

N_POINTS = int(os.environ.get("WINDVANE_KILL_POINTS", "16"))
"""On each store, in so many shares, which can run side by side."""

_SHARES = 4
_DICE = 20261130
_ENOUGH_FAULTS = 10
_TO_START = 24
"""Steps of a start on a folder that has been served, until they are counted."""


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    parameters = {"num_iterations": 10, "learning_rate": 0.1}
    return pack_model(tmp_path_factory.mktemp("packed") / "model", parameters, n_rows=1000)


@pytest.fixture(scope="module")
def postgres():
    try:
        with throwaway_postgres() as server:
            yield server
    except NoPostgres as none:
        pytest.skip(str(none))


@dataclass
class Folder:
    """A data folder of its own.

    url        of its store; "" if that is a file in the folder
    options    of commands that use it
    """

    path: object
    url: str
    options: tuple


class Folders:
    """Copies of one folder in which a server has started.

    exported    what `windvane env` says of each
    n_to_start  steps
    """

    def __init__(self, below, postgres):
        self._below, self._postgres = below, postgres
        self._first_database = postgres.new_database() if postgres else ""
        self.first = self._folder("first", self._first_database)
        server = StoppedServer(self.first.path, below / "first.steps", 0, *self.first.options)
        self.exported, self.n_to_start = server.exported, _TO_START
        assert not server.end()

    def copy(self, name):
        database = ""
        if self._postgres:
            database = f"{self._first_database}_{name.replace('-', '_')}"
            with psycopg.connect(self._postgres.url(), autocommit=True) as connection:
                copying = f"CREATE DATABASE {database} TEMPLATE {self._first_database}"
                connection.execute(copying.encode())
        folder = self._folder(name, database)
        shutil.copytree(self.first.path, folder.path)
        return folder

    def _folder(self, name, database):
        url = self._postgres.url(database) if database else ""
        config = self._below / f"{name}.toml"
        store = f'[store]\nurl = "{url}"\n' if url else ""
        config.write_text(f"[work]\nworkers = 1\n{store}")
        return Folder(self._below / name, url, ("--config", str(config)))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def folders(request, tmp_path):
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    return Folders(tmp_path, server)


@dataclass
class Tally:
    """n_points    kills that are wanted
    reach       steps after the start within which a server is killed
    n_killed    that there were
    n_told      acknowledged requests that were looked for in the audit log
    """

    n_points: int
    reach: int
    n_killed: int = 0
    n_lives: int = 0
    n_told: int = 0
    n_backups: int = 0
    phases: Counter = field(default_factory=Counter)
    faults: list = field(default_factory=list)


def lived_through(folders, folder, life, tally, dice):
    """One life to its end, with kills while any are wanted: one of six while the server starts."""
    n_servers, is_over = 0, False
    while not is_over:
        n_servers += 1
        at = 0
        if tally.n_killed < tally.n_points:
            starts = dice.random() < 1 / 6 and folders.n_to_start
            at = (
                dice.randint(1, starts)
                if starts
                else folders.n_to_start + dice.randint(1, tally.reach)
            )
        server = started(folders, folder, n_servers, at)
        try:
            if server.url:
                folders.n_to_start = server.n_to_start
                is_over = went_on(life, server)
        finally:
            was_killed = server.end()
            until(lambda server=server: not server.left())
        if was_killed:
            tally.n_killed += 1
            of_it = phases(life, server.url, folder.path, folder.url, folder.path.with_name("copy"))
            tally.phases.update(of_it)
            step = server.log.read_text().splitlines()[at - 1].strip()
            print(
                f"{time.strftime('%X')} kill {tally.n_killed}: life {tally.n_lives}, server {n_servers}, at step {at} "
                f"({server.n_to_start} to start), before {step}, in {life.asked or '-'}: {', '.join(of_it)}",
                flush=True,
            )
        assert was_killed or is_over, server.log.with_suffix(".errors").read_text()[-4000:]
        is_over = is_over and not was_killed
    clear_up(folders, folder, life)
    check_end(life, folder.path, folder.url, folder.options)


def started(folders, folder, number, at):
    log = folder.path.with_name(f"{folder.path.name}-{number}.steps")
    return StoppedServer(
        folder.path,
        log,
        at,
        *folder.options,
        of_all=True,
        on_postgres=bool(folder.url),
        exported=folders.exported,
    )


def clear_up(folders, folder, life):
    """A last server removes what jobs and deletes of the last moments have left to be removed."""
    server = started(folders, folder, "last", 0)
    try:
        check_server(life, server)
        until(lambda: not list(folder.path.glob("work/*")))
    finally:
        assert not server.end()


def went_on(life, server):
    """Whether the life came to its end; False if the server was killed."""
    try:
        check_server(life, server)
        life.go_on(server)
        check_server(life, server)
    except (BotoCoreError, OSError):
        if not server.is_gone():
            raise
        return False
    return True


def matrix(folders, packed, acts, n_points, reach, first=0):
    """first    number of the dice of the first life"""
    tally, began = Tally(n_points, reach), time.monotonic()
    while tally.n_killed < n_points and len(tally.faults) < _ENOUGH_FAULTS:
        tally.n_lives += 1
        folder = folders.copy(f"life-{tally.n_lives}")
        beside = folder.path.with_name(f"{folder.path.name}-backups")
        backups = None if folder.url else Backups(beside)
        life = Life(packed, acts, backups)
        try:
            lived_through(
                folders, folder, life, tally, random.Random(_DICE + first + tally.n_lives)
            )
        except Exception as error:  # noqa: BLE001 - what is wrong with one life is told with what is wrong with others
            fault = f"life {tally.n_lives}, {life.asked}: {error!r}"
            print(f"FAULT {fault}\n{traceback.format_exc()}", flush=True)
            tally.faults.append(fault)
        else:
            shutil.rmtree(folder.path)
        tally.n_told += len(life.told)
        tally.n_backups += backups.n_whole if backups else 0
    print(
        f"{tally.n_points} points wanted, {tally.n_killed} kills in {tally.n_lives} lives, {tally.n_told} acknowledged requests "
        f"found, {tally.n_backups} backups restored, {len(tally.faults)} faults, {time.monotonic() - began:.0f} s"
    )
    for phase, n in tally.phases.most_common():
        print(f"  {n:4} in {phase}")
    assert not tally.faults


@pytest.mark.timeout(900)
def test_a_server_killed_three_times_among_uploads_keeps_what_it_acknowledged(folders):
    matrix(folders, None, UPLOADS, 3, 12)


@pytest.mark.long
@pytest.mark.timeout(max(1800, 120 * N_POINTS))
@pytest.mark.parametrize("share", range(_SHARES), ids=lambda share: f"share{share}")
def test_a_server_killed_over_the_life_of_its_jobs_keeps_what_it_acknowledged(
    folders, packed, share
):
    matrix(folders, packed, ALL, N_POINTS // _SHARES, 60, 1000 * share)
