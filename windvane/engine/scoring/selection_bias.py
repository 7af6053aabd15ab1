"""How much better the best candidate looks for having been picked by the scores it is shown with.

The highest of several uncertain scores is likely to be one that luck has raised. The choice is repeated on resampled
rows and judged on the rows left out, without training anything again.

source    Tsamardinos, Greasidou, Borboudakis 2018, "Bootstrapping the out-of-sample predictions for efficient and
          accurate cross-validation", algorithm 2 (BBC-CV)
"""

from __future__ import annotations

import numpy as np

from windvane.engine.scoring.metrics import Floats

_RESAMPLES = 200
_MOST_GROUPS = 1_000
"""Rows are dealt into groups and the groups are resampled: means of few rows vary as the rows do."""


def optimism_of_best(gains: Floats, seed: int) -> float:
    """Return by how much the mean of the best column is expected to fall on new rows because it was chosen as the best.

    gains    (n_rows, n_candidates) what each row adds to each candidate's objective, more being better; their column
             means are the scores (`evaluate.row_gains`)
    returns  >= 0; 0 for a single candidate
    """
    n_rows, n_candidates = gains.shape
    if n_candidates < 2 or n_rows < 2:
        return 0.0
    grouped = _grouped(gains)
    n_groups = len(grouped)
    random = np.random.default_rng(seed)
    counts = random.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=_RESAMPLES)
    left_out = (counts == 0).astype(np.float64)
    chosen = np.argmax(counts @ grouped, axis=1)
    n_left_out = np.maximum(left_out.sum(axis=1), 1.0)
    on_left_out = (left_out @ grouped)[np.arange(_RESAMPLES), chosen] / n_left_out
    return max(0.0, float(grouped.mean(axis=0).max() - on_left_out.mean()))


def _grouped(gains: Floats) -> Floats:
    """Return (n_groups, n_candidates) means of groups of rows, all of the same size; a rest of rows is left out."""
    size = -(-len(gains) // _MOST_GROUPS)
    n_groups = len(gains) // size
    dealt = gains[: n_groups * size].reshape(size, n_groups, -1)
    return np.asarray(dealt.mean(axis=0))
