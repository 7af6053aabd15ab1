"""Loads the libraries of the learners into the process that candidates are forked from: what is there is there for
all of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module

_OPTIONAL = ("sklearn", "pandas")
"""What the boosters import only to offer it to their users: our learners hand them NumPy arrays. It is most of the time
that importing them takes."""

_LEAN = ("lightgbm", "catboost", "xgboost")
_WHOLE = ("scipy.optimize", "sklearn.ensemble")


class Libraries:
    """Those not loaded yet, the soonest needed first. For a process that trains and does nothing else: what is
    loaded here does without the libraries that it could do without."""

    def __init__(self, names: Sequence[str] = (*_LEAN, *_WHOLE)) -> None:
        self._left = list(names)

    def load_next(self) -> bool:
        """Load one; whether there was one left."""
        if not self._left:
            return False
        name = self._left.pop(0)
        if name in _LEAN:
            with absent(_OPTIONAL):
                import_module(name)
        else:
            import_module(name)
        return True

    def load_all(self) -> None:
        while self.load_next():
            pass


@contextmanager
def absent(names: Sequence[str]) -> Iterator[None]:
    """Within the block, importing one of these packages fails as if it were not installed, unless it is loaded
    already."""
    hidden = [name for name in names if name not in sys.modules]
    # A None tells the import system that there is no such module (Python reference, 5.3.1).
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
