"""Two hosts that share nothing but a database and an S3 store; one of them is cut off from all others."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from chaos.acts import Predictions, endpoints
from chaos.places import place_of_hosts, wait_until
from journeys.deploying import model_processes_of

pytestmark = pytest.mark.timeout(900)


_WRITING = """
import sys
from pathlib import Path
from windvane.store.open import open_store

with open_store(sys.argv[1], Path()).transaction():
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with place_of_hosts(tmp_path_factory) as made:
        yield made


@pytest.fixture(scope="module")
def pair(place):
    servers = [place.server(name) for name in ("one", "two")]
    yield servers
    for server in servers:
        server.stop(within_s=60)


@contextmanager
def cut_off_while_it_writes(place, host):
    """Within the block a host is cut off that has its turn to write, for which all others wait."""
    writer = subprocess.Popen(
        host.command(sys.executable, "-c", _WRITING, place.url),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert writer.stdout.readline() == "writing\n"
    with host.cut_off():
        yield
    writer.kill()
    writer.communicate()


def test_no_request_to_an_endpoint_of_two_instances_fails(place, pair, packed):
    one, two = pair
    endpoints(one, packed, n_of_one=0, n_of_two=1)

    def places():
        return [len(model_processes_of(server)) for server in pair]

    wait_until(lambda: places() == [1, 1], 240)
    predictions = Predictions(pair, ["two-0"], packed.row, rate=20)
    with predictions.running():
        with cut_off_while_it_writes(place, one.host):
            wait_until(lambda: len(model_processes_of(two)) == 2, 240)
        wait_until(lambda: places() == [1, 1], 240)
        answered = predictions.answers["two-0"]
        wait_until(lambda: predictions.answers["two-0"] > answered + 20, 240)
    assert predictions.failures == {"two-0": []}
    assert len(predictions.bodies) == 1


def test_a_host_sees_the_data_of_no_other(pair):
    for server in pair:
        seen_by_it = Path(f"/proc/{server.process.pid}/root")
        seen = [(seen_by_it / one.folder.relative_to("/") / "keys.json").is_file() for one in pair]
        assert seen == [one is server for one in pair]
