"""Quotas and defaults, as the configuration gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from windvane.errors import InvalidRequest, LimitExceeded
from windvane.names import Scope
from windvane.store.base import Transaction


class Quotas(Protocol):
    """Upper limits of accounts, and limits of jobs that name none.

    concurrent_jobs  AutoML jobs in progress per account and region
    jobs_in_flight   jobs of every kind per account, in all regions
    max_candidates   a job's MaxCandidates when it names none
    max_runtime_s    a job's MaxAutoMLJobRuntimeInSeconds when it names none
    instances        model processes per account
    """

    @property
    def concurrent_jobs(self) -> int: ...
    @property
    def jobs_in_flight(self) -> int: ...
    @property
    def max_candidates(self) -> int: ...
    @property
    def max_runtime_s(self) -> int: ...
    @property
    def instances(self) -> int: ...


MOST_JOBS = 200
"""In flight, of one account, where nothing else is said."""

MOST_DETAILS = 256 << 10
"""Bytes."""


def check_jobs_in_flight(tx: Transaction, scope: Scope, limit: int) -> None:
    """Refuse another job of an account that has as many as it may, whatever their kind and region.

    raises    LimitExceeded
    """
    used = tx.jobs_in_flight(scope.account)
    if used >= limit:
        raise LimitExceeded("jobs in flight", limit, used, 1, "Jobs")


def check_details(details: Mapping[str, Any]) -> None:
    """Check that what a step job was asked for is short: workers read it of all jobs that have not ended, again and again.

    raises    InvalidRequest
    """
    n_bytes = len(json.dumps(details))
    if n_bytes > MOST_DETAILS:
        raise InvalidRequest(
            f"The request has {n_bytes} bytes as ASCII JSON; those of a job that is recorded have {MOST_DETAILS} at most. "
            "Shorten its hyperparameters or environment."
        )
