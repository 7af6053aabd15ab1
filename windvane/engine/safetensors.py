"""Named arrays in a safetensors file, which may come from anyone: what they are to be is known before anything of them is read.

source    "Format" in the documentation of huggingface/safetensors: the length of a header, the header, the numbers
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.errors import CorruptArtifact

Shape = tuple[int, ...]

_LENGTH_BYTES = 8
_MOST_HEADER_BYTES = 1 << 20
_MOST_UNUSED_BYTES = 1 << 20
"""Of all arrays together that may be there and are not used."""

_BYTES_OF = {"F32": 4, "F16": 2, "BF16": 2}
_METADATA = "__metadata__"
_SHOWN = 80


@dataclass(frozen=True)
class Tensors:
    """The arrays of a file.

    content    the file, byte by byte
    arrays     name -> float32, in `content` itself where the file has them so
    """

    content: NDArray[np.uint8]
    arrays: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class _Entry:
    """An array as the header has it: its numbers are from `begin` to `end`, counted from the end of the header."""

    name: str
    kind: str
    shape: Shape
    begin: int
    end: int


def read_safetensors(
    file: Path, shapes: Mapping[str, Shape], unused: Collection[str] = ()
) -> Tensors:
    """Return arrays of float32, converted from float16 and bfloat16 if need be.

    shapes    of the arrays that must be there; memory for no more than their numbers is asked for
    unused    names of small arrays that may be there, too, and are passed over
    raises    CorruptArtifact for anything else: a file that is missing, no plain file, larger or smaller, an array of another
              kind or shape or at another place, a number that is not finite
    """
    with _opened(file) as stream:
        head, entries, size = _head(stream, shapes, unused)
        content, start = np.empty(size, np.uint8), len(head)
        content[:start] = np.frombuffer(head, np.uint8)
        if stream.readinto(content[start:].data) != size - start:
            raise ValueError("it has changed while it was read")
        content.setflags(write=False)
        arrays = {
            one.name: _array(content[start + one.begin : start + one.end], one)
            for one in entries
            if one.name in shapes
        }
    return Tensors(content, arrays)


def check_safetensors(
    file: Path, shapes: Mapping[str, Shape], unused: Collection[str] = ()
) -> None:
    """Check all that `read_safetensors` does but the numbers themselves, which are not read.

    raises    CorruptArtifact
    """
    with _opened(file) as stream:
        _head(stream, shapes, unused)


@contextmanager
def _opened(file: Path) -> Iterator[BufferedReader]:
    """Open a file, and name it in errors.

    raises    CorruptArtifact
    """
    try:
        _check_plain(file)  # a pipe would be waited for
        with file.open("rb") as stream:
            yield stream
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise CorruptArtifact(f"{file} cannot be read as safetensors: {error}.") from error


def _check_plain(file: Path) -> None:
    if not stat.S_ISREG(file.stat().st_mode):
        raise ValueError("it is no plain file")


def _head(
    stream: BufferedReader, shapes: Mapping[str, Shape], unused: Collection[str]
) -> tuple[bytes, list[_Entry], int]:
    """Return what stands before the numbers of a file, its arrays, and the bytes that it has.

    raises    ValueError
    """
    size = os.fstat(stream.fileno()).st_size
    head = stream.read(_LENGTH_BYTES)
    n_header = int.from_bytes(head, "little")
    start = _LENGTH_BYTES + n_header
    if len(head) < _LENGTH_BYTES or n_header > _MOST_HEADER_BYTES or start > size:
        raise ValueError(
            f"its header has {n_header} bytes; it must have at most {_MOST_HEADER_BYTES}, and those of the file"
        )
    most = sum(4 * math.prod(shape) for shape in shapes.values()) + _MOST_UNUSED_BYTES
    if size - start > most:
        raise ValueError(f"it holds {size - start} bytes of numbers; {most} are the most")
    head += stream.read(n_header)
    return head, _entries(head[_LENGTH_BYTES:], size - start, shapes, unused), size


def _entries(
    header: bytes, n_bytes: int, shapes: Mapping[str, Shape], unused: Collection[str]
) -> list[_Entry]:
    """Return the arrays that a header tells of, in the order of their numbers, which fill the file without gaps.

    raises    ValueError
    """
    document = json.loads(header, object_pairs_hook=_each_once)
    if not isinstance(document, dict):
        raise ValueError("its header is no JSON object")  # noqa: TRY004 - the content is wrong, no caller
    document.pop(_METADATA, None)
    known = {*shapes, *unused}
    if unknown := sorted(document.keys() - known):
        raise ValueError(f"it holds {unknown[0][:_SHOWN]!r}, which does not belong to it")
    if missing := sorted(shapes.keys() - document.keys()):
        raise ValueError(f"it lacks {missing[0]!r}")
    entries = sorted(
        (_entry(name, told) for name, told in document.items()), key=lambda one: one.begin
    )
    at = 0
    for one in entries:
        if one.begin != at:
            raise ValueError(f"{one.name!r} begins at {one.begin}; it must begin at {at}")
        at = one.end
        wanted = shapes.get(one.name, one.shape)
        if one.shape != wanted:
            raise ValueError(f"{one.name!r} has the shape {one.shape}; it must have {wanted}")
    if at != n_bytes:
        raise ValueError(f"its arrays have {at} bytes; the file has {n_bytes} for them")
    return entries


def _entry(name: str, told: Any) -> _Entry:
    """Read an array's entry.

    raises    ValueError if it is none
    """
    if not isinstance(told, dict) or told.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name!r} is not described by dtype, shape and data_offsets")
    kind, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(kind, str) or kind not in _BYTES_OF:
        known = ", ".join(_BYTES_OF)
        raise ValueError(f"{name!r} is of the kind {str(kind)[:_SHOWN]}; it must be one of {known}")
    if not (_are_counts(shape) and _are_counts(offsets)) or len(offsets) != 2:
        raise ValueError(f"the shape or the offsets of {name!r} are no whole numbers")
    begin, end = offsets
    if end - begin != _BYTES_OF[kind] * math.prod(shape):
        raise ValueError(f"{name!r} has {end - begin} bytes, which are not those of its shape")
    return _Entry(name, kind, tuple(shape), begin, end)


def _are_counts(told: Any) -> bool:
    return (
        isinstance(told, list)
        and len(told) <= 8
        and all(type(one) is int and 0 <= one < 1 << 48 for one in told)
    )


def _array(content: NDArray[np.uint8], entry: _Entry) -> NDArray[np.float32]:
    """Return an array of some bytes.

    raises    ValueError for a number that is not finite
    """
    if entry.kind == "BF16":
        wide = content.view("<u2").astype(np.uint32) << np.uint32(16)
        made = wide.view(np.float32)
    else:
        made = content.view("<f4" if entry.kind == "F32" else "<f2")
    array = np.require(made.reshape(entry.shape), np.float32, ["C", "A"])
    if not np.isfinite(array).all():
        raise ValueError(f"{entry.name!r} holds numbers that are not finite")
    return array


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(members)
    if len(made) != len(members):
        raise ValueError("its header names something twice")
    return made
