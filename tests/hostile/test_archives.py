"""Archives of models that cost their reader, the server itself, hours or all of its memory before they are refused."""

from __future__ import annotations

import gzip
import os
import resource
import tarfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from windvane.automl.local.downloaded import unpack_model
from windvane.engine.manifest import write_manifest
from windvane.engine.packages.tarball import unpack
from windvane.errors import CorruptArtifact


def block(kind: bytes, content: bytes, name: str = "a") -> bytes:
    """A header of tar, and what follows it."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    return info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


def record(name: bytes, value: bytes) -> bytes:
    """Of a PAX header."""
    rest = b" %s=%s\n" % (name, value)
    size = len(rest) + 1
    while size != len(b"%d" % size) + len(rest):
        size += 1
    return b"%d" % size + rest


def write(file: Path, *blocks: bytes) -> Path:
    """What cannot be packed comes last: an archive may unpack to so much for each of its bytes."""
    with gzip.open(file, "wb", compresslevel=1) as stream:
        for one in (*blocks, block(b"0", os.urandom(1 << 18), "noise")):
            stream.write(one)
    return file


def test_digits_in_a_header_do_not_stop_the_server(tmp_path: Path) -> None:
    """182 bytes were searched for half a minute (CVE-2024-6232), in which no other thread of the server ran."""
    archive = write(tmp_path / "a.tar.gz", block(b"x", b"1" * 65_024))
    began = time.thread_time()
    with pytest.raises(CorruptArtifact):
        unpack(archive, tmp_path / "out")
    assert time.thread_time() - began < 2


def sparse() -> Iterator[bytes]:
    told = record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0")
    yield block(b"x", told)
    yield block(b"0", b"4000000\n" + b"1\n" * 4_000_000)


def sparse_of_old() -> Iterator[bytes]:
    yield block(b"S", bytes(8_000_000))


def comments() -> Iterator[bytes]:
    for number in range(600):
        yield block(b"x", record(b"comment", b"a" * 60_000))
        yield block(b"0", b"", f"file{number}")


def comments_for_all() -> Iterator[bytes]:
    for number in range(600):
        yield block(b"g", record(b"comment%d" % number, b"a" * 60_000))
        yield block(b"0", b"", f"file{number}")


@pytest.mark.parametrize("blocks", [sparse, sparse_of_old, comments, comments_for_all])
def test_headers_fill_no_memory(blocks: Callable[[], Iterator[bytes]], tmp_path: Path) -> None:
    """Maps of sparse files were made into lists without bound, and every header of every file was kept."""
    archive = write(tmp_path / "a.tar.gz", *blocks())
    refused = pytest.raises(CorruptArtifact, match="no plain file")
    tracemalloc.start()
    with nullcontext() if blocks in (comments, comments_for_all) else refused:
        unpack(archive, tmp_path / "out")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 8_000_000


def test_headers_of_many_records_are_given_up(tmp_path: Path) -> None:
    """Each record is read by itself: an archive of a few MB held a thread of the server for half an hour."""
    many = block(b"x", record(b"a", b"") * 10_000)
    files = [one for number in range(40) for one in (many, block(b"0", b"", f"file{number}"))]
    archive = write(tmp_path / "a.tar.gz", *files)
    with pytest.raises(CorruptArtifact, match="more than 100000 records"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (124, b"-0000000001\0"),
        (124, b"\xff" * 12),
        (124, b"\x80" + b"\xff" * 11),
        (124, b"99999999999\0"),
        (148, b"7777777\0"),
    ],
)
def test_numbers_of_a_header_are_what_they_may_be(field: int, value: bytes, tmp_path: Path) -> None:
    header = bytearray(block(b"0", b""))
    header[field : field + len(value)] = value
    if field != 148:
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
    archive = write(tmp_path / "a.tar.gz", bytes(header))
    with pytest.raises(CorruptArtifact):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize(
    "told", [b"path=a\n", b"0 path=a\n", b"99 path=a\n", b"9 path=a", b"9" * 5000, b"30 size=1\n"]
)
def test_a_header_that_tells_its_length_wrongly_is_refused(told: bytes, tmp_path: Path) -> None:
    archive = write(tmp_path / "a.tar.gz", block(b"x", told), block(b"0", b""))
    with pytest.raises(CorruptArtifact):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_archives_of_every_common_form_are_unpacked(form: int, tmp_path: Path) -> None:
    name = "/".join(["folder" * 6] * (3 if form == tarfile.USTAR_FORMAT else 6)) + "/ä"
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=form) as archive:
        archive.add(Path(__file__).parent / "tables", "tables", recursive=False)
        archive.add(__file__, name)
        archive.add(__file__, "tables/ordinary")
    unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    for one in (name, "tables/ordinary"):
        assert (tmp_path / "out" / one).read_bytes() == Path(__file__).read_bytes()


@pytest.fixture
def downloaded(tmp_path: Path) -> Path:
    """A folder with what looks like two packages."""
    for part in ("transformers", "model"):
        (tmp_path / "source" / part).mkdir(parents=True)
        write_manifest(tmp_path / "source" / part, part, {})
    (tmp_path / "home").mkdir()
    return tmp_path / "source"


def test_a_link_in_a_downloaded_model_is_not_copied(downloaded: Path) -> None:
    """What it led to was copied before anything was checked: of a device without end, until the disk was full."""
    (downloaded / "model" / "rows").symlink_to("/dev/zero")
    with no_larger_files(), pytest.raises(CorruptArtifact, match="neither a plain file nor"):
        unpack_model(downloaded, downloaded.parent / "home")


def test_a_pipe_in_a_downloaded_model_is_not_waited_for(downloaded: Path) -> None:
    os.mkfifo(downloaded / "more.tar.gz")
    with pytest.raises(CorruptArtifact, match="is not a regular file"):
        unpack_model(downloaded, downloaded.parent / "home")


@contextmanager
def no_larger_files(most: int = 1 << 20) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
