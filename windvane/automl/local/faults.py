"""Why a job without a service ends before it has a model."""

from __future__ import annotations

from windvane.errors import DataFault, JobFault
from windvane.executor.base import End, Ended
from windvane.notes.sentences import reason


def fault_of(ended: Ended, what: str, max_runtime_s: float, memory_mb: int) -> JobFault:
    """Return the fault of a job that cannot go on without an action that has failed.

    what                      sentence that says what failed, where neither the data nor the job's arguments are to blame
    max_runtime_s, memory_mb  limits of the job
    returns                   a DataFault if the data are to blame
    """
    if ended.note is not None and ended.is_a(DataFault):
        return DataFault(ended.note)
    if ended.note is not None and ended.is_a(JobFault):
        return JobFault(ended.note)
    why = {
        End.OUT_OF_TIME: f"It exceeded the job's time limit of {max_runtime_s:g} s; raise the limit.",
        End.OUT_OF_MEMORY: f"It exceeded the job's memory limit of {memory_mb} MB; raise the limit.",
    }.get(ended.end, reason(ended.note))
    return JobFault(f"{what} {why}")
