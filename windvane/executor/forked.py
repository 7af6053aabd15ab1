"""Work in a fork of this process, and what it leaves: how it ended, and its result as JSON."""

from __future__ import annotations

import fcntl
import json
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import IO, Any

from windvane.jsonsize import count_values
from windvane.process.child import Child, Ending, Exit
from windvane.process.confinement import Confinement

Result = dict[str, Any]

MOST_RESULT, MOST_VALUES = 1 << 16, 4000
"""Bytes and values; read as JSON by whoever gave the work, in the service a worker, whose memory nothing caps, and again with those of all other tasks of the
job whenever one of them ends, while nobody else may write to the store. An ensemble of 750 members has less than half of either."""


MOST_SAID = 1000
"""Bytes of what a task says at once while it runs."""


class ForkedTask:
    """A task under way in a child of this process. Its result is what it left in a file without a name, so that nothing
    that it puts anywhere else is taken for it."""

    def __init__(self, child: Child, result: IO[bytes]) -> None:
        self.child = child
        self._result = result

    @classmethod
    def start(
        cls,
        work: Callable[[], Result],
        folder: Path,
        *,
        memory_mb: int | None = None,
        confinement: Confinement | None = None,
        keep: Collection[int] = (),
    ) -> ForkedTask:
        """Start a child as Child.start does.

        folder    where there is room for the result
        """
        result = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed when it was taken

        def leave() -> None:
            result.write(json.dumps(work()).encode())
            result.flush()

        child = Child.start(
            leave, memory_mb=memory_mb, confinement=confinement, keep=(result.fileno(), *keep)
        )
        return cls(child, result)

    def wait(self, timeout_s: float | None = None) -> Exit | None:
        """Wait as Child.wait does."""
        return self._without_result(self.child.wait(timeout_s))

    def kill(self, reason: Ending = Ending.KILLED) -> Exit:
        """Kill as Child.kill does."""
        ended = self.child.kill(reason)
        self._without_result(ended)
        return ended

    def take_result(self) -> bytes:
        """Return what it left, once it has ended; to be asked once. Nothing of one that did not finish."""
        if self._result.closed:
            return b""
        with self._result as file:
            fcntl.fcntl(
                file, fcntl.F_SETFL, 0
            )  # the task's flags are ours: O_DIRECT fails our read
            file.seek(0)
            return file.read(MOST_RESULT)

    def _without_result(self, ended: Exit | None) -> Exit | None:
        if ended is not None and ended.ending is not Ending.FINISHED:
            self._result.close()
        return ended


def read_result(data: bytes) -> Result:
    """Read the result that a fork has written.

    raises    ValueError if that is no JSON object, or larger than a result is
    """
    if (n_values := count_values(data)) > MOST_VALUES:
        raise ValueError(f"it has {n_values} values; {MOST_VALUES} are the most")
    try:
        result = json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(result, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - the content is wrong, no caller
    return result
