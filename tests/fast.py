"""What holds `make test-fast` to its word: in every run, a server or a training in one of its tests is an error."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from windvane.engine.learners.catalogue import LearnerCard

_TOLD = "belongs to the slow files of tests/ordering.py"
_STARTED = (
    "windvane serve",
    "windvane.cli.main serve",
    "serve_watched.py",
    "windvane.automl.local",
    "windvane.automl.forecasting",
)


@contextmanager
def nothing_slow() -> Iterator[None]:
    """Within the block, in this process and its forks, no learner is fitted and no server or job of the library started."""
    begin = subprocess.Popen.__init__

    def start(process: subprocess.Popen[Any], args: Any, *others: Any, **named: Any) -> None:
        words = args if isinstance(args, str) else " ".join(map(str, args))
        command, _, _ = words.partition(" -c ")  # behind it stand a program and its own arguments
        if any(name in command for name in _STARTED):
            raise AssertionError(f"A test that starts `{words[:200]}` {_TOLD}.")
        begin(process, args, *others, **named)

    def fit(card: LearnerCard, *_: object) -> None:
        raise AssertionError(f"A test that trains {card.name} {_TOLD}.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", start)
        patch.setattr(LearnerCard, "fit", fit)
        yield
