"""The machines of a service: its servers, the work that each has in hand, and the work that waits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from windvane.domain.candidate import ProcessingJob, TrainingJob, TransformJob
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus
from windvane.domain.instance import InstanceState, PlacedInstance, Unit
from windvane.domain.job import AutoMLJob
from windvane.domain.resource import Kind, Resource
from windvane.domain.server import ServerRecord
from windvane.domain.task import Task, TaskStatus
from windvane.errors import AccessDenied
from windvane.names import Scope, parse_arn
from windvane.notes.note import Note
from windvane.store.base import Store, Transaction

ProcessesUp = Callable[[Scope, str], Mapping[str, int]]
"""How many processes of an endpoint's variants are up on this server, by the names of the variants."""

_MOST_TASKS = 200

_JOBS: Mapping[str, type[Resource]] = {
    Kind.AUTO_ML_JOB: AutoMLJob,
    Kind.PROCESSING_JOB: ProcessingJob,
    Kind.TRAINING_JOB: TrainingJob,
    Kind.TRANSFORM_JOB: TransformJob,
}


@dataclass(frozen=True)
class ServerLoad:
    """A server, and what it has in hand for all accounts in all regions.

    reserved_mb    memory that its instances are counted with; None for a server that has its store for itself, and counts none
    """

    server: ServerRecord
    is_live: bool
    leads: bool
    n_tasks: int
    n_instances: int
    reserved_mb: int | None


@dataclass(frozen=True)
class OpenTask:
    """A task that runs or waits.

    job       its job as the record names it; as its ARN does if there is none any more
    server    id of the server that has it in hand; "" while it waits
    """

    task: Task
    job: str
    job_kind: str
    server: str


@dataclass(frozen=True)
class VariantShare:
    """The instances of a variant on one server.

    server      its id; "" for instances that are on no server yet
    number      of instances; all processes of a serverless variant count as one
    why_not_up  a reason for which one of them is not; None if none is known
    """

    endpoint: str
    variant: str
    server: str
    is_serverless: bool
    number: int
    n_up: int
    why_not_up: Note | str | None


@dataclass(frozen=True)
class ClusterView:
    """The machines at one moment, by the clock that all of them share.

    this       id of the server that was asked
    n_running, n_ready
               tasks of all accounts in all regions
    tasks, shares
               of one account and region; of tasks no more than a page of them
    """

    now: datetime
    this: str
    is_shared: bool
    has_task_cluster: bool
    servers: tuple[ServerLoad, ...]
    n_running: int
    n_ready: int
    tasks: tuple[OpenTask, ...]
    shares: tuple[VariantShare, ...]


class Cluster:
    """Describes the machines, to the account that runs them.

    own               the server that is asked
    account           that runs the servers
    up_here           is asked where the server has its store for itself, and places no instances
    has_task_cluster  tasks are done on the nodes of a Ray cluster
    """

    def __init__(
        self,
        store: Store,
        own: ServerRecord,
        account: str,
        up_here: ProcessesUp,
        *,
        has_task_cluster: bool,
    ) -> None:
        self._store, self._own, self._account = store, own, account
        self._up_here, self._has_task_cluster = up_here, has_task_cluster

    def describe(self, scope: Scope) -> ClusterView:
        """Return what there is and what it does.

        raises    AccessDenied to other accounts than the one that runs the servers
        """
        if scope.account != self._account:
            raise AccessDenied(
                f"The machines are shown to the account that runs them alone, not to {scope.account}. What "
                "runs for a job is on the job's own page (DescribeAutoMLJobProgress)."
            )
        with self._store.snapshot() as tx:
            now, counts = tx.store_time(), tx.open_task_counts()
            servers, leader = self._servers(tx, now)
            tasks = tuple(_with_names(tx, tx.open_tasks(scope, _MOST_TASKS)))
            endpoints = tx.every(Endpoint, tuple(EndpointStatus))
            placed: Sequence[PlacedInstance] = tx.instances()
        own = [one for one in endpoints if one.scope == scope]
        if not self._store.is_shared:
            placed = list(self._all_here(endpoints, scope))
        return ClusterView(
            now,
            self._own.id,
            self._store.is_shared,
            self._has_task_cluster,
            tuple(self._load(one, leader, now, counts, placed) for one in servers),
            sum(n for (_, status), n in counts.items() if status is TaskStatus.RUNNING),
            sum(n for (_, status), n in counts.items() if status is TaskStatus.READY),
            tasks,
            tuple(_shares(own, placed)),
        )

    def _servers(self, tx: Transaction, now: datetime) -> tuple[Sequence[ServerRecord], str]:
        """Return the servers, and the id of the one that leads."""
        if self._store.is_shared:
            return tx.servers(), tx.lease().holder
        return [replace(self._own, heartbeat=now)], self._own.id

    def _load(
        self,
        server: ServerRecord,
        leader: str,
        now: datetime,
        counts: Mapping[tuple[str, TaskStatus], int],
        placed: Sequence[PlacedInstance],
    ) -> ServerLoad:
        here = [one for one in placed if one.server == server.id]
        return ServerLoad(
            server,
            server.is_live(now),
            server.id == leader,
            counts.get((server.id, TaskStatus.RUNNING), 0),
            len(here),
            sum(one.memory_mb for one in here) if self._store.is_shared else None,
        )

    def _all_here(self, endpoints: Iterable[Endpoint], scope: Scope) -> Iterator[PlacedInstance]:
        """Yield the instances of all endpoints as if they had been placed; which are up is asked for those of `scope`."""
        for endpoint in endpoints:
            up = self._up_here(endpoint.scope, endpoint.name) if endpoint.scope == scope else {}
            for deployed, unit in _wanted(endpoint):
                is_serverless = deployed.variant.serverless is not None
                is_up = (
                    bool(endpoint.running)
                    if is_serverless
                    else unit.number < up.get(unit.variant, 0)
                )
                yield PlacedInstance("", unit, self._own.id, 0, InstanceState(is_up))


def _with_names(tx: Transaction, tasks: Iterable[Task]) -> Iterator[OpenTask]:
    """ARNs have the names of jobs in lower case."""
    names: dict[str, str] = {}
    for task in tasks:
        parts = parse_arn(task.job_arn)
        if task.job_arn not in names:
            record = tx.by_arn(_JOBS[parts.kind], task.job_arn) if parts.kind in _JOBS else None
            names[task.job_arn] = parts.name if record is None else record.name
        server = task.worker.partition("/")[0]
        yield OpenTask(task, names[task.job_arn], parts.kind, server)


def _wanted(endpoint: Endpoint) -> Iterator[tuple[Deployed, Unit]]:
    """Yield what answers requests, else what is to: nothing of an endpoint that has failed or is being deleted."""
    if endpoint.status in (EndpointStatus.FAILED, EndpointStatus.DELETING):
        return
    wanted, generation = endpoint.desired, endpoint.desired_generation
    if endpoint.running:
        wanted, generation = endpoint.running, endpoint.running_generation
    for deployed in wanted:
        variant = deployed.variant
        for number in range(1 if variant.serverless else variant.instance_count):
            yield deployed, Unit(endpoint.arn.lower(), generation, variant.name, number)


def _shares(
    endpoints: Iterable[Endpoint], placed: Iterable[PlacedInstance]
) -> Iterator[VariantShare]:
    """Yield the instances of these endpoints, put together by variant and server; those on no server last."""
    by_arn: dict[str, list[PlacedInstance]] = defaultdict(list)
    for one in placed:
        by_arn[one.unit.arn].append(one)
    for endpoint in sorted(endpoints, key=lambda one: one.name.lower()):
        here = by_arn[endpoint.arn.lower()]
        wanted = {unit: deployed for deployed, unit in _wanted(endpoint)}
        serverless = {
            one.variant.name
            for one in (*endpoint.running, *endpoint.desired)
            if one.variant.serverless
        }
        groups: dict[tuple[str, str], list[PlacedInstance]] = defaultdict(list)
        for one in here:
            groups[one.unit.variant, one.server].append(one)
        for (variant, server), some in sorted(groups.items()):
            yield VariantShare(
                endpoint.name,
                variant,
                server,
                variant in serverless,
                len(some),
                sum(one.state.is_up for one in some),
                next(
                    (why for one in some if (why := one.state.failure or one.state.why_down)), None
                ),
            )
        missing = Counter(unit.variant for unit in wanted.keys() - {one.unit for one in here})
        for variant, number in sorted(missing.items()):
            yield VariantShare(endpoint.name, variant, "", variant in serverless, number, 0, None)
