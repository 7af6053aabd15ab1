"""Loads the libraries of the learners into the process that candidates are forked from: what is there is there for
all of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module

import pyarrow as pa

from windvane.engine.learners.catalogue import learner

_OPTIONAL = {
    "lightgbm": ("sklearn", "pandas"),
    "xgboost": ("sklearn", "pandas"),
    "sklearn.ensemble": ("pandas",),
}
"""What a library imports only to offer it to its users: our learners hand it NumPy arrays. It is most of the time that
importing it takes. CatBoost cannot do without pandas."""

_AHEAD = ("lightgbm", "xgboost")
"""What every search begins with. CatBoost, which comes later, takes four times as long as both."""


class Libraries:
    """The libraries of a process that trains and does nothing else: boosters loaded here do without what they could do
    without.

    ahead   loaded one by one by `load_next`, the soonest needed first
    """

    def __init__(self, ahead: Sequence[str] = _AHEAD) -> None:
        self._ahead = list(ahead)

    def load_next(self) -> bool:
        """Load one; whether there was one left."""
        if not self._ahead:
            return False
        _load(self._ahead.pop(0))
        return True

    def load_for(self, algorithm: str) -> None:
        """Load what the algorithm is fitted with, unless it is there, or is an extra that is not installed."""
        card = learner(algorithm)
        if card.library and card.is_trainable and card.library not in sys.modules:
            _load(card.library)


def keep_pandas_from_arrow() -> None:
    """Let Arrow do without pandas in this process and its forks. It looks for it once, when the first column becomes an
    array; that takes a second, and nothing here is handed over to pandas."""
    with absent(("pandas",)):
        # Where the import system says that there is none, the one of Arrow's two looks that is taken first ends like this.
        with suppress(AttributeError):
            pa.array([0])
        pa.array([0, None]).to_numpy(zero_copy_only=False)


def _load(name: str) -> None:
    with absent(_OPTIONAL.get(name, ())):
        import_module(name)


@contextmanager
def absent(names: Sequence[str]) -> Iterator[None]:
    """Make importing one of these packages fail within the block as if it were not installed, unless it is loaded
    already."""
    hidden = [name for name in names if name not in sys.modules]
    # A None tells the import system that there is no such module (Python reference, 5.3.1).
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
