"""What native libraries read and write lies against pages that nobody may touch: a byte too far ends the process.

XGBoost writes its answers into memory of its own. With `HEAP` in the environment of a process, glibc's checking
allocator puts marks behind every block of the heap and looks at them when it is freed: a mark that was overwritten ends
the process as well.
"""

from __future__ import annotations

import ctypes
import mmap
from functools import cache
from typing import Any

import numpy as np

_CHECKING = "libc_malloc_debug.so.0"
_GUARD, _PATTERN = 64, 0x5A5A5A5A5A5A5A5A
_MOST_WRITTEN = 1 << 20
_PARAMETERS = b"num_threads=1 verbosity=-1"


def heap() -> dict[str, str]:
    """Environment of a process whose heap is checked; nothing where glibc has no such allocator."""
    try:
        ctypes.CDLL(_CHECKING)
    except OSError:
        return {}
    return {"LD_PRELOAD": _CHECKING, "GLIBC_TUNABLES": "glibc.malloc.check=3"}


def fill_fresh_memory(byte: int) -> None:
    """From here on what malloc gives is filled with bytes made of this one."""
    _mallopt()(_PERTURB, byte)


_PERTURB = -6


@cache
def _mallopt() -> Any:
    """That of the checking allocator, where it is there: it goes by the version of the symbol."""
    libc = ctypes.CDLL(None)
    find = libc.dlvsym
    find.restype, find.argtypes = (
        ctypes.c_void_p,
        [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p],
    )
    found = [find(None, b"mallopt", version) for version in (b"GLIBC_2.2.5", b"GLIBC_2.17")]
    for address in found:
        if address:
            return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)(address)
    return libc.mallopt


class Overwritten(Exception):
    """A library wrote beyond what it was given."""


class Region:
    """Memory between two pages that end a process that reads or writes them; it is never given back."""

    def __init__(self, n_bytes: int) -> None:
        page = mmap.PAGESIZE
        inner = -(-n_bytes // page) * page
        self._whole = mmap.mmap(-1, inner + 2 * page)
        begin = ctypes.addressof(ctypes.c_char.from_buffer(self._whole))
        libc = ctypes.CDLL(None, use_errno=True)
        for at in (begin, begin + page + inner):
            if libc.mprotect(ctypes.c_void_p(at), ctypes.c_size_t(page), 0):
                raise OSError(ctypes.get_errno(), "a page cannot be guarded")
        self._inner = np.frombuffer(self._whole, np.uint8, inner, page)

    def first(self, n_bytes: int) -> np.ndarray:
        """The bytes behind the first of the two pages."""
        return self._inner[:n_bytes]

    def last(self, n_bytes: int) -> np.ndarray:
        """The bytes before the second."""
        return self._inner[len(self._inner) - n_bytes :]


def at_both_edges(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same rows twice: behind a guarded page, and before one."""
    made = []
    for place in (Region.first, Region.last):
        rows = place(Region(X.nbytes), X.nbytes).view(X.dtype).reshape(X.shape)
        rows[:] = X
        made.append(rows)
    return made[0], made[1]


_written: list[np.ndarray] = []


def output(n: int) -> tuple[np.ndarray, np.ndarray]:
    """n doubles before a guarded page, and what lies before them, which holds a pattern."""
    if not _written:
        _written.append(Region(_MOST_WRITTEN).last(_MOST_WRITTEN).view(np.int64))
    whole = _written[0][-n - _GUARD :]
    whole[:] = _PATTERN
    return whole[_GUARD:].view(np.float64), whole[:_GUARD]


def guarded(booster: Any, rows: np.ndarray) -> np.ndarray:
    """(n_rows, width) what a NativeBooster says, written before a guarded page; the first row also by itself.

    rows      at an edge
    raises    Overwritten if it wrote before its output
    """
    made, before = output(len(rows) * booster.width)
    booster._call(
        "LGBM_BoosterPredictForMat",
        booster._handle,
        ctypes.c_void_p(rows.ctypes.data),
        0,
        ctypes.c_int32(len(rows)),
        ctypes.c_int32(booster.n_features),
        1,
        booster._answer,
        0,
        -1,
        _PARAMETERS,
        ctypes.byref(ctypes.c_int64()),
        ctypes.c_void_p(made.ctypes.data),
    )
    told = made.copy()
    check_before(before)
    made, before = output(booster.width)
    booster._check(
        booster._lib.LGBM_BoosterPredictForMatSingleRowFast(
            booster._fast,
            ctypes.c_void_p(rows[-1:].ctypes.data),
            ctypes.byref(ctypes.c_int64()),
            ctypes.c_void_p(made.ctypes.data),
        )
    )
    check_before(before)
    return np.concatenate([told.reshape(len(rows), -1), made.reshape(1, -1)])


def check_before(before: np.ndarray) -> None:
    """raises    Overwritten if the pattern is not there any more"""
    if before.tobytes() != _BEFORE:
        raise Overwritten


_BEFORE = np.full(_GUARD, _PATTERN, np.int64).tobytes()
