"""The processing, training and transform jobs behind the steps of candidates: looked up and listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from windvane.control.lists import Listed, Listing, Lists
from windvane.control.members import Unserved
from windvane.control.rules import check, refused
from windvane.domain.candidate import ProcessingJob, TrainingJob, TransformJob
from windvane.errors import NotFound
from windvane.names import Scope, arn
from windvane.store.base import Store

J = TypeVar("J", bound=ProcessingJob)

PROCESSING_JOBS = Listing("ListProcessingJobs", ProcessingJob, descending=False)
TRAINING_JOBS = Listing("ListTrainingJobs", TrainingJob, descending=False)
TRANSFORM_JOBS = Listing("ListTransformJobs", TransformJob)

_LIST_RULES = (refused(Unserved("WarmPoolStatusEquals"), Unserved("TrainingPlanArnEquals")),)


class Steps:
    """What the operations on step jobs mean."""

    def __init__(self, store: Store, lists: Lists) -> None:
        self._store = store
        self._lists = lists

    def describe(self, kind: type[J], scope: Scope, name: str) -> J:
        """raises    NotFound"""
        with self._store.snapshot() as tx:
            job = tx.find(kind, scope, name)
        if job is None:
            what = kind.kind.replace("-", " ")
            raise NotFound(f'Could not find {what} "{arn(scope, kind.kind, name)}".')
        return job

    def list(self, listing: Listing[J], scope: Scope, parameters: Mapping[str, Any]) -> Listed[J]:
        """raises    InvalidRequest for a page token that is not this list's, or a filter that is not served"""
        check(_LIST_RULES, parameters)
        return self._lists.page(listing, scope, parameters)
