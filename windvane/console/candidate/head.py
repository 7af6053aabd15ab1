"""What stands above every part of a candidate's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request

from windvane.console.request_context import context_of
from windvane.console.scores import WQL, FormattedScore, format_score
from windvane.console.wording import spoken

Answer = Mapping[str, Any]

PARTS = (
    ("", "Overview"),
    ("quality", "Quality"),
    ("explanation", "Explanation"),
    ("steps", "Steps and logs"),
    ("files", "Reports and files"),
)
"""Below the candidate's place, and their titles."""


@dataclass(frozen=True)
class Head:
    """The head of a candidate's pages: name, status, score, and the tabs.

    part    of PARTS that is shown
    spoken  the name as people say it
    url     of the candidate
    """

    part: str
    url: str
    name: str
    spoken: str
    status: str
    reason: str
    algorithm: str
    recipe: str
    is_best: bool
    on_front: bool
    is_cut_short: bool
    metric: str
    score: FormattedScore
    is_forecast: bool = False

    @property
    def parts(self) -> Sequence[tuple[str, str, bool]]:
        """URL, title, and whether it is shown."""
        return [
            (f"{self.url}/{key}" if key else self.url, title, key == self.part)
            for key, title in PARTS
        ]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The part that all tabs of a candidate show, and the tabs of the job need."""

    job_name: str
    head: Head
    tab: str = "leaderboard"


async def described(request: Request) -> dict[str, Any]:
    """Return the answer of DescribeCandidate for the candidate that the path names.

    raises    NotFound
    """
    path = request.path_params
    names = {"AutoMLJobName": path["name"], "CandidateName": path["candidate"]}
    return await context_of(request).ask("windvane", "DescribeCandidate", names)


def head_of(answer: Answer, part: str) -> Head:
    candidate = answer["Candidate"]
    name = candidate["CandidateName"]
    job = quote(answer["AutoMLJobName"], safe="")
    return Head(
        part,
        f"/console/jobs/{job}/candidates/{quote(name, safe='')}",
        name,
        spoken(candidate["Algorithm"], candidate["Index"]),
        candidate["CandidateStatus"],
        candidate.get("FailureReason", ""),
        candidate["Algorithm"],
        candidate.get("Recipe", ""),
        candidate["IsBest"],
        candidate["IsOnFront"],
        candidate["IsCutShort"],
        answer.get("Objective", ""),
        format_score(candidate.get("Score"), candidate.get("StandardError")),
        is_forecast=WQL in answer["MetricNames"],
    )
