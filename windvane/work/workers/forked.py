"""A task in a fork of this process, and what it leaves: how it ended, and its result as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from typing import Any

from windvane.process.child import Child, Ending, Exit
from windvane.process.confinement import Confinement

Result = dict[str, Any]

MOST_RESULT = 1 << 26


class ForkedTask:
    """A task under way in a child of this process. Its result is what it left in a file without a name, so that nothing
    that it puts anywhere else is taken for it."""

    def __init__(self, child: Child, result: int) -> None:
        self.child = child
        self._result = result

    @classmethod
    def start(
        cls,
        work: Callable[[], Result],
        *,
        memory_mb: int | None = None,
        confinement: Confinement | None = None,
        keep: Collection[int] = (),
    ) -> ForkedTask:
        """As Child.start."""
        result = os.memfd_create("result")

        def leave() -> None:
            with os.fdopen(result, "wb", closefd=False) as file:
                file.write(json.dumps(work()).encode())

        child = Child.start(
            leave, memory_mb=memory_mb, confinement=confinement, keep=(result, *keep)
        )
        return cls(child, result)

    def wait(self, timeout_s: float | None = None) -> Exit | None:
        """As Child.wait."""
        return self.child.wait(timeout_s)

    def kill(self, reason: Ending = Ending.KILLED) -> Exit:
        """As Child.kill."""
        return self.child.kill(reason)

    def take_result(self) -> bytes:
        """What it left, once it has ended; to be asked once."""
        size = min(os.fstat(self._result).st_size, MOST_RESULT)
        with os.fdopen(self._result, "rb") as file:
            file.seek(0)
            return file.read(size)


def read_result(data: bytes) -> Result:
    """raises    ValueError if that is no JSON object"""
    try:
        result = json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(result, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - the content is wrong, no caller
    return result
