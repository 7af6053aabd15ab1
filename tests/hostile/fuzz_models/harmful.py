"""python -m hostile.fuzz_models.harmful FOLDER

"Models" that do what changed ones must not do: the fuzzer has to see each of them.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from hostile.fuzz_models.guarding import at_both_edges, check_before, output
from hostile.fuzz_models.running import Base, Target, WrongAnswer, run
from hostile.fuzz_models.walking import is_sum

_ROWS = at_both_edges(np.ones((3, 4), np.float32))


def _reads_before(_model: Any, _side: int) -> bytes:
    return ctypes.string_at(_ROWS[0].ctypes.data - 1, 1)


def _reads_behind(_model: Any, _side: int) -> bytes:
    return ctypes.string_at(_ROWS[1].ctypes.data + _ROWS[1].nbytes, 1)


def _writes_behind(_model: Any, _side: int) -> bytes:
    made, _ = output(3)
    ctypes.memset(made.ctypes.data, 0, made.nbytes + 1)
    return made.tobytes()


def _writes_before(_model: Any, _side: int) -> bytes:
    made, before = output(3)
    ctypes.memset(made.ctypes.data - 8, 0, 8)
    check_before(before)
    return made.tobytes()


def _writes_behind_a_block(_model: Any, _side: int) -> bytes:
    block = _allocated(24)
    ctypes.memset(block, 1, 25)
    ctypes.pythonapi.PyMem_RawFree(ctypes.c_void_p(block))
    return b""


def _answers_anything(_model: Any, _side: int) -> bytes:
    return ctypes.string_at(_allocated(200), 200)


def _answers_wrongly(_model: Any, _side: int) -> bytes:
    if not is_sum(np.array([[1.5]]), np.array([[1.0, 0.25]]), 1e-10):
        raise WrongAnswer
    return b""


def _spins(_model: Any, _side: int) -> bytes:
    while True:
        pass


def _allocated(n: int) -> int:
    allocate = ctypes.pythonapi.PyMem_RawMalloc
    allocate.restype = ctypes.c_void_p
    return int(allocate(ctypes.c_size_t(n)))


_HARM = {
    "reads before its rows": _reads_before,
    "reads behind its rows": _reads_behind,
    "writes behind its answer": _writes_behind,
    "writes before its answer": _writes_before,
    "writes behind a block of the heap": _writes_behind_a_block,
    "answers what it was not given": _answers_anything,
    "answers what its trees do not say": _answers_wrongly,
    "spins": _spins,
}


def main() -> None:
    for name, ask in _HARM.items():
        base = Base({"a.txt": b"a=1"}, _write, Path.is_dir, ask)
        target = Target(name, (base,), twice=1, as_files=0)
        report = run(target, range(1), Path(sys.argv[1]) / "tried")
        print(json.dumps({"name": name, "counts": report.counts}), flush=True)


def _write(files: dict[str, bytes], folder: Path) -> None:
    (folder / "a.txt").write_bytes(files["a.txt"])


if __name__ == "__main__":
    main()
