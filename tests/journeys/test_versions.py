"""A server of the release before and one of this, on one database: the older one goes on while the newer one brings the
schema up to date, and is then replaced. No prediction fails."""

import io
import subprocess
import tarfile

import pytest
from journeys.deploying import Deploying
from journeys.running import BIN, ROOT, RunningServer
from journeys.several import Balanced, Traffic, free_port, shared_place

from windvane.store.open import open_store
from windvane.store.schema import NEWEST_VERSION

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

ENDPOINT = "upgraded"
MIGRATION = f"windvane/store/migrations/versions/v{NEWEST_VERSION}*"


def git(*words):
    return subprocess.run(["git", "-C", ROOT, *words], check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """The sources of the last commit without the newest migration."""
    try:
        added = git("log", "--diff-filter=A", "--format=%H", "-1", "--", MIGRATION).decode().strip()
        sources = git("archive", f"{added}^", "windvane")
    except (OSError, subprocess.CalledProcessError) as absent:
        pytest.skip(f"the history of the sources is not there: {absent}")
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(sources)) as archive:
        archive.extractall(folder, filter="data")
    return folder


class ServerOf(RunningServer):
    """A server of other sources, until it is told to be of these."""

    def __init__(self, sources, *options):
        self.sources = sources
        super().__init__(*options)

    def command(self):
        return ["env", f"PYTHONPATH={self.sources}", str(BIN / "windvane"), "serve"]


def schema_of(place):
    store = open_store(place.database, place.folder)
    with store.snapshot() as tx:
        version = tx.schema_version()
    store.close()
    return version


def test_a_rolling_upgrade_over_a_change_of_the_schema(tmp_path_factory, before, packed):
    with shared_place(tmp_path_factory) as place:
        options = ("--config", place.config("both"))
        pair = [
            ServerOf(before, place.folder / name, *options, "--port", str(free_port()))
            for name in ("one", "two")
        ]
        assert schema_of(place) < NEWEST_VERSION
        deploying = Deploying(pair[0], packed)
        two = {"InitialInstanceCount": 2, "InstanceType": "ml.m5.large"}
        deploying.create_config(ENDPOINT, deploying.whole(), **two)
        deploying.create(ENDPOINT, ENDPOINT)
        runtime, control = (Balanced(pair, one) for one in ("sagemaker-runtime", "sagemaker"))

        def invoke():
            answer, number = runtime.ask(
                "invoke_endpoint", EndpointName=ENDPOINT, ContentType="text/csv", Body=packed.row
            )
            return answer["Body"].read(), number

        def describe():
            answer, _ = control.ask("describe_endpoint", EndpointName=ENDPOINT)
            return answer["EndpointStatus"]

        with Traffic(invoke).running() as predictions, Traffic(describe).running() as questions:
            predictions.wait_for(20)
            for server, version in zip(pair, (NEWEST_VERSION, NEWEST_VERSION), strict=True):
                server.stop()
                server.sources = ROOT
                server.start()
                assert schema_of(place) == version
                predictions.wait_for(20)
                questions.wait_for(20)
        assert (predictions.failures, questions.failures) == ([], [])
        assert {number for _, number in predictions.answers} == {0, 1}
        assert len({body for body, _ in predictions.answers}) == 1
        for server in pair:
            server.stop()
