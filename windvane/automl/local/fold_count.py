"""On how many folds the candidates of a search are compared.

The first candidate's first fold shows it, and the others wait for that. Where it takes so long that a second one would be
too much, the number is plain before it ends. Both may come to it at the same moment; the one who makes a link first has
said it.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

from windvane.engine.data.analysis import Analysis
from windvane.engine.tuning.pacing import least_folds, settled_folds, settles_after_s

FIRST = 1
"""The index of the candidate that goes ahead of the others."""


class FoldCount:
    """said    a symbolic link that is not there yet: it comes to be with its text, the number, or not at all"""

    def __init__(self, analysis: Analysis, said: Path) -> None:
        self._analysis, self._said = analysis, said
        self._known = settled_folds(analysis)
        self._settles_at = math.inf

    @property
    def known(self) -> int | None:
        """None while it is not; the first candidate alone may be under way then."""
        if self._known is None and self._said.is_symlink():
            self._known = self._read()
        if self._known is None and time.time() >= self._settles_at:
            self._known = self.agree(1)
        return self._known

    def has_become_known(self) -> bool:
        """Since it was last asked for."""
        return self._known is None and self.known is not None

    def first_begins(self, further_s: float) -> None:
        """`further_s` as in its terms (engine/tuning/pacing.py)."""
        self._settles_at = time.time() + settles_after_s(self._analysis, further_s)

    def agree(self, n_folds: int) -> int:
        """The number that holds: this one unless another was said before. The first candidate asks it in its own
        process."""
        try:
            self._said.symlink_to(str(n_folds))
        except FileExistsError:
            return self._read()
        return n_folds

    def first_ended(self) -> None:
        """If it failed without a word the others do what they must."""
        if self.known is None:
            self._known = least_folds(self._analysis)

    def end(self) -> None:
        """Remove the link, when nobody asks any more."""
        self._said.unlink(missing_ok=True)

    def _read(self) -> int:
        return int(self._said.readlink().name)
