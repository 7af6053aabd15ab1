"""The heap of the C library, from which everything but small Python objects is allocated."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8
"""source    malloc.h of glibc"""


def share_heap() -> None:
    """Have all threads of this process share one heap; to be called before there is a second thread.

    By default glibc gives each thread a heap of its own, and what one has freed is of no use to the others: a server
    with many threads grows for hours. Other C libraries have one heap anyway.

    source    mallopt(3)
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
