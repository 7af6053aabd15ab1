"""Named arrays in one uncompressed .npz file: exact, without object arrays, the same bytes each time."""

from __future__ import annotations

import math
import re
import struct
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.errors import CorruptArtifact

Arrays = dict[str, NDArray[Any]]

_SUFFIX = ".npy"
_MOST_ARRAYS = 100_000
_MOST_EMPTY = 1_000_000
"""The product of the other lengths of an array that holds nothing: what is made with them is that large."""

_MAGIC = b"\x93NUMPY\x01\x00"
_ORDER = "<" if sys.byteorder == "little" else ">"
_HEADER = re.compile(
    rb"\{'descr': '((?:\||%b)[biuf][1248])', 'fortran_order': (False|True), "
    rb"'shape': \(([0-9]{0,18}(?:,(?: [0-9]{1,18})?)*)\), \} *\n" % _ORDER.encode()
)
"""As NumPy writes it, of numbers in this machine's order."""

_MOST_AXES, _MOST_BYTES = 4, 8


def write_arrays(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"Array {name!r} holds Python objects; only plain numbers are stored.")
    with file.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def read_arrays(file: Path) -> Arrays:
    """Read-only arrays of numbers, none larger than the bytes that the file has for it.

    raises    CorruptArtifact for a missing or damaged file, a compressed one, or one with anything but numbers in it
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _read(archive, file)
    except (OSError, ValueError, KeyError, EOFError, SyntaxError, zipfile.BadZipFile) as error:
        raise CorruptArtifact(f"{file} cannot be read as arrays: {error}.") from error
    except (
        NotImplementedError,
        RuntimeError,
        MemoryError,
        OverflowError,
        TypeError,
        struct.error,
    ) as error:
        raise CorruptArtifact(f"{file} cannot be read as arrays: {error}.") from error


def _read(archive: zipfile.ZipFile, file: Path) -> Arrays:
    entries = archive.infolist()
    _check_entries(entries, file)
    made: Arrays = {}
    for entry in entries:
        name = entry.filename.removesuffix(_SUFFIX)
        if name in made:
            raise CorruptArtifact(f"{file} holds the array {name[:60]!r} twice.")
        made[name] = _array_of(archive.read(entry), name)
    return made


def _check_entries(entries: list[zipfile.ZipInfo], file: Path) -> None:
    """Check the entries of a file before anything is read: sizes are what the directory says, and together no more than
    the file has."""
    if len(entries) > _MOST_ARRAYS:
        raise CorruptArtifact(
            f"{file} holds {len(entries)} arrays; {_MOST_ARRAYS} are the most there may be."
        )
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise CorruptArtifact(f"{file} is compressed; arrays are stored as they are.")
    if any(entry.file_size != entry.compress_size for entry in entries):
        raise CorruptArtifact(f"{file} holds an array whose size is told in two ways.")
    if sum(entry.file_size for entry in entries) > file.stat().st_size:
        raise CorruptArtifact(f"{file} is shorter than the arrays that it names.")


def _array_of(content: bytes, name: str) -> NDArray[Any]:
    """Parse an array of numbers in NumPy's format.

    raises    ValueError if the bytes are not one array of numbers that fills them
    """
    start, header = 10, _HEADER.match(content, 10)
    if not content.startswith(_MAGIC) or header is None:
        raise ValueError(f"the array {name[:60]!r} does not begin as one of plain numbers")
    start += int.from_bytes(content[8:10], "little")
    if header.end() != start:
        raise ValueError(f"the array {name[:60]!r} has a header of another length than it says")
    dtype, is_fortran = np.dtype(header[1].decode()), header[2] == b"True"
    shape = tuple(int(length) for length in header[3].split(b",") if length.strip())
    if len(shape) > _MOST_AXES or dtype.itemsize > _MOST_BYTES:
        raise ValueError(f"the array {name[:60]!r} has the shape {str(shape)[:60]} of {dtype}")
    n_cells = math.prod(shape)
    if start + n_cells * dtype.itemsize != len(content):
        raise ValueError(
            f"the array {name[:60]!r} needs {n_cells * dtype.itemsize} bytes; there are {len(content) - start}"
        )
    if n_cells == 0 and math.prod(length for length in shape if length) > _MOST_EMPTY:
        raise ValueError(f"the array {name[:60]!r} has the shape {str(shape)[:60]}")
    made: NDArray[Any] = np.frombuffer(content, dtype, n_cells, start)
    return made.reshape(shape, order="F" if is_fortran else "C")
