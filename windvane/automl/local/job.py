"""A job without a service: what is asked, and when its parts must be over."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from windvane.automl.folders import Folders
from windvane.automl.request import Request, Schedule
from windvane.domain.features import FeatureSpecification, FeatureType
from windvane.domain.problem import MetricName, Mode, ProblemSpec, ProblemType
from windvane.engine.data.analysis import SourceFile, ValidationFiles
from windvane.engine.tuning.strategy import ANYTHING, Strategy

LEAST_ROWS = 10
"""With a known target. So few give folds of two rows: scores say so with their standard errors."""

_RESERVE_SHARE = 0.04
_RESERVE_S = (0.9, 6.0)
_MOST_RESERVE_SHARE = 0.3


@dataclass(frozen=True)
class Job:
    """The request for a job; JSON both ways.

    files           to read; format 'csv' or 'parquet', compression 'None' or 'Gzip'
    started         time.time() at which the budget began
    max_runtime_s   wall clock from `started` to the end
    max_candidates  pipelines and ensembles together; None for as many as time allows
    threads         processes at once, one thread each
    memory_mb       for all of them together
    out             folder to write, see automl/local/run.py
    max_latency_s   for one row, of the model that is kept; None for as long as it takes
    reports         a folder for reports on the data and on the model that is kept; None for none
    reports_s       wall clock for them after `max_runtime_s`
    definitions     whether the candidate definitions are to be written beside the reports, if there are such
    strategy        of the search
    validation      a validation set of its own; None: some of the rows are held out
    """

    files: tuple[SourceFile, ...]
    format: str
    compression: str
    problem: ProblemSpec
    started: float
    max_runtime_s: float
    max_candidates: int | None
    threads: int
    memory_mb: int
    out: Path
    max_latency_s: float | None = None
    reports: Path | None = None
    reports_s: float = 0.0
    definitions: bool = False
    strategy: Strategy = ANYTHING
    validation: ValidationFiles | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Job:
        document = json.loads(text)
        problem, strategy = document["problem"], document["strategy"]
        return cls(
            **{
                **document,
                "files": _files(document["files"]),
                "validation": _optional(_validation, document["validation"]),
                "problem": ProblemSpec(
                    **{
                        **problem,
                        "problem_type": _optional(ProblemType, problem["problem_type"]),
                        "objective": _optional(MetricName, problem["objective"]),
                        "features": _features(problem["features"]),
                    }
                ),
                "out": Path(document["out"]),
                "reports": _optional(Path, document["reports"]),
                "strategy": Strategy(Mode(strategy["mode"]), tuple(strategy["algorithms"])),
            }
        )

    @property
    def folders(self) -> Folders:
        """Where its actions write."""
        return Folders(self.out)

    @property
    def deadline(self) -> float:
        return self.started + self.max_runtime_s

    @property
    def schedule(self) -> Schedule:
        """A reserve is kept free at the end for the ensemble, the packages and loading them; refits come on top."""
        least, most = _RESERVE_S
        wanted = min(max(least, _RESERVE_SHARE * self.max_runtime_s), most)
        reserve_s = min(wanted, _MOST_RESERVE_SHARE * self.max_runtime_s)
        return Schedule(
            started=self.started,
            search_end=self.deadline - reserve_s,
            packing=self.deadline - reserve_s / 2,
            deadline=self.deadline,
        )

    @property
    def request(self) -> Request:
        """What the workflow must know of it."""
        return Request(
            schedule=self.schedule,
            max_candidates=self.max_candidates,
            max_latency_s=self.max_latency_s,
            workers=self.threads,
            strategy=self.strategy,
        )


def _optional(kind: Any, told: Any) -> Any:
    return None if told is None else kind(told)


def _files(documents: Iterable[dict[str, str]]) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(Path(one["path"]), one["name"]) for one in documents)


def _validation(document: dict[str, Any]) -> ValidationFiles:
    return ValidationFiles(**{**document, "files": _files(document["files"])})


def _features(document: dict[str, Any]) -> FeatureSpecification:
    types = {name: FeatureType(kind) for name, kind in document["types"].items()}
    return FeatureSpecification(_optional(tuple, document["names"]), types)
