"""Several processes, on as many machines, that train one model together, each from its share of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

BINNING_ROWS = 200_000
"""A sample of all rows, in which each member finds the borders of bins: as many as LightGBM takes by itself."""

_BLOCK_ROWS = 256


class Members(Protocol):
    """The processes that train one model together, as one of them sees them.

    rank    its number, from 0; the first one alone has rows to validate on, decides when training ends, and keeps the model
    size    how many there are
    """

    @property
    def rank(self) -> int: ...

    @property
    def size(self) -> int: ...

    def all_to_all(self, parts: Sequence[bytes]) -> list[bytes]:
        """Give each member its part, by rank, and return what each has given to this one. All of them call it, in the same order.

        raises    MemberLost if one of them is gone
        """


def is_over_for_all(members: Members, is_over: bool) -> bool:
    """Return whether the first member says that training is over.

    is_over    what the caller would say; of others than the first it does not count
    """
    own = b"\1" if is_over and members.rank == 0 else b""
    return bool(members.all_to_all([own] * members.size)[0])


def share(members: Members, n_rows: int) -> NDArray[np.int64]:
    """Return the positions of the rows that a member learns from: blocks in turn, so that shares are alike in sorted tables too, and
    a mapped file is not read whole."""
    rows = np.arange(n_rows)
    return np.flatnonzero(rows // _BLOCK_ROWS % members.size == members.rank)
