"""What tasks exchange, in one folder and through every kind of store."""

import io
import itertools
import tarfile

import pytest
from contracts.test_artifacts import artifacts, brokered, embedded, served  # noqa: F401 - fixtures

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.automl import names
from windvane.automl.exchange import SharedFolder
from windvane.errors import CorruptArtifact
from windvane.testing.exchange_contract import ExchangeContract, read, write
from windvane.work.exchange import ArtifactExchange, edition

_numbers = itertools.count()


def exchanges_in(store):
    """A folder -> the exchange of a task of one job that works there."""
    root, finished = Location("bucket-0", f"jobs/{next(_numbers)}"), []
    store.ensure_bucket(root.bucket)

    def exchange_of(folder):
        finished.append(f"{len(finished)}-1")
        return ArtifactExchange(store, root, folder, finished[-1], finished)

    return exchange_of


class TestSharedFolder(ExchangeContract):
    @pytest.fixture
    def task_folder(self, tmp_path):
        return lambda _: tmp_path

    @pytest.fixture
    def exchange_of(self):
        return SharedFolder


class TestArtifactExchange(ExchangeContract):
    """Through a broker files come and go in the folder that it knows, so tasks work below it."""

    @pytest.fixture
    def task_folder(self, tmp_path):
        def made(name):
            (tmp_path / name).mkdir(exist_ok=True)
            return tmp_path / name

        return made

    @pytest.fixture
    def exchange_of(self, artifacts):  # noqa: F811
        return exchanges_in(artifacts)


def archive(files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


OUTCOME = {"candidates/3/outcome.json": b"{}"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"x" * 2000, "candidates/3/outcome"),
        (archive(OUTCOME)[:700], "candidates/3/outcome"),
        (archive({**OUTCOME, "dataset/y.npy": b""}), "'dataset/y.npy', which is no part of it"),
        (archive({"../candidates/3/outcome.json": b"{}"}), "leads out of its folder"),
    ],
)
def test_what_a_task_has_published_is_checked(tmp_path, content, why):
    """It may have been anybody's by then."""
    store, folder = LocalArtifacts(tmp_path / "store"), tmp_path / "task"
    folder.mkdir()
    exchange = exchanges_in(store)(folder)
    store.write(edition(exchange._root, names.outcome(3), "0-1"), content)
    with pytest.raises(CorruptArtifact, match=why):
        exchange.fetch([names.outcome(3)])
    assert not (folder / "dataset").exists()


def test_an_attempt_that_was_given_up_changes_nothing(tmp_path):
    """Its machine was cut off, and comes back after another attempt has done its task."""
    store, root = LocalArtifacts(tmp_path / "store"), Location("bucket-0", "job")
    store.ensure_bucket(root.bucket)

    def exchange_of(name, attempt, finished):
        (tmp_path / name).mkdir(exist_ok=True)
        return ArtifactExchange(store, root, tmp_path / name, attempt, finished)

    lost, again = exchange_of("lost", "1-1", []), exchange_of("again", "1-2", [])
    for exchange, content in ((lost, b"lost"), (again, b"again"), (lost, b"late")):
        write(exchange.folder, {"candidates/1/outcome.json": content})
        exchange.publish(names.candidate(1))
    early = exchange_of("early", "2-1", [])
    with pytest.raises(CorruptArtifact, match="is not there"):
        early.fetch([names.outcome(1)])
    later = exchange_of("later", "3-1", ["1-2", "2-1"])
    later.fetch([names.outcome(1)])
    assert read(later.folder) == {"candidates/1/outcome.json": b"again"}
