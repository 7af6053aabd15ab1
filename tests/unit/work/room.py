"""Memory for the workers of a test. Their tasks are forks of the test's own process and hold what it holds."""

import os

from windvane.process.memory import tree_memory_mb

_SHARES = 3
"""Two tasks of training and an express one."""


def room_mb() -> int:
    return _SHARES * (400 + int(tree_memory_mb(os.getpid())))
