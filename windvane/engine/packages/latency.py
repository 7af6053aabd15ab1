"""How long one row takes through the real predictor, and how many bytes a folder holds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from windvane.engine.data.sample import Row
from windvane.engine.packages.package import Predictor

_CALLS = 200
_BUDGET_S = 0.1


def row_latency_s(predictor: Predictor, rows: Sequence[Row]) -> float:
    """Median seconds of up to 200 calls with one row each, within a tenth of a second; at least 3 calls.

    rows    taken in turn: a processor that is asked the same again and again foresees each tree's way
    """
    predictor.predict([rows[0]])
    took: list[float] = []
    started = time.perf_counter()
    for row in islice(cycle(rows), _CALLS):
        before = time.perf_counter()
        predictor.predict([row])
        after = time.perf_counter()
        took.append(after - before)
        if after - started > _BUDGET_S and len(took) >= 3:
            break
    return statistics.median(took)


def folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
