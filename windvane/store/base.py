"""Store: the record of truth. Control and work meet here and nowhere else.

What any store owes:

- A transaction is atomic and, once its block is left without an exception, durable: it survives kill -9
  of any process, and power loss as far as the database promises it.
- Transactions that write are serialised: what was read inside one is still true at its commit.
- Records given out never change; a changed record is a new value handed to `update`.
- Any process may open the same store; a store object may be used by several threads, and not after a fork:
  each process opens its own, which is cheap (store/open.py).
- Names are unique per (kind, scope) whatever their case, and looked up whatever their case. So are ARNs.
- A kind of record without a status has the status "".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from windvane.domain.resource import Resource
from windvane.domain.task import NewTask, Task, TaskKind, TaskStatus
from windvane.names import Scope
from windvane.notes.note import Note
from windvane.store.identity_book import IdentityBook
from windvane.store.logbook import LogBook
from windvane.store.outbox import Outbox
from windvane.store.server_book import ServerBook

R = TypeVar("R", bound=Resource)


class OrderBy(StrEnum):
    NAME = "name"
    CREATED = "created"
    MODIFIED = "modified"
    STATUS = "status"
    SCORE = "score"


@dataclass(frozen=True, kw_only=True)
class Query:
    """One page of a list. Filters left None do not filter.

    created_after / _before, modified_after / _before   exclusive bounds
    name_equals   whatever its case;  name_contains   whatever its case
    tagged        key and value of a tag;  has_tag, lacks_tag   key of one, whatever its value
    after         the position of the last record of the page before, from `Page.position`
    Records without a score come last when ordered by SCORE, in either direction.
    """

    scope: Scope
    parent: str | None = None
    status: str | None = None
    name_equals: str | None = None
    name_contains: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    modified_after: datetime | None = None
    modified_before: datetime | None = None
    tagged: tuple[str, str] | None = None
    has_tag: str | None = None
    lacks_tag: str | None = None
    order: OrderBy = OrderBy.CREATED
    descending: bool = True
    limit: int = 100
    after: Any = None


@dataclass(frozen=True)
class AuditHead:
    """The end of one audit log.

    number    of its last line
    digest    SHA-256 of that line, in hexadecimal
    first     number of the oldest line that was not deleted by age
    """

    number: int
    digest: str
    first: int


@dataclass(frozen=True)
class Page(Generic[R]):
    """`position` (JSON) is None on the last page. Records inserted between two pages never shift one
    already listed nor hide one that was there."""

    records: tuple[R, ...]
    position: Any


class Transaction(LogBook, Outbox, IdentityBook, ServerBook, Protocol):
    """The operations inside `with store.transaction() as tx`; inside a snapshot, those that only read.

    raises    TypeError, from all that writes, for a value that is not what its field says or not JSON
    """

    def savepoint(self) -> AbstractContextManager[None]:
        """Return a block that is undone by itself if an exception leaves it: what was written before it stays."""

    # resources: AutoMLJob, Candidate, ProcessingJob, TrainingJob, TransformJob, Model, EndpointConfig, Endpoint
    def insert(self, record: Resource) -> bool:
        """Return whether it was stored; False if the name is taken in its (kind, scope)."""

    def update(self, record: Resource) -> None:
        """Replace the record of the same kind, scope and name.

        raises    KeyError if there is none; WrongTransition for a status that does not follow on its own
        """

    def delete(self, record: Resource) -> None:
        """Remove the record, its tags and tasks, and every record that has it as its parent with theirs;
        removing what is gone does nothing."""

    def find(self, kind: type[R], scope: Scope, name: str) -> R | None: ...

    def by_arn(self, kind: type[R], arn: str) -> R | None: ...

    def named(self, kind: type[R], scope: Scope, names: Iterable[str]) -> list[R]:
        """Return those of these names that are there, oldest first."""

    def page(self, kind: type[R], query: Query) -> Page[R]:
        """Return a page, without records that a newer version has written."""

    def total(self, kind: type[R], query: Query, at_most: int | None = None) -> int:
        """Return how many records pass the filters of a query, on whatever page; no more are counted than `at_most`, if that
        is given."""

    def children(self, kind: type[R], parent: str) -> list[R]:
        """Return every record with this parent, oldest first."""

    def child_counts(self, kind: type[R], parents: Iterable[str]) -> dict[str, dict[str, int]]:
        """Return how many children each of these parents has, by their status; a parent without any is left out."""

    def every(self, kind: type[R], statuses: Sequence[str], account: str | None = None) -> list[R]:
        """Return every record of a kind in any of these statuses, of one account or of all, in all regions, oldest
        first; without records that a newer version has written."""

    @property
    def left_alone(self) -> frozenset[str]:
        """Return the ARNs, in lower case, of records that were left out of what this transaction has read: a newer version has
        written them. Whoever asks for one of them by its name, its ARN or its parent gets NewerRecord."""

    def count(
        self,
        kind: type[R],
        statuses: Sequence[str],
        scope: Scope | None = None,
        account: str | None = None,
    ) -> int: ...

    def counts_by_status(self, kind: type[R]) -> dict[str, int]: ...

    # tags
    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags in the order of their keys."""

    def tags_of(self, arns: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the tags of each of these resources; one without any is left out."""

    def tag_values(self, kind: type[Resource], scope: Scope, key: str) -> dict[str, int]:
        """Return how many records of a kind have each value of a tag, in the order of the values."""

    def set_tags(self, arn: str, tags: dict[str, str]) -> None:
        """Add or replace these; others stay."""

    def remove_tags(self, arn: str, keys: Iterable[str]) -> None: ...

    # tasks
    def add_tasks(self, job_arn: str, tasks: Iterable[NewTask], now: datetime) -> None:
        """Queue them; one whose (job, key) exists already is left as it is."""

    def tasks(self, job_arn: str) -> list[Task]:
        """Return every task of a job, oldest first."""

    def task(self, task_id: int) -> Task | None: ...

    def has_ready(self, kinds: Sequence[TaskKind]) -> bool:
        """Return whether a task of these kinds waits for a worker."""

    def claim_task(
        self,
        kinds: Sequence[TaskKind],
        worker: str,
        now: datetime,
        lease_until: datetime,
        most_of_account: int = 0,
        passed_over: Collection[str] = (),
    ) -> Task | None:
        """Return the next ready task of these kinds, now RUNNING with a new token and one more attempt. Accounts take
        turns, and their jobs: an account with fewer running tasks comes first, then a job with fewer, then the older
        task.

        worker             RUN/ROLE-NUMBER/START; those of other names have one role
        most_of_account    tasks that workers of this role may have in hand for one account at once; 0 means any number
        passed_over        ARNs of jobs whose tasks are left to others
        """

    def jobs_in_flight(self, account: str) -> int:
        """Jobs of an account, of every kind and in every region, of which a task is READY or RUNNING."""

    def renew_lease(self, task: Task, lease_until: datetime) -> bool:
        """Return whether the task is still this worker's (RUNNING, of the same token, and not taken over)."""

    def keep_said(self, task: Task, said: dict[str, Any]) -> bool:
        """Keep what a task says while it runs, in place of what it said before. False if the lease was lost, and then
        nothing is kept."""

    def finish_task(
        self,
        task: Task,
        status: TaskStatus,
        now: datetime,
        *,
        result: dict[str, Any] | None = None,
        failure: Note | None = None,
    ) -> bool:
        """Return whether the end was recorded; False if the lease was lost, and then nothing is changed.

        raises    ValueError if the status is an open one
        """

    def cancel_ready_tasks(
        self, job_arn: str, kinds: Sequence[TaskKind], now: datetime
    ) -> list[Task]:
        """Cancel them and say which; RUNNING ones are left to their workers."""

    def release_task(self, task: Task) -> bool:
        """Give it back unharmed: READY again, this claim not counted as an attempt. False if the lease was lost."""

    def take_over_task(self, task: Task, worker: str, lease_until: datetime) -> Task | None:
        """Return the task, now that of another worker, its claim as it is; None if the lease was lost. Whoever had it changes
        nothing any more."""

    def lose_task(self, task: Task) -> bool:
        """The same of a task that was lost with what ran it, which is counted by itself."""

    def release_foreign(
        self, servers: Collection[str], leased_until: datetime | None = None
    ) -> list[Task]:
        """Give back every RUNNING task of a worker of no such server, and return them: one of these is what its name
        has before the first slash. With a time, those alone whose lease is over by then."""

    def release_expired(self, now: datetime, max_attempts: int) -> list[Task]:
        """RUNNING tasks whose lease is over: READY again, or FAILED once `max_attempts` claims are used up."""

    def open_task_ages(self, now: datetime) -> dict[str, list[float]]:
        """Return seconds since creation of every READY and RUNNING task, by kind."""

    def open_tasks(self, scope: Scope, limit: int) -> list[Task]:
        """Return READY and RUNNING tasks of the jobs of an account in a region: RUNNING ones first, then the oldest."""

    def open_task_counts(self) -> dict[tuple[str, TaskStatus], int]:
        """Return how many tasks of all accounts are READY and RUNNING, by the server that has them in hand: what the name of
        its worker has before the first slash; "" for READY ones."""

    # who owns a bucket of the embedded S3 store
    def bucket_owner(self, bucket: str) -> str | None:
        """Return the account, or None if nobody claimed the bucket."""

    def claim_bucket(self, bucket: str, account: str, now: datetime) -> str:
        """Return the owner after the call: this account if the bucket was free."""

    def release_bucket(self, bucket: str) -> None: ...

    def buckets(self, account: str) -> list[str]: ...

    # what is good once
    def use_token(self, token: str, expires: datetime, now: datetime) -> bool:
        """Return whether it was still good: from now on it is not. Those that expired are forgotten."""

    def is_token_used(self, token: str) -> bool: ...

    # how far an audit log was written
    def audit_head(self, writer: str) -> AuditHead | None: ...

    def keep_audit_head(self, writer: str, head: AuditHead) -> None: ...

    def audit_writers(self) -> set[str]:
        """Return those of which a head is kept."""


class Store(Protocol):
    """The contract; see the head of this file.

    is_shared    whether servers on other machines can use it, too
    """

    is_shared: bool

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Read and write. Leaving the block normally commits; an exception rolls back and goes on. Keep it
        short: others wait, and one that stands still for a minute may be given up.

        raises    StoreUnusable if other writers leave no turn within 30 seconds
                  RuntimeError inside another transaction of the same thread
        """

    def out_of_turn(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction as `transaction` does, but where servers share the store it waits for no other writer:
        for rows that nobody else writes, and that nothing else follows from."""

    def snapshot(self) -> AbstractContextManager[Transaction]:
        """Read only, one consistent state; never waits for a writer."""

    def migrate(self) -> None:
        """Create or upgrade the schema; safe to call at every start, by several processes together.

        raises    StoreUnusable if a newer Windvane has upgraded it further
        """

    def close(self) -> None: ...
