"""Few rows are answered on one thread of linear algebra: threads that wait for each other take longer than one alone on small
matrices, on a busy machine fifty times as long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

MOST_ROWS = 32


@contextmanager
def one_thread() -> Iterator[None]:
    """Predict with one thread until the block is left; it takes 10 µs. Threads may do so side by side: whoever finds
    one thread changes nothing, so the number that was there before comes back whoever leaves last. OpenBLAS takes no
    number from some threads; then it keeps the one that it has."""
    limited = [(one, n) for one in _libraries() if (n := one.num_threads) != 1]
    for library, _ in limited:
        library.set_num_threads(1)
    try:
        yield
    finally:
        for library, n_threads in limited:
            library.set_num_threads(n_threads)


@cache
def _libraries() -> tuple[Any, ...]:
    """Find the libraries of linear algebra that are loaded when the first rows are answered."""
    return tuple(ThreadpoolController().select(user_api="blas").lib_controllers)
