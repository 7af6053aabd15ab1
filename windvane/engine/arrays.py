"""Named arrays in one uncompressed .npz file: exact, without object arrays, the same bytes each time."""

from __future__ import annotations

import io
import math
import struct
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

_KINDS = "biuf"


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
    """Before anything is read: sizes are what the directory says, and together no more than the file has."""
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
    """raises    ValueError if the bytes are not one array of numbers that fills them"""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"the array {name[:60]!r} is of version {version}, not (1, 0)")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.kind not in _KINDS or not dtype.isnative or dtype.itemsize > 8:
        raise ValueError(f"the array {name[:60]!r} holds {dtype}, not plain numbers")
    if any(length < 0 for length in shape) or len(shape) > 4:
        raise ValueError(f"the array {name[:60]!r} has the shape {str(shape)[:60]}")
    n_cells = math.prod(shape)
    start = stream.tell()
    if start + n_cells * dtype.itemsize != len(content):
        raise ValueError(
            f"the array {name[:60]!r} needs {n_cells * dtype.itemsize} bytes; there are {len(content) - start}"
        )
    if n_cells == 0 and math.prod(length for length in shape if length) > _MOST_EMPTY:
        raise ValueError(f"the array {name[:60]!r} has the shape {str(shape)[:60]}")
    made: NDArray[Any] = np.frombuffer(content, dtype, n_cells, start)
    return made.reshape(shape, order="F" if is_fortran else "C")
