"""The spans of one attempt at a task: its own, that of its process, and what that did besides its work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from windvane.domain.candidate import ProcessingJob
from windvane.domain.job import AutoMLJob
from windvane.domain.task import Task
from windvane.executor.base import End, Ended
from windvane.notes.log import in_log
from windvane.tracing.context import read_traceparent
from windvane.tracing.span import Attribute, OpenSpan, Span, SpanKind, open_within, within_times
from windvane.work.workers.process_times import ToldTimes

_WELL = (End.FINISHED, End.KILLED)


def begin_task_span(job: AutoMLJob | ProcessingJob) -> OpenSpan | None:
    """Begin the span of an attempt at a task; None if its job was not created by a request that is traced."""
    parent = read_traceparent(job.traceparent) if job.traceparent else None
    return None if parent is None else open_within(parent)


def task_spans(
    span: OpenSpan, job_name: str, task: Task, ended: Ended, times: ToldTimes | None
) -> Iterator[Span]:
    """Yield the spans of an attempt at a task that has ended, a span before those that are part of it.

    times    what its process tells; None if it told nothing
    """
    attributes: dict[str, Attribute] = {
        "windvane.job": job_name,
        "windvane.task": task.key,
        "windvane.task.kind": str(task.kind),
        "windvane.task.attempt": task.attempts,
        "windvane.task.end": str(ended.end),
    }
    if ended.peak_memory_mb is not None:
        attributes["windvane.task.peak_memory_mb"] = ended.peak_memory_mb
    error = "" if ended.end in _WELL else in_log(ended.note)
    whole = span.ended(f"task {task.kind}", SpanKind.CONSUMER, attributes, error)
    yield whole
    if times is None:
        return
    own = open_within(span.context).ended("task process", SpanKind.INTERNAL, {})
    process = within_times(_as_long_as(own, whole), times.whole)
    yield process
    for part, part_times in times.parts:
        one = open_within(process.context).ended(str(part), SpanKind.INTERNAL, {})
        yield within_times(_as_long_as(one, process), part_times)


def _as_long_as(span: Span, outer: Span) -> Span:
    return replace(span, start_ns=outer.start_ns, end_ns=outer.end_ns)
