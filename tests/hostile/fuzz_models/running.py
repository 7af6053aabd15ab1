"""Changed models, one after another, in a process that may die of them: who watches learns of which one.

A changed model is loaded, and if that is accepted, asked and explained twice, with fresh memory filled with other bytes
each time: an answer that differs was read where nothing had been written. What LightGBM's library writes lies between
guard bytes. A model that takes more than a second of the processor hangs.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import random
import resource
import shutil
import signal
import struct
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hostile.fuzz_models.mutating import Files, mutated

from windvane.errors import CorruptArtifact

LIMIT_S = 1.0
_ASLEEP_S = 20.0
"""After which a process that waits for what does not come is ended, too."""

_MEMORY = 3 * 1024**3
_PERTURB, _FILLINGS = -6, (0x55, 0xAA)
_GUARD, _PATTERN = 64, 0x5A5A5A5A5A5A5A5A
_UNFORESEEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)

ACCEPTED, REJECTED, UNFORESEEN, UNANSWERED = "accepted", "rejected", "unforeseen", "unanswered"
DIFFERENT, OVERWRITTEN = "different", "overwritten"
_CODES = (ACCEPTED, REJECTED, UNFORESEEN, UNANSWERED, DIFFERENT, OVERWRITTEN)


@dataclass(frozen=True)
class Target:
    """What is changed and tried.

    files   of the saved model, without sums
    write   puts changed files into a folder, sums included; raises ValueError if these cannot be written
    load    a model from that folder
    ask     answers and explanations of a loaded model, as bytes
    """

    name: str
    files: Files
    write: Callable[[Files, Path], None]
    load: Callable[[Path], Any]
    ask: Callable[[Any], bytes]


@dataclass
class Report:
    """How many changed models there were of each outcome, and the seeds of those that must not be."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    bad: list[tuple[int, str]] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        told = ", ".join(f"{name} {count:,}" for name, count in sorted(self.counts.items()))
        rate = sum(self.counts.values()) / max(self.seconds, 1e-9)
        return f"{self.name}: {sum(self.counts.values()):,} ({told}); {rate:,.0f} a second; {self.bad[:20]}"


def run(target: Target, seeds: range, folder: Path, seconds: float = float("inf")) -> Report:
    """Try a changed model for each seed, for so many seconds at most; a process that dies is followed by another."""
    report = Report(target.name)
    began = time.monotonic()
    shared = mmap.mmap(-1, 8 + len(seeds))
    done = 0
    while done < len(seeds) and time.monotonic() - began < seconds:
        struct.pack_into("<q", shared, 0, done)
        until = began + seconds
        child = os.fork()
        if child == 0:
            _work(target, seeds, done, shared, folder, until)
        _, status = os.waitpid(child, 0)
        (reached,) = struct.unpack_from("<q", shared, 0)
        report.counts.update(_CODES[shared[8 + i]] for i in range(done, reached))
        report.bad += [
            (seeds[i], _CODES[shared[8 + i]])
            for i in range(done, reached)
            if _CODES[shared[8 + i]] in (DIFFERENT, OVERWRITTEN)
        ]
        done = reached
        if os.WIFSIGNALED(status):
            ended = os.WTERMSIG(status)
            what = "hang" if ended in (signal.SIGPROF, signal.SIGALRM) else f"signal {ended}"
            report.counts[what] += 1
            report.bad.append((seeds[done], what))
            done += 1
        elif os.WEXITSTATUS(status):
            raise AssertionError(f"{target.name}: the process of seed {seeds[done]} gave up")
    report.seconds = time.monotonic() - began
    return report


def _work(
    target: Target, seeds: range, start: int, shared: mmap.mmap, folder: Path, until: float
) -> None:
    code = 1
    try:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        warnings.simplefilter("ignore")
        np.seterr(all="ignore")
        _silence()
        for place in range(start, len(seeds)):
            if time.monotonic() > until:
                break
            outcome = attempt(target, seeds[place], folder)
            shared[8 + place] = _CODES.index(outcome)
            struct.pack_into("<q", shared, 0, place + 1)
        code = 0
    except BaseException as error:  # noqa: BLE001 - the end of a forked process, whose parent is told
        os.write(2, f"{type(error).__name__}: {error}\n".encode()[:2_000])
    finally:
        os._exit(code)


def _silence() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)


def attempt(target: Target, seed: int, folder: Path) -> str:
    """The outcome of one changed model, in this process."""
    files = mutated(target.files, random.Random(seed))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        target.write(files, folder)
    except (ValueError, TypeError, KeyError, AttributeError, OSError, RecursionError):
        return REJECTED
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    signal.setitimer(signal.ITIMER_REAL, _ASLEEP_S)
    try:
        return _tried(target, folder)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _tried(target: Target, folder: Path) -> str:
    told = []
    for filling in _FILLINGS:
        _libc().mallopt(_PERTURB, filling)
        try:
            model = target.load(folder)
        except CorruptArtifact:
            return REJECTED
        except _UNFORESEEN:
            return UNFORESEEN
        try:
            told.append(target.ask(model))
        except Overwritten:
            return OVERWRITTEN
        except (*_UNFORESEEN, CorruptArtifact):
            return UNANSWERED
        del model
    return ACCEPTED if told[0] == told[1] else DIFFERENT


_LIBC: list[ctypes.CDLL] = []


def _libc() -> ctypes.CDLL:
    if not _LIBC:
        _LIBC.append(ctypes.CDLL(None))
    return _LIBC[0]


class Overwritten(Exception):
    """A library wrote beyond what it was given."""


def guarded(booster: Any, X: np.ndarray) -> bytes:
    """What a NativeBooster says of rows, written between guard bytes.

    raises    Overwritten
    """
    rows = np.ascontiguousarray(X, np.float32)
    n = len(rows) * booster.width
    made = np.full(n + 2 * _GUARD, _PATTERN, np.int64)
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
        b"num_threads=1 verbosity=-1",
        ctypes.byref(ctypes.c_int64()),
        ctypes.c_void_p(made.ctypes.data + 8 * _GUARD),
    )
    if (made[:_GUARD] != _PATTERN).any() or (made[_GUARD + n :] != _PATTERN).any():
        raise Overwritten
    return made[_GUARD : _GUARD + n].tobytes()
