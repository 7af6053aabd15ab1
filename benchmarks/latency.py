"""Measure how quickly models answer: milliseconds for one row, rows a second, loading, size. Run by hand:

    python -m benchmarks.latency ROWS.csv FOLDER ...

FOLDER is a saved model (`AutoML.save`), or what `AutoML.fit(keep=FOLDER)` leaves: then every candidate is measured.
ROWS.csv holds rows of the same table; its target, if it is there, is passed over. Every model is loaded and asked in
a fresh process that has imported windvane before, by one thread and, for many rows, by one for each core too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.markdown import markdown_table
from windvane.automl.leaderboard import leaderboard_from_json
from windvane.automl.local.frame_reader import FrameReader
from windvane.automl.local.frames import cells_of
from windvane.engine.packages.blocks import predict_in_blocks
from windvane.engine.packages.latency import folder_bytes
from windvane.engine.packages.package import load_predictor
from windvane.engine.stages import assemble

_BATCH = 10_000
_CALLS = 1_000
_FRAMES = 200
_BATCHES = 3


@dataclass(frozen=True)
class Speed:
    """load_ms             reading the packages in a fresh process, libraries of the model included
    first_ms            the first row after that
    row_ms              one row of cells through the predictor: median, and the 99th percentile
    frame_ms            a DataFrame of one row, median
    rows_per_s          a DataFrame of 10,000 rows, best of three
    threaded_rows_per_s the same by a thread for each core
    """

    name: str
    load_ms: float
    first_ms: float
    row_ms: float
    row_p99_ms: float
    frame_ms: float
    rows_per_s: float
    threaded_rows_per_s: float
    size_mb: float


def measure(name: str, folder: Path, rows: Path) -> Speed:
    """The speed of the packages folder/transformers and folder/model."""
    started = time.perf_counter()
    predictor = load_predictor(folder / "transformers", folder / "model")
    load_s = time.perf_counter() - started
    reader = FrameReader(predictor.columns)
    frame = pd.read_csv(rows, nrows=_BATCH)
    columns = [cells_of(frame[name]) for name in predictor.schema.features]
    cells = [list(row) for row in zip(*columns, strict=True)]

    def ask_frame(some: pd.DataFrame, threads: int = 1) -> None:
        predict_in_blocks(predictor, reader.read(some), len(some), threads)

    first_s = _seconds(lambda: predictor.predict([cells[0]]))
    row_s = [
        _seconds(lambda row=row: predictor.predict([row]))  # type: ignore[misc]
        for row in (cells[i % len(cells)] for i in range(_CALLS))
    ]
    frame_s = [
        _seconds(lambda i=i: ask_frame(frame.iloc[i % len(frame) :][:1]))  # type: ignore[misc]
        for i in range(_FRAMES)
    ]
    many = frame.iloc[np.arange(_BATCH) % len(frame)]

    def many_per_s(threads: int) -> float:
        return _BATCH / min(_seconds(lambda: ask_frame(many, threads)) for _ in range(_BATCHES))

    return Speed(
        name,
        1000 * load_s,
        1000 * first_s,
        1000 * float(np.median(row_s)),
        1000 * float(np.quantile(row_s, 0.99)),
        1000 * float(np.median(frame_s)),
        many_per_s(1),
        many_per_s(os.cpu_count() or 1),
        folder_bytes(folder) / 1e6,
    )


def _seconds(function: Callable[[], object]) -> float:
    before = time.perf_counter()
    function()
    return time.perf_counter() - before


def main(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["--measure"]:
        name, folder, rows = arguments[1:]
        print(json.dumps(asdict(measure(name, Path(folder), Path(rows)))))
        return 0
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    rows, folders = Path(arguments[0]), [Path(folder) for folder in arguments[1:]]
    print(speed_table([speed for folder in folders for speed in speeds_of(folder, rows)]))
    return 0


def speed_table(speeds: Sequence[Speed]) -> str:
    cells = [[_cell(value) for value in asdict(one).values()] for one in speeds]
    return markdown_table(list(asdict(speeds[0])), cells)


def speeds_of(folder: Path, rows: Path) -> list[Speed]:
    if (folder / "transformers").is_dir():
        return [_apart(folder.name, folder, rows)]
    recipes = {path.name: path for path in (folder / "features").iterdir()}
    entries = leaderboard_from_json(json.loads((folder / "leaderboard.json").read_text()))
    finished = [entry for entry in entries if entry.outcome]
    candidates = {entry.index: folder / "candidates" / str(entry.index) for entry in finished}
    speeds = []
    with tempfile.TemporaryDirectory() as scratch:
        for entry in finished:
            into = Path(scratch, str(entry.index))
            assemble(folder / "dataset", recipes, candidates, entry.index, into)
            speeds.append(_apart(f"{entry.algorithm} {entry.index}", into, rows))
    return speeds


def _apart(name: str, folder: Path, rows: Path) -> Speed:
    """Measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.latency", "--measure", name, str(folder), str(rows)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd=Path(__file__).parent.parent,
    )
    return Speed(**json.loads(done.stdout))


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
