"""Linear algebra on one thread, as in the processes of a service or a job: sums in another order differ in the last
digit, and threads that wait for each other take longer than one alone on small matrices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from threadpoolctl import threadpool_limits

_WITH_THREADS = ("numpy", "scipy.linalg")
"""Modules that bring a library of linear algebra of their own; only what is loaded can be limited."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread in this process, until the block is left."""
    for module in _WITH_THREADS:
        import_module(module)
    with threadpool_limits(limits=1):
        yield
