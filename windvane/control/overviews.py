"""Many AutoML jobs at a glance: a page of a list, and of each job how far it is and how good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from windvane.control.lists import ARCHIVED, PROJECT, Listing, Lists
from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.job import AutoMLJob
from windvane.names import Scope
from windvane.store.base import Store

MOST_COUNTED = 10_000
"""Jobs: who has more is not told how many, as counting looks at each."""

_OVERVIEWS = Listing("ListAutoMLJobOverviews", AutoMLJob)


@dataclass(frozen=True)
class Overview:
    """A job, the candidate it calls its best, and how many candidates it has in each status.

    project        the value of its tag `project`; "" if it has none
    is_archived    it has the tag that lists leave it out for
    """

    job: AutoMLJob
    best: Candidate | None
    counts: Mapping[CandidateStatus, int]
    project: str = ""
    is_archived: bool = False


@dataclass(frozen=True)
class OverviewPage:
    """A page of jobs with what a list shows of each.

    total        jobs that pass the filters, on all pages; None if there are more than MOST_COUNTED
    next_token   "" on the last page
    projects     how many jobs each project has, whatever the filters; {} unless they were asked for
    """

    overviews: tuple[Overview, ...]
    next_token: str
    total: int | None
    projects: Mapping[str, int]


class Overviews:
    """Lists jobs with what a page shows of each: as many questions to the store for a page of a hundred jobs as for one
    of a single job."""

    def __init__(self, store: Store, lists: Lists) -> None:
        self._store = store
        self._lists = lists

    def list(self, scope: Scope, parameters: Mapping[str, Any]) -> OverviewPage:
        """Newest first.

        raises    InvalidRequest for a page token that is not this list's
        """
        page = self._lists.page(_OVERVIEWS, scope, parameters)
        jobs = page.records
        with self._store.snapshot() as tx:
            filters = self._lists.filters(scope, parameters)
            total = tx.total(AutoMLJob, filters, MOST_COUNTED + 1)
            names = [job.best_candidate for job in jobs if job.best_candidate]
            best = {candidate.name: candidate for candidate in tx.named(Candidate, scope, names)}
            counts = tx.child_counts(Candidate, [job.arn for job in jobs])
            tags = tx.tags_of(job.arn for job in jobs)
            wants_projects = parameters.get("IncludeProjects", False)
            projects = tx.tag_values(AutoMLJob, scope, PROJECT) if wants_projects else {}
        overviews = tuple(
            Overview(
                job,
                best.get(job.best_candidate or ""),
                _by_status(counts.get(job.arn, {})),
                tags.get(job.arn, {}).get(PROJECT, ""),
                ARCHIVED in tags.get(job.arn, {}),
            )
            for job in jobs
        )
        known = total if total <= MOST_COUNTED else None
        return OverviewPage(overviews, page.next_token, known, projects)


def _by_status(counts: Mapping[str, int]) -> dict[CandidateStatus, int]:
    return {CandidateStatus(status): n for status, n in counts.items()}
