"""On how many folds the candidates of a search are compared: the first one shows it, and the others wait for that.

Where it takes so long over its first fold that no further one could be over in time, the number is plain before it ends.
Whether it goes on or the others begin is decided by who makes one file first.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

from windvane.engine.data.analysis import Analysis
from windvane.engine.tuning.pacing import settled_folds, settles_after_s

FIRST = 1
"""The index of the candidate that goes ahead of the others."""


class FoldCount:
    """claim    a file that is not there: see the module"""

    def __init__(self, analysis: Analysis, claim: Path) -> None:
        self.claim = claim
        self._analysis = analysis
        self._known = settled_folds(analysis)
        self._settles_at = math.inf

    @property
    def known(self) -> int | None:
        """None while it is not; the first candidate alone may be under way then."""
        if self._known is None and time.time() >= self._settles_at:
            self._settles_at = math.inf
            if claimed(self.claim):
                self._known = 1
        return self._known

    @property
    def changes_at(self) -> float:
        """The time.time() at which `known` may change though nothing has ended."""
        return self._settles_at

    def first_begins(self, further_s: float) -> None:
        """`further_s` as in its terms (engine/tuning/pacing.py)."""
        self._settles_at = time.time() + settles_after_s(self._analysis, further_s)

    def first_ended(self, folds_used: int | None) -> None:
        """None: it failed, and each of the others does as many folds as it can."""
        self._settles_at = math.inf
        self._known = folds_used or self._known or 1


def claimed(file: Path) -> bool:
    """Make the file; False if it is there already."""
    try:
        file.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
