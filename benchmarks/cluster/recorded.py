"""Jobs that a server has run, kept to be replayed: how long each of their tasks took, and what it brought.

    python -m benchmarks.cluster.recorded DATA_FOLDER JOB ANALYSIS NAME

writes benchmarks/cluster/jobs/NAME.json. ANALYSIS is the analysis.json of the job's table.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.records import ROOT
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.engine.data.analysis import Analysis
from windvane.store.open import open_store
from windvane.work.workers.analyses import read_analysis

JOBS = ROOT / "benchmarks" / "cluster" / "jobs"
MAX_COLUMNS = 10_000

_OF_AN_ANALYSIS = (
    "target",
    "problem_type",
    "objective",
    "labels",
    "label_type",
    "n_rows",
    "n_folds",
    "seed",
    "monotone",
    "n_held_out",
    "has_validation_set",
    "n_repeats",
)
_OF_A_COLUMN = ("distinct",)
_OF_THE_TARGET = ("distinct", "min", "quantiles")


@dataclass(frozen=True)
class RecordedTask:
    """A task that has finished.

    algorithm    that it trained; "" if it trained none
    seconds      from its start to its end
    result       as the job's driver was told
    """

    kind: TaskKind
    key: str
    algorithm: str
    seconds: float
    result: Mapping[str, Any]


@dataclass(frozen=True)
class RecordedJob:
    """A job that has finished, and its tasks.

    analysis    of its table, as far as a search reads it
    """

    name: str
    analysis: bytes
    tasks: tuple[RecordedTask, ...]

    def like(self, kind: TaskKind, key: str, algorithm: str) -> RecordedTask:
        """Return what was recorded of a task: itself, else the last one of its kind that trained the same algorithm, else of its kind.

        raises    LookupError if no task of this kind was recorded
        """
        alike = [task for task in self.tasks if task.kind is kind]
        of_algorithm = [task for task in alike if task.algorithm == algorithm]
        itself = [task for task in of_algorithm if task.key == key]
        for found in (itself, of_algorithm, alike):
            if found:
                return found[-1]
        raise LookupError(f"No task of the kind {kind} was recorded in {self.name}.")

    def read_analysis(self) -> Analysis:
        return read_analysis(self.analysis, MAX_COLUMNS)


def algorithm_of(payload: Mapping[str, Any]) -> str:
    """Return which algorithm a task trains; "" if none."""
    algorithm: str = payload.get("plan", {}).get("algorithm", "")
    return algorithm


def read_job(file: Path) -> RecordedJob:
    document = json.loads(file.read_text())
    tasks = [RecordedTask(**{**told, "kind": TaskKind(told["kind"])}) for told in document["tasks"]]
    return RecordedJob(file.stem, json.dumps(document["analysis"]).encode(), tuple(tasks))


def recorded_jobs() -> list[RecordedJob]:
    """Return those of the repository."""
    return [read_job(file) for file in sorted(JOBS.glob("*.json"))]


def record(data_dir: Path, job_name: str, analysis: Path, into: Path) -> None:
    """Write what a server's store knows of a job.

    raises    LookupError if there is no such job
    """
    store = open_store("", data_dir)
    with store.snapshot() as tx:
        jobs = [
            job
            for job in tx.every(AutoMLJob, [str(status) for status in JobStatus])
            if job.name == job_name
        ]
        if not jobs:
            raise LookupError(f"There is no job {job_name} in {data_dir}.")
        tasks = [_recorded(task) for task in tx.tasks(jobs[0].arn) if _is_done(task)]
    store.close()
    document = {
        "analysis": _needed(json.loads(analysis.read_text())),
        "tasks": [asdict(task) for task in tasks],
    }
    into.write_text(
        json.dumps(document, separators=(",", ":")).replace('{"kind"', '\n{"kind"') + "\n"
    )


def _is_done(task: Task) -> bool:
    return task.status is TaskStatus.DONE


def _recorded(task: Task) -> RecordedTask:
    if task.started is None or task.ended is None or task.result is None:
        raise ValueError(f"The task {task.key} is done and says not when, or not what it brought.")
    seconds = (task.ended - task.started).total_seconds()
    return RecordedTask(
        task.kind, task.key, algorithm_of(task.payload), round(seconds, 3), task.result
    )


def _needed(analysis: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a search reads of an analysis: no cells, no examples."""
    target, statistics = analysis["target"], analysis.get("statistics", {})
    kept = {name: analysis[name] for name in _OF_AN_ANALYSIS if name in analysis}
    columns = [{"name": one["name"], "type": one["type"]} for one in analysis["columns"]]
    of_columns = {
        name: {
            member: known[member]
            for member in (_OF_THE_TARGET if name == target else _OF_A_COLUMN)
            if member in known
        }
        for name, known in statistics.items()
    }
    return {**kept, "columns": columns, "statistics": of_columns}


if __name__ == "__main__":
    folder, job, analysis_file, name = sys.argv[1:]
    record(Path(folder), job, Path(analysis_file), JOBS / f"{name}.json")
