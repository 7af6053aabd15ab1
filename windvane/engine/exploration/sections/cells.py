"""Single cells of a stored table, as they are shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windvane.engine.exploration.stored import MEASURED, StoredTable
from windvane.engine.exploration.wording import cell, measured
from windvane.wording import number


def cells_of(table: StoredTable, name: str, rows: NDArray[np.int64]) -> list[str]:
    """Return the cells of a feature or the target in these rows."""
    analysis = table.analysis
    if name == analysis.target:
        told = table.y[rows].tolist()
        return [cell(analysis.labels[int(y)]) if analysis.n_classes else number(y) for y in told]
    kind = table.types[name]
    if kind in MEASURED:
        return [measured(value, kind) for value in table.numbers(name)[rows].tolist()]
    words = table.words(name)
    return [cell(words.texts[code].as_py() if code >= 0 else None) for code in words.codes[rows]]
