"""Changed models, one after another, in a process that may die of them: who watches learns of which one.

A changed model is loaded, and if that is accepted, asked and explained. Some of that is done twice, with fresh
memory filled with other bytes each time: an answer that differs was read where nothing had been written. What native
libraries read and write lies beside guarded pages (`guarding`), and they must answer what a walk in plain Python finds
(`walking`). A model that takes more than a second of the processor hangs.
"""

from __future__ import annotations

import gc
import mmap
import os
import random
import resource
import shutil
import signal
import struct
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
from hostile.fuzz_models.decoded import Contents, changed, decoded, hand_over, handed
from hostile.fuzz_models.guarding import Overwritten, fill_fresh_memory
from hostile.fuzz_models.mutating import Files, mutated

from windvane.errors import CorruptArtifact, InvalidRequest

LIMIT_S = 1.0
_ASLEEP_S = 20.0
"""After which a process that waits for what does not come is ended, too."""

TWICE = 0.1
AS_FILES = 0.02
"""Of the changed models, those that are asked twice, and those whose files themselves are changed, summed up and read."""

_A_PROCESS = 20_000
"""Changed models that one process tries."""

_GARBAGE = 50_000
"""New objects after which circles are looked for: seldom, they are few."""

_MEMORY = 3 * 1024**3
_FILLINGS = (0x55, 0xAA)
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
DIFFERENT, OVERWRITTEN, WRONG = "different", "overwritten", "wrong"
_CODES = (ACCEPTED, REJECTED, UNFORESEEN, UNANSWERED, DIFFERENT, OVERWRITTEN, WRONG)
_MUST_NOT_BE = (DIFFERENT, OVERWRITTEN, WRONG)

_NOT_WRITTEN = (ValueError, TypeError, LookupError, AttributeError, OSError, RecursionError)
_PLACES, _PLACE_BYTES = 250, 80
_NOBODY = "nobody"


class WrongAnswer(Exception):
    """A library answers what its model does not say."""


@dataclass(frozen=True)
class Base:
    """A saved model that is changed.

    files   of the saved model, without sums
    write   puts changed files into a folder, sums included; raises ValueError if these cannot be written
    load    a model from that folder
    ask     answers and explanations of a loaded model, as bytes, with rows at one of the two edges of guarded memory
    fit     further changes that a change of files asks for
    fixed   files that stay as they are
    """

    files: Files
    write: Callable[[Files, Path], None]
    load: Callable[[Path], Any]
    ask: Callable[[Any, int], bytes]
    fit: Callable[[Files], Files] = lambda files: files
    fixed: Files = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """What is changed and tried.

    twice      share of models that are asked with fresh memory filled in two ways
    as_files   share of models whose files themselves are changed
    """

    name: str
    bases: tuple[Base, ...]
    twice: float = TWICE
    as_files: float = AS_FILES


@dataclass
class Report:
    """How many changed models there were of each outcome, by which function they were refused, and the seeds of those
    that must not be."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    refused_by: Counter[str] = field(default_factory=Counter)
    bad: list[tuple[int, str]] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0


class _Shared:
    """What a process that may die leaves: how far it came, an outcome each, and who refused."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._memory = mmap.mmap(-1, 16 + 2 * n + _PLACES * _PLACE_BYTES)
        self._known: dict[str, int] = {}

    @property
    def done(self) -> int:
        return int(struct.unpack_from("<q", self._memory, 0)[0])

    @done.setter
    def done(self, number: int) -> None:
        struct.pack_into("<q", self._memory, 0, number)

    def tell(self, number: int, outcome: str, place: str) -> None:
        self._memory[16 + 2 * number] = _CODES.index(outcome)
        self._memory[17 + 2 * number] = self._number(place)
        self.done = number + 1

    def told(self, numbers: range) -> list[tuple[str, str]]:
        names = self._names()
        pairs = self._memory[16 + 2 * numbers.start : 16 + 2 * numbers.stop]
        return [(_CODES[code], names[at]) for code, at in zip(pairs[::2], pairs[1::2], strict=True)]

    def _number(self, place: str) -> int:
        if place not in self._known:
            self._known = {name: at for at, name in enumerate(self._names())}
        if place not in self._known:
            at = min(len(self._known), _PLACES - 1)
            start = 16 + 2 * self._n + at * _PLACE_BYTES
            name = place.encode()[:_PLACE_BYTES]
            self._memory[start : start + _PLACE_BYTES] = name.ljust(_PLACE_BYTES, b"\0")
            self._known[place] = at
        return self._known[place]

    def _names(self) -> list[str]:
        whole = self._memory[16 + 2 * self._n :]
        found = [
            whole[at : at + _PLACE_BYTES].rstrip(b"\0").decode()
            for at in range(0, len(whole), _PLACE_BYTES)
        ]
        return [name for name in found if name]


def run(target: Target, seeds: range, folder: Path) -> Report:
    """Try a changed model for each seed; a process that dies is followed by another."""
    report = Report(target.name)
    began = time.monotonic()
    shared = _Shared(len(seeds))
    hand_over()
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    done = 0
    while done < len(seeds):
        shared.done = done
        child = os.fork()
        if child == 0:
            _work(target, seeds, range(done, min(done + _A_PROCESS, len(seeds))), shared, folder)
        _, status, used = os.wait4(child, 0)
        report.cpu_seconds += used.ru_utime + used.ru_stime
        reached = shared.done
        for i, (outcome, place) in enumerate(shared.told(range(done, reached)), done):
            report.counts[outcome] += 1
            if outcome == REJECTED:
                report.refused_by[place] += 1
            if outcome in _MUST_NOT_BE:
                report.bad.append((seeds[i], outcome))
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


def _work(target: Target, seeds: range, places: range, shared: _Shared, folder: Path) -> None:
    code = 1
    errors = os.dup(2)
    try:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        warnings.simplefilter("ignore")
        np.seterr(all="ignore")
        _silence()
        workshop = Workshop(target, folder)
        for place in places:
            shared.tell(place, *workshop.attempt(seeds[place]))
        code = 0
    except BaseException as error:  # noqa: BLE001 - the end of a forked process, whose parent is told
        os.write(errors, "".join(traceback.format_exception(error)).encode()[-3_000:])
    finally:
        os._exit(code)


def _silence() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)


class Workshop:
    """Folders of a target's models, in which changed ones are tried in this process."""

    def __init__(self, target: Target, folder: Path) -> None:
        self._target, self._folder = target, folder
        self._contents = [decoded(base.files) for base in target.bases]
        self._fixed = [decoded(base.fixed) for base in target.bases]
        shutil.rmtree(folder, ignore_errors=True)
        for number, base in enumerate(target.bases):
            (folder / str(number)).mkdir(parents=True)
            base.write(base.files, folder / str(number))

    def attempt(self, seed: int) -> tuple[str, str]:
        """The outcome of one changed model, and which function refused it."""
        chance = random.Random(seed)
        number = chance.randrange(len(self._target.bases))
        base = self._target.bases[number]
        signal.setitimer(signal.ITIMER_REAL, _ASLEEP_S)
        try:
            if chance.random() < self._target.as_files:
                return self._of_files(base, chance)
            other = self._contents[chance.randrange(len(self._contents))]
            return self._of_contents(base, number, other, chance)
        except CorruptArtifact as error:
            return REJECTED, _place_of(error)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _of_files(self, base: Base, chance: random.Random) -> tuple[str, str]:
        folder = self._folder / "changed"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            base.write(base.fit(mutated(base.files, chance)), folder)
        except _NOT_WRITTEN:
            return REJECTED, "not to be written"
        return self._tried(base, folder, chance)

    def _of_contents(
        self, base: Base, number: int, other: Contents, chance: random.Random
    ) -> tuple[str, str]:
        before, folder = self._contents[number], self._folder / str(number)
        try:
            made = changed(before, other, chance)
            plain = base.fit(before.plain | made.plain)
        except _NOT_WRITTEN:
            return REJECTED, "not to be written"
        plain = {name: one for name, one in plain.items() if one is not before.plain[name]}
        for name, content in plain.items():
            (folder / name).write_bytes(content)
        try:
            with handed(folder, self._fixed[number] | before | made):
                return self._tried(base, folder, chance)
        finally:
            for name in plain:
                (folder / name).write_bytes(before.plain[name])

    def _tried(self, base: Base, folder: Path, chance: random.Random) -> tuple[str, str]:
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
        way, side, told = chance.random(), chance.randrange(2), []
        for filling in _FILLINGS if way < self._target.twice else (chance.choice(_FILLINGS),):
            fill_fresh_memory(filling)
            try:
                model = base.load(folder)
            except CorruptArtifact as error:
                return REJECTED, _place_of(error)
            except _UNFORESEEN as error:
                return UNFORESEEN, _place_of(error)
            try:
                told.append(base.ask(model, side))
            except Overwritten:
                return OVERWRITTEN, _NOBODY
            except WrongAnswer:
                return WRONG, _NOBODY
            except (*_UNFORESEEN, CorruptArtifact, InvalidRequest):
                return UNANSWERED, _NOBODY
            del model
        return (ACCEPTED if told[0] == told[-1] else DIFFERENT), _NOBODY


def _place_of(error: BaseException) -> str:
    """The function of ours that refused first."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    at, found = error.__traceback__, ""
    while at is not None:
        found = _name_of(at.tb_frame.f_code) or found
        at = at.tb_next
    return found or "?"


@cache
def _name_of(code: CodeType) -> str:
    is_ours = "/windvane/engine/" in code.co_filename or "/fuzz_models/" in code.co_filename
    return f"{Path(code.co_filename).stem}.{code.co_name}" if is_ours else ""
