"""Logs as CloudWatch knows them: groups, streams in them, lines in those; and which group a resource writes to.

What stands in a line is said without any value of anybody's data (notes/log.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from windvane.domain.resource import Kind, Resource
from windvane.names import Scope, derived_suffix
from windvane.notes.log import in_log
from windvane.notes.note import Note, note_from_json
from windvane.notes.untrusted import bounded

LONGEST_MESSAGE = 8192
"""Characters of a line."""

AUTO_ML_JOBS = "/aws/sagemaker/AutoMLJobs"

_GROUPS: dict[StrEnum, str] = {
    Kind.AUTO_ML_JOB: AUTO_ML_JOBS,
    Kind.PROCESSING_JOB: "/aws/sagemaker/ProcessingJobs",
    Kind.TRAINING_JOB: "/aws/sagemaker/TrainingJobs",
    Kind.TRANSFORM_JOB: "/aws/sagemaker/TransformJobs",
}

Position = tuple[int, int]
"""Of a line among all of its group: milliseconds since 1970, id."""


@dataclass(frozen=True)
class LogPlace:
    """The place of a log line."""

    scope: Scope
    group: str
    stream: str


@dataclass(frozen=True)
class LogGroup:
    """A group of log streams.

    n_bytes    of the messages that are kept
    """

    scope: Scope
    name: str
    created: datetime
    n_bytes: int


@dataclass(frozen=True)
class LogStream:
    """A stream of log lines.

    first, last    times of its oldest and its newest line that are kept, or were
    ingested          when the newest was written
    """

    name: str
    created: datetime
    first: datetime
    last: datetime
    ingested: datetime
    n_bytes: int


@dataclass(frozen=True)
class LogLine:
    """A line that is to be written.

    note    what it tells; None for a text that nothing is made of. One that is too long is not kept
    """

    message: str
    note: Note | None = None


@dataclass(frozen=True)
class LogEvent:
    """One line. Times are whole milliseconds and never fall within a group, whatever the clock does.

    kept    the note that it tells, as JSON: few who read lines ask for it
    """

    id: int
    stream: str
    time_ms: int
    ingested_ms: int
    message: str
    kept: str | None = None

    @property
    def note(self) -> Note | None:
        """What it tells; None in lines of earlier versions but those of an endpoint's history."""
        return None if self.kept is None else note_from_json(json.loads(self.kept))

    @property
    def position(self) -> Position:
        return self.time_ms, self.id


def place_of(job: Resource) -> LogPlace:
    """Return where an AutoML job (a stream of its name) or a step job (the one stream of its one instance) writes.

    raises    KeyError for any other resource
    """
    group = _GROUPS[job.kind]
    if job.kind is Kind.AUTO_ML_JOB:
        return LogPlace(job.scope, group, job.name)
    instance = f"algo-1-{int(job.created.timestamp())}"
    return LogPlace(job.scope, group, f"{job.name}/{instance}")


def endpoint_place(endpoint: Resource, generation: int, variant: str, number: int) -> LogPlace:
    """Return where one instance of a variant of an endpoint writes; the next generation has instances of its own."""
    of = (endpoint.arn, endpoint.created.isoformat(), str(generation), variant, str(number))
    stream = f"{variant}/i-{derived_suffix(*of, n_hex=17)}"
    return LogPlace(endpoint.scope, endpoint_log_group(endpoint.name), stream)


def endpoint_log_group(name: str) -> str:
    return f"/aws/sagemaker/Endpoints/{name}"


def line_of(note: Note) -> LogLine:
    """Return the line that tells a note; it keeps no more of anybody's data than it tells."""
    return LogLine(in_log(note), bounded(note, 0))


def clean(message: str) -> str:
    """Return a message as one line of printable text that is not too long; never empty, as CloudWatch wants it."""
    line = "".join(c if c.isprintable() else " " for c in message[: LONGEST_MESSAGE + 1])
    shown = line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE - 3]}..."
    return shown.strip() or "-"
