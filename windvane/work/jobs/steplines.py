"""What the log of a processing, training or transform job tells, worked out from what changed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from windvane.domain.candidate import ProcessingJob, TrainingJob
from windvane.domain.images import algorithm_of
from windvane.domain.logs import LogLine, line_of, place_of
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.store.base import Transaction

_LOG = logging.getLogger(__name__)

NOTHING: Mapping[str, Any] = MappingProxyType({})


def tell_step(
    tx: Transaction,
    old: ProcessingJob | None,
    new: ProcessingJob,
    now: datetime,
    result: Mapping[str, Any] = NOTHING,
) -> None:
    """Write what became of a step job to its log.

    old       None for one that was just made
    result    of its task
    """
    tx.log(place_of(new), as_lines(step_notes(old, new, result)), now)


def step_notes(
    old: ProcessingJob | None, new: ProcessingJob, result: Mapping[str, Any] = NOTHING
) -> Iterator[Note]:
    """Return what is to be told of a step job that was `old` and is `new`."""
    named = {"kind": str(new.kind), "job": new.name}
    if new.started is not None and (old is None or old.started is None):
        yield Note(NoteCode.STEP_STARTED, {**named, **_made_with(new)})
    if not new.status.is_final or (old is not None and old.status is new.status):
        return
    yield from _done(result)
    if isinstance(new, TrainingJob):
        for metric in new.metrics:
            score = {
                "split": metric.split,
                "metric": str(metric.name),
                "value": metric.value,
                "standard_error": metric.standard_error,
            }
            yield Note(NoteCode.STEP_METRIC, score)
    is_timed = new.started is not None and new.ended is not None
    took_s = seconds(new.started or new.created, new.ended or new.modified) if is_timed else None
    ended = {**named, "status": str(new.status), "took_s": took_s}
    yield Note(NoteCode.STEP_ENDED, ended, new.failure)


def _done(result: Mapping[str, Any]) -> Iterator[Note]:
    """Yield what a training or transform job read and wrote, in figures."""
    if table := result.get("table"):
        names = ("n_rows", "n_held_out", "n_features")
        yield Note(NoteCode.TABLE_READ, {name: table[name] for name in names})
    if (n_objects := result.get("objects")) is not None:
        yield Note(NoteCode.OBJECTS_TRANSFORMED, {"n_objects": n_objects})
    if rows := result.get("rows"):
        yield Note(NoteCode.ROWS_WRITTEN, {"rows": dict(rows)})


def as_lines(notes: Iterable[Note]) -> tuple[LogLine, ...]:
    """Return the lines that tell notes; those that cannot be told hold up no job."""
    lines = []
    try:
        for note in notes:
            lines.append(line_of(note))  # noqa: PERF401 - what comes before a fault is kept
    except Exception:  # noqa: BLE001 - the end of a telling: the change itself must be written
        _LOG.exception("Not all log lines of a job could be written.")
        lines.append(line_of(Note(NoteCode.LINES_MISSING)))
    return tuple(lines)


def seconds(start: datetime, end: datetime) -> float:
    """Return the seconds from one to the other, not less than none."""
    return max(0.0, (end - start).total_seconds())


def _made_with(job: ProcessingJob) -> dict[str, object]:
    details = job.details
    if model := details.get("ModelName"):
        return {"model": model}
    image = details.get("AlgorithmSpecification", {}).get("TrainingImage", "")
    image = image or details.get("AppSpecification", {}).get("ImageUri", "")
    return {"algorithm": algorithm_of(image) or None}
