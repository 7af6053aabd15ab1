"""Arrays of files that may come from anyone."""

import io
import struct
import zipfile

import numpy as np
import pytest

from windvane.engine.arrays import read_arrays, write_arrays
from windvane.errors import CorruptArtifact


def _forged(file, shape, kind="<f4", content=b"", name="a.npy", **options):
    header = str({"descr": kind, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    told = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content
    with zipfile.ZipFile(file, "w", **options) as archive:
        archive.writestr(name, told)
    return file


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3).T,
        np.array(3.5),
        np.zeros((0, 4), np.float32),
        np.array([True, False]),
        np.array([[1, 2]], np.uint16),
    ],
)
def test_what_was_written_is_read(array, tmp_path):
    write_arrays(tmp_path / "a.npz", {"a": array})
    read = read_arrays(tmp_path / "a.npz")["a"]
    assert (read.dtype, read.shape) == (array.dtype, array.shape)
    assert read.tobytes() == array.tobytes()
    assert not read.flags.writeable


@pytest.mark.parametrize(
    ("shape", "kind", "content"),
    [
        ((2**40,), "<f4", b""),
        ((2**33, 2**33), "<f4", b""),
        ((0, 2**40), "<f4", b""),
        ((-1,), "<f4", b""),
        ((1, 1, 1, 1, 1), "<f4", bytes(4)),
        ((1,), "<f4", bytes(5)),
        ((1,), "|O", bytes(8)),
        ((1,), "|V4", bytes(4)),
        ((1,), "|S4", bytes(4)),
        ((1,), ">f4", bytes(4)),
        ((1,), "<c16", bytes(16)),
        ((1,), "<M8[s]", bytes(8)),
    ],
)
def test_an_array_that_is_not_what_its_bytes_are_is_refused(shape, kind, content, tmp_path):
    with pytest.raises(CorruptArtifact, match=r"a\.npz cannot be read as arrays"):
        read_arrays(_forged(tmp_path / "a.npz", shape, kind, content))


def test_a_file_that_unpacks_to_more_is_refused(tmp_path):
    file = _forged(tmp_path / "a.npz", (1,), content=bytes(4), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(CorruptArtifact, match="compressed"):
        read_arrays(file)


def test_entries_that_share_their_bytes_are_refused(tmp_path):
    """A directory may name the same bytes many times: the sum is more than the file has."""
    content = io.BytesIO()
    np.save(content, np.zeros(10_000))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", content.getvalue())
        first = archive.infolist()[0]
        for name in ("b.npy", "c.npy"):
            again = zipfile.ZipInfo(name)
            again.file_size = again.compress_size = first.file_size
            again.CRC, again.header_offset = first.CRC, first.header_offset
            archive.filelist.append(again)
            archive.NameToInfo[name] = again
    with pytest.raises(CorruptArtifact, match="shorter than the arrays"):
        read_arrays(tmp_path / "a.npz")


def test_an_array_named_twice_is_refused(tmp_path):
    content = io.BytesIO()
    np.save(content, np.zeros(2))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", content.getvalue())
        archive.writestr("a", content.getvalue())
    with pytest.raises(CorruptArtifact, match="twice"):
        read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"PK\3\4" + bytes(40)])
def test_what_is_no_file_of_arrays_is_refused(content, tmp_path):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(CorruptArtifact, match="cannot be read as arrays"):
        read_arrays(tmp_path / "a.npz")
