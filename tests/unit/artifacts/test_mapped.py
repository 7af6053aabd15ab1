"""Buckets that stand for a folder or another store, among those of one's own."""

import pytest

from windvane.artifacts.base import Location
from windvane.artifacts.connection import Connection
from windvane.artifacts.local import LocalArtifacts
from windvane.artifacts.mapped import BucketMap, BucketSource, with_mapped
from windvane.errors import InvalidRequest
from windvane.testing.artifacts_contract import CONTRACT

NOWHERE = Connection("http://127.0.0.1:1", "", "")


@pytest.fixture
def samples(tmp_path):
    folder = tmp_path / "samples"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "a.csv").write_bytes(b"a,b\n" * 1000)
    return folder


@pytest.fixture
def artifacts(tmp_path, samples):
    own = LocalArtifacts(tmp_path / "own")
    return with_mapped(own, (BucketSource("samples-*", samples), BucketSource("far", NOWHERE)))


def test_a_name_wins_over_patterns_and_a_longer_pattern_over_a_shorter(samples):
    names = ("sam*", "samples-eu", "samples-*", "other")
    buckets = BucketMap(BucketSource(name, samples) for name in names)
    found = {
        bucket: source.name if (source := buckets.find(bucket)) else None
        for bucket in ("samples-eu", "samples-us", "sampling", "other", "others", "", "sam/x")
    }
    assert found == {
        "samples-eu": "samples-eu",
        "samples-us": "samples-*",
        "sampling": "sam*",
        "other": "other",
        "others": None,
        "": None,
        "sam/x": None,
    }


def test_a_source_is_open_to_everybody_or_to_the_accounts_it_names(samples):
    assert BucketSource("samples", samples).is_open_to("111111111111")
    closed = BucketSource("samples", samples, accounts=("111111111111",))
    assert closed.is_open_to("111111111111")
    assert not closed.is_open_to("222222222222")


def test_mapped_buckets_are_read_like_others(artifacts, tmp_path):
    location = Location("samples-eu", "data/a.csv")
    assert artifacts.bucket_exists("samples-eu")
    assert [info.location for info in artifacts.list(Location("samples-eu", "da"))] == [location]
    assert artifacts.info(location).size == 4000
    assert artifacts.read(location) == b"a,b\n" * 1000
    artifacts.download(location, tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == b"a,b\n" * 1000
    with pytest.raises(FileNotFoundError):
        artifacts.download(Location("samples-eu", "none"), tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_nothing_is_written_to_them(artifacts, samples, tmp_path):
    location = Location("samples-eu", "data/a.csv")
    (tmp_path / "up").write_bytes(b"x")
    for attempt in (
        lambda: artifacts.write(location, b"x"),
        lambda: artifacts.upload(location, tmp_path / "up"),
        lambda: artifacts.delete(location),
        lambda: artifacts.ensure_bucket("samples-eu"),
    ):
        with pytest.raises(PermissionError, match=r"only read.*\[\[buckets\]\], samples-\*"):
            attempt()
    assert (samples / "data" / "a.csv").stat().st_size == 4000


def test_a_store_that_does_not_answer_is_named(artifacts, monkeypatch):
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    with pytest.raises(InvalidRequest, match=r'"far", which stands for http://127\.0\.0\.1:1'):
        artifacts.info(Location("far", "x"))


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
def test_other_buckets_keep_the_contract(clause, artifacts, tmp_path):
    (tmp_path / "scratch").mkdir()
    artifacts.ensure_bucket("mine")
    clause(artifacts, "mine", tmp_path / "scratch")


def test_without_sources_nothing_is_between(tmp_path):
    own = LocalArtifacts(tmp_path / "own")
    assert with_mapped(own, ()) is own
