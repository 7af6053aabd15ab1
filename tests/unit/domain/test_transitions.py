"""domain/transitions.py"""

from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import product

import pytest

from windvane.domain.candidate import Candidate, CandidateStatus, ProcessingJob, StepStatus
from windvane.domain.deployment import EndpointStatus
from windvane.domain.job import JobStatus
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.domain.transitions import (
    CANDIDATES,
    ENDPOINTS,
    JOBS,
    STEPS,
    TASKS,
    check_transition,
)
from windvane.errors import WrongTransition
from windvane.testing.store_laws.place import HOME, a_candidate, a_job, an_endpoint

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STEP = ProcessingJob(scope=HOME, name="step", created=NOW, modified=NOW, details={})
TASK = Task(id=1, job_arn="arn", kind=TaskKind.TRAIN, key="k", payload={}, created=NOW)
ALL = [
    (JOBS, JobStatus, a_job()),
    (CANDIDATES, CandidateStatus, a_candidate()),
    (STEPS, StepStatus, STEP),
    (ENDPOINTS, EndpointStatus, an_endpoint(status=EndpointStatus.CREATING)),
    (TASKS, TaskStatus, TASK),
]


@pytest.mark.parametrize(("table", "statuses", "record"), ALL)
def test_what_a_table_does_not_name_is_refused(table, statuses: type[StrEnum], record) -> None:
    for before, after in product(statuses, statuses):
        pair = replace(record, status=before), replace(record, status=after)
        if after is before or after in table.get(before, ()):
            check_transition(*pair)
        else:
            with pytest.raises(WrongTransition, match=f"is {before} and cannot become {after}"):
                check_transition(*pair)


@pytest.mark.parametrize(
    ("table", "statuses"),
    [(JOBS, JobStatus), (STEPS, StepStatus), (TASKS, TaskStatus)],
)
def test_what_is_over_has_no_way_on(table, statuses) -> None:
    for status in statuses:
        is_over = not status.is_open if statuses is TaskStatus else status.is_final
        assert is_over == (status not in table)


def test_a_record_without_a_status_may_change() -> None:
    check_transition(a_candidate("a"), replace(a_candidate("a"), score=1.0))
    assert isinstance(a_candidate(), Candidate)
