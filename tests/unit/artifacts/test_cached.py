"""Copies that a machine keeps of objects."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from windvane.artifacts import cached
from windvane.artifacts.base import Location
from windvane.artifacts.cached import ObjectCache
from windvane.artifacts.local import LocalArtifacts


class Watched(LocalArtifacts):
    """Counts what is read of it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read_keys: list[str] = []

    def open(self, location: Location, start: int = 0) -> BinaryIO:
        self.read_keys.append(location.key)
        return super().open(location, start)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(cached, "_LEAST_BYTES", 1)
    made = Watched(tmp_path / "store")
    made.ensure_bucket("b")
    for key in ("one", "two", "three"):
        made.write(at(key), key.encode() * 100)
    made.read_keys.clear()
    return made


def at(key: str) -> Location:
    return Location("b", key)


def cache_of(folder: Path, most_bytes: int = 1000) -> ObjectCache:
    return ObjectCache(folder / "cache", most_bytes)


def files(folder: Path) -> list[Path]:
    return sorted((folder / "cache").iterdir())


def test_an_object_is_read_once_from_the_store(store: Watched, tmp_path: Path) -> None:
    cached = cache_of(tmp_path).over(store)
    assert cached.read(at("one")) == b"one" * 100
    with cached.open(at("one"), 297) as stream:
        assert stream.read() == b"one"
    cached.download(at("one"), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"one" * 100
    assert store.read_keys == ["one"]


def test_an_object_that_was_replaced_is_read_again(store: Watched, tmp_path: Path) -> None:
    cached = cache_of(tmp_path).over(store)
    cached.read(at("one"))
    cached.write(at("one"), b"another")
    assert cached.read(at("one")) == b"another"


def test_a_copy_that_is_damaged_is_made_again(store: Watched, tmp_path: Path) -> None:
    cached = cache_of(tmp_path).over(store)
    cached.read(at("one"))
    [copy] = files(tmp_path)
    copy.write_bytes(b"x" * 300)
    assert cached.read(at("one")) == b"one" * 100
    copy.unlink()
    assert cached.read(at("one")) == b"one" * 100
    assert store.read_keys == ["one"] * 3


def test_what_was_not_used_for_longest_goes_first(store: Watched, tmp_path: Path) -> None:
    """300, 300 and 500 bytes of 1000."""
    cached = cache_of(tmp_path).over(store)
    for key in ("one", "two", "one", "three"):
        cached.read(at(key))
    assert sum(one.stat().st_size for one in files(tmp_path)) == 800
    cached.read(at("one"))
    cached.read(at("two"))
    assert store.read_keys == ["one", "two", "three", "two"]


def test_what_is_read_stays_readable_when_its_copy_goes(store: Watched, tmp_path: Path) -> None:
    cached = cache_of(tmp_path, 600).over(store)
    with cached.open(at("one")) as stream:
        cached.read(at("three"))
        assert [one.stat().st_size for one in files(tmp_path)] == [500]
        assert stream.read() == b"one" * 100


def test_what_is_too_large_for_it_is_not_kept(store: Watched, tmp_path: Path) -> None:
    cached = cache_of(tmp_path, 299).over(store)
    assert cached.read(at("one")) == b"one" * 100
    assert files(tmp_path) == []


def test_an_object_that_is_not_there_is_missing(store: Watched, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        cache_of(tmp_path).over(store).open(at("none"))
    assert files(tmp_path) == []


def test_of_many_that_ask_at_once_one_reads_the_store(store: Watched, tmp_path: Path) -> None:
    cached = cache_of(tmp_path).over(store)
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(cached.read(at("one")))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"one" * 100] * 8
    assert store.read_keys == ["one"]


def test_an_object_that_is_cut_short_is_not_taken(
    store: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = store.open

    def cut(location: Location, start: int = 0) -> BinaryIO:
        return whole(location, 100)

    monkeypatch.setattr(store, "open", cut)
    with pytest.raises(OSError, match="was changed"):
        cache_of(tmp_path).over(store).read(at("one"))
    assert files(tmp_path) == []


def test_what_an_earlier_process_kept_is_gone(store: Watched, tmp_path: Path) -> None:
    cache_of(tmp_path).over(store).read(at("one"))
    cache_of(tmp_path)
    assert files(tmp_path) == []


def test_small_objects_go_too(
    store: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Very many empty objects took the memory and the files of a node."""
    monkeypatch.setattr(cached, "_LEAST_BYTES", 400)
    cache = cache_of(tmp_path)
    for number in range(20):
        store.write(at(f"small-{number}"), b"")
        cache.open(store, at(f"small-{number}")).close()
    assert len(list((tmp_path / "cache").iterdir())) == 2
