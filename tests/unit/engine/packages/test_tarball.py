"""Archives: round trips, and everything a hostile one may try."""

import gzip
import io
import os
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from windvane.engine.packages.tarball import TarLimits, pack, unpack
from windvane.errors import CorruptArtifact

DEFAULTS = TarLimits()


def _tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _archive(file, *entries, **options):
    """entries: (TarInfo, content)"""
    with tarfile.open(file, "w:gz", **options) as archive:
        for info, content in entries:
            info.size = len(content) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(content))


def _entry(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def _refused(file, folder, limits=DEFAULTS, match=None):
    with pytest.raises(CorruptArtifact, match=match):
        unpack(file, folder / "out", limits)
    assert sorted(path.name for path in folder.iterdir()) == [file.name]


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.from_regex(r"[a-zä ⛵]{1,60}(/x[0-9]{1,3})?", fullmatch=True),
        st.binary(max_size=3_000),
        max_size=6,
    )
)
def test_what_is_packed_is_unpacked(tmp_path_factory, files):
    root = tmp_path_factory.mktemp("tar")
    (root / "in").mkdir()
    for name, content in files.items():
        target = root / "in" / name
        if target.parent.is_file() or target.is_dir():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    pack(root / "in", root / "a.tar.gz")
    unpack(root / "a.tar.gz", root / "out")
    assert _tree(root / "out") == _tree(root / "in")


def test_the_same_folder_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "sub").mkdir(parents=True)
        for file in ("b", "a", "sub/c") if name == "one" else ("sub/c", "a", "b"):
            (folder / file).write_text(file * 100)
            os.utime(folder / file, (len(name), len(file)))
        (folder / "a").chmod(0o600 if name == "one" else 0o755)
        pack(folder, tmp_path / f"{name}.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()


def test_a_folder_with_a_link_is_not_packed(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match="neither a plain file nor a folder"):
        pack(tmp_path / "in", tmp_path / "a.tar.gz")


@pytest.mark.parametrize(
    "name", ["/etc/x", "../x", "a/../../x", "a/..", "..\\x", "x" * 1_001, "//x", "nul\x00/../x"]
)
def test_a_name_that_leads_out_is_refused(name, tmp_path):
    _archive(tmp_path / "a.tar.gz", (_entry("fine"), b"x"), (_entry(name), b"x"))
    if "\x00" in name:
        unpack(tmp_path / "a.tar.gz", tmp_path / "out")
        assert set(_tree(tmp_path / "out")) == {"fine", "nul"}
    else:
        _refused(tmp_path / "a.tar.gz", tmp_path)


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z"],
)
def test_what_is_no_plain_file_is_refused(kind, tmp_path):
    _archive(tmp_path / "a.tar.gz", (_entry("fine"), b"x"), (_entry("odd", kind, "fine"), b""))
    _refused(tmp_path / "a.tar.gz", tmp_path, match="no plain file")


def test_a_file_through_an_earlier_file_or_twice_is_refused(tmp_path):
    for second in ("a/b", "a"):
        _archive(tmp_path / "a.tar.gz", (_entry("a"), b"x"), (_entry(second), b"y"))
        _refused(tmp_path / "a.tar.gz", tmp_path)


def test_a_name_that_is_the_folder_itself_is_refused(tmp_path):
    for name in (".", "./"):
        _archive(tmp_path / "a.tar.gz", (_entry(name), b"x"))
        _refused(tmp_path / "a.tar.gz", tmp_path)


def test_too_many_files_are_refused(tmp_path):
    entries = [(_entry(str(i)), b"") for i in range(11)]
    _archive(tmp_path / "a.tar.gz", *entries)
    _refused(
        tmp_path / "a.tar.gz", tmp_path, TarLimits(max_files=10), "more than 10 files and folders"
    )


def test_a_file_that_is_too_large_is_refused(tmp_path):
    _archive(tmp_path / "a.tar.gz", (_entry("a"), os.urandom(2_000)))
    _refused(tmp_path / "a.tar.gz", tmp_path, TarLimits(max_file_bytes=1_999), "2000 bytes")


def test_more_bytes_in_all_than_allowed_are_refused(tmp_path):
    _archive(tmp_path / "a.tar.gz", *[(_entry(str(i)), os.urandom(9_000)) for i in range(5)])
    _refused(tmp_path / "a.tar.gz", tmp_path, TarLimits(max_total_bytes=40_000), "more bytes")


def test_a_bomb_is_refused(tmp_path):
    _archive(tmp_path / "a.tar.gz", (_entry("a"), bytes(30_000_000)))
    _refused(tmp_path / "a.tar.gz", tmp_path, match="more bytes")


def test_a_long_header_is_refused_before_it_is_read(tmp_path):
    info = _entry("a")
    info.pax_headers = {"comment": "x" * 1_000_000}
    _archive(tmp_path / "a.tar.gz", (info, b"x"), format=tarfile.PAX_FORMAT)
    _refused(tmp_path / "a.tar.gz", tmp_path, match="header of")


def test_a_sparse_file_is_refused(tmp_path):
    info = _entry("a")
    info.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": "4000000000"}
    _archive(tmp_path / "a.tar.gz", (info, b"x"), format=tarfile.PAX_FORMAT)
    _refused(tmp_path / "a.tar.gz", tmp_path)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_truncated_or_damaged_archive_is_refused(keep, tmp_path):
    _archive(tmp_path / "a.tar.gz", (_entry("a"), os.urandom(50_000)))
    whole = (tmp_path / "a.tar.gz").read_bytes()
    at = int(len(whole) * keep)
    for damaged in (
        whole[:at],
        whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :],
        b"no gzip",
    ):
        (tmp_path / "a.tar.gz").write_bytes(damaged)
        _refused(tmp_path / "a.tar.gz", tmp_path)


def test_an_archive_within_a_second_layer_of_gzip_is_refused(tmp_path):
    _archive(tmp_path / "a.tar.gz", (_entry("a"), b"x"))
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress((tmp_path / "a.tar.gz").read_bytes()))
    _refused(tmp_path / "a.tar.gz", tmp_path)


def test_a_name_of_very_many_folders_is_refused(tmp_path):
    """Ten thousand such names would make millions of folders."""
    _archive(tmp_path / "a.tar.gz", (_entry("/".join("a" * 17)), b"x"))
    _refused(tmp_path / "a.tar.gz", tmp_path, match="17 parts")


def test_headers_that_follow_headers_without_end_are_refused(tmp_path):
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=9) as stream:
        for _ in range(5_000):
            header = _entry("h", tarfile.XHDTYPE)
            header.size = 12
            stream.write(header.tobuf(tarfile.USTAR_FORMAT) + b"12 path=abc\n".ljust(512, b"\0"))
    _refused(tmp_path / "a.tar.gz", tmp_path)
