"""One server for all journeys, and the bundled data."""

import gzip

import pytest
from journeys.receiving import receiving
from journeys.running import DATA, RunningServer


@pytest.fixture(scope="session")
def receiver():
    """What the server's webhook is told."""
    with receiving() as opened:
        yield opened


@pytest.fixture(scope="session")
def server(tmp_path_factory, receiver):
    folder = tmp_path_factory.mktemp("server")
    config = folder / "windvane.toml"
    config.write_text(receiver.config)
    running = RunningServer(folder / "data", "--config", str(config))
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
