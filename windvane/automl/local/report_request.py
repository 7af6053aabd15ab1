"""Reports to be made from a job's folder: which, of which candidate, by when, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from windvane.automl.local.events import Event

_SHARE, _BOUNDS_S, _MOST_SHARE = 0.15, (6.0, 60.0), 0.3
_ENOUGH_S = 20.0


class Kind(StrEnum):
    """A report, and its folder's name; of tables and of forecasts the one that matters most first."""

    QUALITY = "quality"
    EXPLANATION = "explanation"
    EXPLORATION = "exploration"
    BACKTESTS = "backtests"
    SERIES = "series"

    @property
    def report(self) -> str:
        """Its name in sentences."""
        return _REPORTS[self]


_REPORTS = {
    Kind.QUALITY: "model insights report",
    Kind.EXPLANATION: "explainability report",
    Kind.EXPLORATION: "data exploration report",
    Kind.BACKTESTS: "backtest report",
    Kind.SERIES: "data exploration report",
}

OF_CANDIDATE = (Kind.QUALITY, Kind.EXPLANATION)
OF_TABLE = (*OF_CANDIDATE, Kind.EXPLORATION)
OF_FORECAST = (Kind.BACKTESTS, Kind.EXPLANATION, Kind.SERIES)


class ReportStatus(StrEnum):
    """The result of a report.

    WRITTEN     it is whole
    CUT         some of its files are missing, for want of time
    LEFT_OUT    there was no time for it
    FAILED      for any other reason it could not be made
    """

    WRITTEN = "written"
    CUT = "cut"
    LEFT_OUT = "left-out"
    FAILED = "failed"


@dataclass(frozen=True)
class Reported:
    """The result of a report that was asked for.

    note    sentences that are to be told, e.g. why the report is not whole; "" if there is nothing to tell
    """

    kind: Kind
    fate: ReportStatus
    note: str = ""

    @property
    def is_there(self) -> bool:
        """Whether there are files of it."""
        return self.fate in (ReportStatus.WRITTEN, ReportStatus.CUT)

    def to_event(self) -> dict[str, str]:
        return {"report": self.kind, "state": self.fate, "note": self.note}

    def to_json(self, reports: Path) -> dict[str, str | None]:
        """Return what became of it and its folder below `reports`; None if there is none."""
        folder = str(reports / self.kind) if self.is_there else None
        return {"folder": folder, "state": self.fate, "note": self.note}

    @classmethod
    def from_event(cls, event: Event) -> Reported:
        return cls(Kind(event["report"]), ReportStatus(event["state"]), event["note"])


@dataclass(frozen=True)
class ReportRequest:
    """The reports that are wanted; JSON both ways.

    job         the job's folder (automl/local/run.py)
    candidate   index of the one to explain and judge
    kinds       wanted
    into        a folder that gets one for each kind
    ends        time.time() at which what is not made is left out
    threads     processes at once
    memory_mb   for all of them together
    started     time.time() at which the job, or the work on these reports, began
    """

    job: Path
    candidate: int
    kinds: tuple[Kind, ...]
    into: Path
    ends: float
    threads: int
    memory_mb: int
    started: float

    @property
    def is_of_table(self) -> bool:
        """Return whether a table was learnt from: a forecast has reports that a table has not."""
        return set(self.kinds) <= set(OF_TABLE)

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> ReportRequest:
        document: Mapping[str, Any] = json.loads(text)
        return cls(
            **{
                **document,
                "job": Path(document["job"]),
                "into": Path(document["into"]),
                "kinds": tuple(Kind(kind) for kind in document["kinds"]),
            }
        )


def reports_s(max_runtime_s: float) -> float:
    """Return what a job that is to make reports keeps for them at its end.

    >>> [reports_s(budget) for budget in (10, 30, 60, 3600)]
    [3.0, 6.0, 9.0, 60.0]
    """
    least, most = _BOUNDS_S
    return min(max(least, _SHARE * max_runtime_s), most, _MOST_SHARE * max_runtime_s)


def reports_end(now: float, deadline: float, kept_s: float) -> float:
    """Return when reports must be made: a job that ends early takes its time over them, but not all of it."""
    return min(deadline, now + max(kept_s, _ENOUGH_S))
