"""From an S3 data source to local files."""

import json
from pathlib import Path

import pytest

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.domain.datasource import DataSource
from windvane.errors import DataFault
from windvane.work.tasks import inputs
from windvane.work.tasks.inputs import download_inputs, download_validation


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifacts:
    store = LocalArtifacts(tmp_path / "objects")
    store.ensure_bucket("b")
    for key, data in (("train/", b""), ("train/b.csv", b"22"), ("train/a.csv", b"1"), ("x", b"0")):
        store.write(Location("b", key), data)
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    into = tmp_path / "into"
    into.mkdir()
    return into


def _source(kind: str, key: str) -> DataSource:
    return DataSource(f"s3://b/{key}", kind == "ManifestFile")


def test_a_prefix_is_every_object_under_it_but_folder_markers(
    artifacts: LocalArtifacts, folder: Path
) -> None:
    files = download_inputs(artifacts, _source("S3Prefix", "tra"), folder, 100)
    assert [(file.name, file.path.read_bytes()) for file in files] == [
        ("s3://b/train/a.csv", b"1"),
        ("s3://b/train/b.csv", b"22"),
    ]


def test_a_manifest_names_its_objects_in_its_order(artifacts: LocalArtifacts, folder: Path) -> None:
    manifest = json.dumps([{"prefix": "s3://b/train/"}, "b.csv", "a.csv"]).encode()
    artifacts.write(Location("b", "m.json"), manifest)
    files = download_inputs(artifacts, _source("ManifestFile", "m.json"), folder, 100)
    assert [file.name for file in files] == ["s3://b/train/b.csv", "s3://b/train/a.csv"]


def test_too_much_is_refused_before_it_is_fetched(artifacts: LocalArtifacts, folder: Path) -> None:
    with pytest.raises(DataFault, match="has 3 bytes; this server takes at most 2"):
        download_inputs(artifacts, _source("S3Prefix", "train"), folder, 2)
    assert list(folder.iterdir()) == []


def test_validation_data_have_a_limit_of_their_own(
    artifacts: LocalArtifacts, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _source("S3Prefix", "train")
    found = download_validation(artifacts, source, "None", folder / "all", 100)
    assert (len(found.files), found.format, found.max_bytes) == (2, "csv", 100)
    with pytest.raises(DataFault, match="has 3 bytes; this server takes at most 2"):
        download_validation(artifacts, source, "None", folder / "server", 2)
    monkeypatch.setattr(inputs, "MAX_VALIDATION_BYTES", 2)
    with pytest.raises(DataFault, match="has 3 bytes; validation data may have at most 2"):
        download_validation(artifacts, source, "None", folder / "aws", 100)


def test_a_prefix_that_was_emptied_meanwhile_is_named(
    artifacts: LocalArtifacts, folder: Path
) -> None:
    with pytest.raises(DataFault, match="s3://b/gone"):
        download_inputs(artifacts, _source("S3Prefix", "gone"), folder, 100)
