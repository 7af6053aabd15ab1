"""The process that makes one preview: it holds foreign data, and may be killed at any moment.

It asks its parent for bytes by lines of JSON on standard output, {"read": [start, length]}, each answered on standard
input by a line with their number and the bytes; its last line is {"seen": ...} or {"fault": ...}.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from windvane.engine.preview.records import PreviewRequest
from windvane.errors import DataFault, WindvaneError
from windvane.process.confinement import confine, confinement_from
from windvane.process.memory import writable_bytes

MOST_BYTES = 96 * 1000**2
"""PreviewRequest for in all: the wide pages of a Parquet file, and its footer."""


class ParentsBytes:
    """A Source (engine/preview/source.py) whose bytes the parent hands over."""

    def __init__(self, name: str, size: int, answers: BinaryIO, questions: BinaryIO) -> None:
        self.name, self.size = name, size
        self._answers, self._questions = answers, questions
        self._left = MOST_BYTES

    def read(self, start: int, length: int) -> bytes:
        """Return bytes of the file, within what a preview may read.

        raises    DataFault if that is more than is handed out
        """
        length = max(0, min(length, self.size - start))
        self._left -= length
        if self._left < 0:
            raise DataFault(
                f"More than {MOST_BYTES // 1000**2} MB of {self.name} would have to be read to "
                "show its first rows, so it cannot be previewed. A job can still use it."
            )
        if length == 0:
            return b""
        say(self._questions, {"read": [start, length]})
        n_bytes = int(self._answers.readline())
        return self._answers.read(n_bytes)


def say(stream: BinaryIO, told: dict[str, Any]) -> None:
    stream.write(json.dumps(told).encode() + b"\n")
    stream.flush()


def _cap(memory_mb: int) -> None:
    limit = writable_bytes() + memory_mb * 1024**2
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def main() -> None:
    answers, questions = sys.stdin.buffer, sys.stdout.buffer
    told = json.loads(answers.readline())
    if "confinement" in told:
        confine(confinement_from(told["confinement"]))
    from windvane.engine.preview.table import preview  # its libraries map much that is no data

    _cap(told["memory_mb"])
    asked = PreviewRequest.from_json(told["asked"])
    source = ParentsBytes(asked.name, asked.n_bytes, answers, questions)
    try:
        seen = preview(source, asked, Path(told["scratch"]))
    except WindvaneError as fault:
        say(questions, {"fault": str(fault)})
    except MemoryError:
        say(
            questions,
            {
                "fault": f"{asked.name} is too large to be previewed: it has too many columns or too long rows."
            },
        )
    else:
        say(questions, {"seen": asdict(seen)})


if __name__ == "__main__":
    main()
