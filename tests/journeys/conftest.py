"""One server for all journeys that neither end it nor need one of a kind of their own, and the bundled data."""

import gzip

import pytest
from journeys.accounts import DECLARED
from journeys.collecting import AT_ONCE, collecting
from journeys.receiving import receiving
from journeys.running import DATA, RunningServer

A_PERIOD_S = 0.4
"""Over which the requests of a scaled variant are counted: what takes minutes takes so much for each."""


JSON_LOG = '[logs]\nformat = "json"\n'


@pytest.fixture(scope="session")
def receiver():
    """What the server's webhook is told."""
    with receiving() as opened:
        yield opened


@pytest.fixture(scope="session")
def collector():
    """What the server's traces are told."""
    with collecting() as opened:
        yield opened


@pytest.fixture(scope="session")
def server(tmp_path_factory, receiver, collector):
    """It tells its receiver everything, logs in JSON, has accounts besides its own, and scales endpoints quickly."""
    folder = tmp_path_factory.mktemp("server")
    config = folder / "windvane.toml"
    own = f"[scaling]\nperiod_s = {A_PERIOD_S}\n{JSON_LOG}{collector.config}"
    config.write_text(f"{own}{DECLARED}{receiver.config}")
    running = RunningServer(folder / "data", "--config", str(config), environment=AT_ONCE)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def bank_train():
    return gzip.decompress((DATA / "train.csv.gz").read_bytes())


@pytest.fixture(scope="session")
def bank_test():
    """The test rows as text without header and target, and the true labels."""
    import pandas as pd

    table = pd.read_csv(DATA / "test.csv.gz", dtype=str, keep_default_na=False)
    return table.drop(columns="y"), table["y"].to_numpy()


@pytest.fixture(scope="session")
def packed(tmp_path_factory):
    """The archives of a small model of the bundled data."""
    from benchmarks.packed import pack_model

    parameters = {"num_iterations": 30, "learning_rate": 0.1}
    return pack_model(tmp_path_factory.mktemp("packed") / "model", parameters, n_rows=2000)
