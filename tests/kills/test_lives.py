"""A server with its workers is killed at steps over the life of a job, step jobs, an endpoint that is updated, and uploads:
nothing acknowledged is lost, nothing done twice, and no orphan left, on SQLite and on PostgreSQL."""

import os
import subprocess
import sys

import pytest
from botocore.exceptions import WaiterError
from kills.acting import Life, check_life
from kills.serving import GONE, StoppedServer
from kills.stopping import spread

from benchmarks.packed import pack_model
from windvane.testing.throwaway_postgres import NoPostgres, throwaway_postgres

N_POINTS = int(os.environ.get("WINDVANE_KILL_POINTS", "6"))
"""On each store."""


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


@pytest.fixture(params=["sqlite", "postgres"])
def new_store(request, tmp_path):
    """Makes the options that a server on a new store is started with."""
    if request.param == "sqlite":
        return lambda _name: ()
    server = request.getfixturevalue("postgres")

    def made(name):
        config = tmp_path / f"{name}.toml"
        config.write_text(f'[store]\nurl = "{server.url(server.new_database())}"\n')
        return ("--config", str(config))

    return made


def lived_through(tmp_path, at, name, options, packed):
    """Whether the server was killed, how many steps it took to start and in all, and what had been acknowledged."""
    folder = tmp_path / name
    log = tmp_path / f"{name}.steps"
    server, life = StoppedServer(folder, log, at, *options, of_all=True), None
    if server.url:
        life = Life(server, packed)
        failed = None
        try:
            life.all()
        except (*GONE, WaiterError) as error:
            failed = error
        finally:
            was_killed = server.end()
        assert was_killed or failed is None, (life.asked, failed)
    else:
        was_killed = server.end()
        assert was_killed, "it did not start"
    again = StoppedServer(folder, tmp_path / f"{name}.after", 0, *options)
    assert again.url, "it does not start again"
    try:
        if life is not None:
            check_life(life, again)
    finally:
        assert not again.end()
    checked = subprocess.run(
        [sys.executable, "-m", "windvane.cli.main", "check", "--data-dir", folder, *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, (at, checked.stdout, checked.stderr)
    return was_killed, (server.n_to_start, server.n_steps()), life.acknowledged if life else []


@pytest.mark.long
@pytest.mark.timeout(max(900, 120 * N_POINTS))
def test_a_server_killed_over_the_life_of_its_jobs_keeps_what_it_acknowledged(
    tmp_path, new_store, packed
):
    was_killed, steps, done = lived_through(tmp_path, 0, "counted", new_store("counted"), packed)
    assert not was_killed
    assert done[-1] == "delete"
    n_killed, (n_to_start, n_steps) = 0, steps
    for after in spread(n_steps - n_to_start - 10, N_POINTS):
        at = n_to_start + after
        name = f"killed-{at}"
        was_killed, _, done = lived_through(tmp_path, at, name, new_store(name), packed)
        print(f"step {at} of {n_steps}: killed {was_killed}, after {done[-1:] or 'nothing'}")
        n_killed += was_killed
    assert n_killed >= N_POINTS // 2
