"""A forecasting job without a service: what is asked, when its parts must be over, and where it writes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from windvane.automl.forecasting.folders import ForecastFolders
from windvane.automl.forecasting.request import ForecastRequest, request_for
from windvane.automl.request import Schedule
from windvane.domain.forecasting import ForecastSpec
from windvane.engine.data.analysis import SourceFile
from windvane.engine.forecasting.prepared import spec_from_json, spec_to_json

_RESERVE_SHARE, _MOST_RESERVE_S = 0.06, 4.0
"""Of the time, kept for packing and loading."""


@dataclass(frozen=True)
class ForecastJob:
    """JSON both ways.

    file            to read; format 'arrow', 'csv' or 'parquet', compression 'None' or 'Gzip'
    started         time.time() at which the budget began
    max_runtime_s   wall clock from `started` to the end
    threads         processes at once, one thread each
    memory_mb       for all of them together
    out             folder to write
    reports         folder for reports; None if none are wanted
    reports_s       seconds after `max_runtime_s` that are kept for them
    algorithms      models to try besides the floor; () for all
    chronos_bolt    folder with the weights of Chronos-Bolt; None if there are none
    """

    file: SourceFile
    format: str
    compression: str
    spec: ForecastSpec
    started: float
    max_runtime_s: float
    threads: int
    memory_mb: int
    out: Path
    reports: Path | None = None
    reports_s: float = 0.0
    algorithms: tuple[str, ...] = ()
    chronos_bolt: Path | None = None

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "spec": spec_to_json(self.spec)}, default=str)

    @classmethod
    def from_json(cls, text: str) -> ForecastJob:
        document = json.loads(text)
        file, reports = document["file"], document["reports"]
        weights = document["chronos_bolt"]
        return cls(
            **{
                **document,
                "file": SourceFile(Path(file["path"]), file["name"]),
                "spec": spec_from_json(document["spec"]),
                "out": Path(document["out"]),
                "reports": None if reports is None else Path(reports),
                "algorithms": tuple(document["algorithms"]),
                "chronos_bolt": None if weights is None else Path(weights),
            }
        )

    @property
    def request(self) -> ForecastRequest:
        """What the workflow must know of it."""
        deadline = self.started + self.max_runtime_s
        reserve_s = min(_MOST_RESERVE_S, max(1.0, _RESERVE_SHARE * self.max_runtime_s))
        packing = max(self.started, deadline - reserve_s)
        times = Schedule(self.started, packing, packing, deadline)
        return request_for(self.spec.objective, times, self.threads, self.algorithms)

    @property
    def folders(self) -> ForecastFolders:
        """The folders in which its actions read and write."""
        return ForecastFolders(self.out)
