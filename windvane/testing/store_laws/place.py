"""Where the store under test lives, and small valid records to put into it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from windvane.domain.candidate import Candidate
from windvane.domain.datasource import DataSource
from windvane.domain.deployment import Endpoint, EndpointStatus, Model
from windvane.domain.job import ApiVersion, AutoMLJob, Echo, JobStatus, Limits
from windvane.domain.jobspec import Channel, DataSpec, JobSpec, OutputSpec, TabularProblem
from windvane.domain.task import NewTask, Task, TaskKind
from windvane.names import Scope
from windvane.store.base import Store, Transaction
from windvane.store.open import open_store

HOME = Scope("000000000000", "us-east-1")
START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

SPEC = JobSpec(
    role="arn:aws:iam::000000000000:role/windvane",
    data=DataSpec(channels=(Channel(source=DataSource("s3://bucket/train")),)),
    problem=TabularProblem(target="y"),
    output=OutputSpec(uri="s3://bucket/out"),
)

TRAIN = [TaskKind.TRAIN]
LEASE_S = 60


@dataclass(frozen=True)
class StorePlace:
    """The store at `url`, or the SQLite file in `data_dir` if that is empty; its schema is up to date."""

    url: str
    data_dir: Path

    def open(self) -> Store:
        return open_store(self.url, self.data_dir)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def a_model(
    name: str = "model", *, scope: Scope = HOME, created_s: float = 0, parent: str = ""
) -> Model:
    return Model(
        scope=scope,
        name=name,
        created=at(created_s),
        modified=at(created_s),
        parent=parent,
        request={"ModelName": name},
        containers=(),
    )


def a_job(
    name: str = "job",
    *,
    scope: Scope = HOME,
    created_s: float = 0,
    modified_s: float = 0,
    status: JobStatus = JobStatus.IN_PROGRESS,
    sent: dict[str, Any] | None = None,
) -> AutoMLJob:
    """Return a small record.

    sent    the members of the request that it was created by
    """
    return AutoMLJob(
        scope=scope,
        name=name,
        created=at(created_s),
        modified=at(modified_s),
        spec=SPEC,
        echo=Echo(ApiVersion.V1, sent or {"AutoMLJobName": name}),
        limits=Limits(10, 3600, 600),
        deadline=at(3600),
        status=status,
    )


def a_candidate(
    name: str = "candidate",
    *,
    scope: Scope = HOME,
    parent: str = "",
    created_s: float = 0,
    score: float | None = None,
) -> Candidate:
    return Candidate(
        scope=scope,
        name=name,
        created=at(created_s),
        modified=at(created_s),
        parent=parent,
        index=1,
        algorithm="linear",
        recipe="dpp0",
        hyperparameters={"alpha": 0.1},
        score=score,
    )


def an_endpoint(name: str = "endpoint", *, status: EndpointStatus, scope: Scope = HOME) -> Endpoint:
    return Endpoint(
        scope=scope,
        name=name,
        created=START,
        modified=START,
        config_name="config",
        generation=1,
        desired=(),
        status=status,
    )


def queue(store: Store, job: str, *keys: str, now: datetime = START) -> None:
    with store.transaction() as tx:
        tx.add_tasks(job, [NewTask(TaskKind.TRAIN, key) for key in keys], now)


def claim(tx: Transaction, now_s: float = 0, worker: str = "worker") -> Task | None:
    return tx.claim_task(TRAIN, worker, at(now_s), at(now_s + LEASE_S))


def claimed(store: Store, now_s: float = 0, worker: str = "worker") -> Task:
    with store.transaction() as tx:
        task = claim(tx, now_s, worker)
    assert task is not None
    return task
