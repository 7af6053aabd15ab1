"""Named arrays in one uncompressed .npz file: exact, without object arrays, the same bytes each time."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.errors import CorruptArtifact

Arrays = dict[str, NDArray[Any]]


def write_arrays(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"Array {name!r} holds Python objects; only plain numbers are stored.")
    with file.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def read_arrays(file: Path) -> Arrays:
    """raises    CorruptArtifact for a missing or damaged file, a compressed one, or one with objects in it"""
    try:
        with zipfile.ZipFile(file) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise CorruptArtifact(f"{file} is compressed; arrays are stored as they are.")
        with np.load(file) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError, EOFError, SyntaxError, zipfile.BadZipFile) as error:
        raise CorruptArtifact(f"{file} cannot be read as arrays: {error}.") from error
    except (NotImplementedError, MemoryError, TypeError) as error:
        raise CorruptArtifact(f"{file} cannot be read as arrays: {error}.") from error
