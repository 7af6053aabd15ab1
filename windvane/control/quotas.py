"""Quotas and defaults, as the configuration gives them."""

from __future__ import annotations

from typing import Protocol


class Quotas(Protocol):
    """concurrent_jobs  AutoML jobs in progress per account and region
    max_candidates   a job's MaxCandidates when it names none
    max_runtime_s    a job's MaxAutoMLJobRuntimeInSeconds when it names none
    instances        model processes per account
    """

    @property
    def concurrent_jobs(self) -> int: ...
    @property
    def max_candidates(self) -> int: ...
    @property
    def max_runtime_s(self) -> int: ...
    @property
    def instances(self) -> int: ...
