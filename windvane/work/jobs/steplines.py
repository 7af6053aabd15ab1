"""What the log of a processing, training or transform job says: lines in plain words, worked out from what changed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from windvane.domain.candidate import Metric, ProcessingJob, TrainingJob
from windvane.domain.discretion import discreet
from windvane.domain.images import algorithm_of
from windvane.domain.logs import place_of
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
    tx.log(place_of(new), as_told(step_lines(old, new, result)), now)


def step_lines(
    old: ProcessingJob | None, new: ProcessingJob, result: Mapping[str, Any] = NOTHING
) -> Iterator[str]:
    """What is to be told of a step job that was `old` and is `new`."""
    if new.started is not None and (old is None or old.started is None):
        yield f"The {_words(new)} {new.name} started{_with(new)}."
    if not new.status.is_final or (old is not None and old.status is new.status):
        return
    yield from _done(result)
    if isinstance(new, TrainingJob):
        for metric in new.metrics:
            yield f"{metric.split.lower()}:{scored(metric)}"
    is_timed = new.started is not None and new.ended is not None
    took = (
        f" after {span(new.started or new.created, new.ended or new.modified)}" if is_timed else ""
    )
    why = discreet(new.failure_reason)
    yield f"The {_words(new)} {new.name} is {new.status}{took}.{f' {why}' if why else ''}"


def _done(result: Mapping[str, Any]) -> Iterator[str]:
    """What a training or transform job read and wrote, in figures."""
    if table := result.get("table"):
        held_out = table["n_held_out"]
        yield (
            f"The table has {table['n_rows']} "
            f"rows{f' ({held_out} held out)' if held_out else ''} and {table['n_features']} "
            "feature columns."
        )
    if (n_objects := result.get("objects")) is not None:
        yield f"Transformed objects: {n_objects}."
    if rows := result.get("rows"):
        yield f"Rows written: {', '.join(f'{n} of {part}' for part, n in rows.items())}."


def as_told(lines: Iterator[str]) -> tuple[str, ...]:
    """The lines; those that cannot be told hold up no job."""
    told = []
    try:
        for line in lines:
            told.append(line)  # noqa: PERF402 - what comes before a fault is kept
    except Exception:  # noqa: BLE001 - the end of a telling: the change itself must be written
        _LOG.exception("Not all log lines of a job could be written.")
        told.append("Further log lines are missing; see the server's log for the reason.")
    return tuple(told)


def scored(metric: Metric) -> str:
    error = "" if metric.standard_error is None else f" ± {metric.standard_error:.2g}"
    return f"{metric.name} = {metric.value:.5g}{error}"


def span(start: datetime, end: datetime) -> str:
    return f"{max(0.0, (end - start).total_seconds()):.1f} s"


def _words(job: ProcessingJob) -> str:
    return str(job.kind).replace("-", " ")


def _with(job: ProcessingJob) -> str:
    details = job.details
    if model := details.get("ModelName"):
        return f", with the model {model}"
    image = details.get("AlgorithmSpecification", {}).get("TrainingImage", "")
    image = image or details.get("AppSpecification", {}).get("ImageUri", "")
    algorithm = algorithm_of(image)
    return f", with {algorithm}" if algorithm else ""
