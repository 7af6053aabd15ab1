"""Whether reports on a candidate are there, are being made, or can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from windvane.console.candidate.files import has_model
from windvane.console.candidate.head import Answer, Head
from windvane.console.request_context import context_of
from windvane.errors import NotFound

_OVER = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True)
class ReportsState:
    """The state of a candidate's reports: there, being made, or to be asked for.

    status    of the processing job that makes them; "" if none was asked for
    can_be    whether they can be asked for now
    can_grow  whether an explanation that is there can be made anew, with more rows; the other report may be missing
    is_of_job whether the AutoML job has made what is there, in the time that it had left
    """

    url: str
    status: str
    reason: str
    can_be: bool
    can_grow: bool = False
    is_of_job: bool = False

    @property
    def is_over(self) -> bool:
        return not self.status or self.status in _OVER


async def state_of(request: Request, answer: Answer, head: Head) -> ReportsState:
    names = {"AutoMLJobName": answer["AutoMLJobName"], "CandidateName": head.name}
    try:
        found: dict[str, Any] = await context_of(request).ask(
            "windvane", "DescribeCandidateReports", names
        )
    except NotFound:
        found = {}
    status = found.get("Status", "")
    is_there = head.status == "Completed" and await has_model(context_of(request).objects, answer)
    can_be = is_there and status in ("", "Failed", "Stopped")
    can_grow = can_be or (is_there and status == "Completed")
    is_of_job = can_be or "ProcessingJobName" not in found
    reason = found.get("FailureReason", "")
    return ReportsState(head.url, status, reason, can_be, can_grow, is_of_job)
