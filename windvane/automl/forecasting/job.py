"""A forecasting job without a service: what is asked, when its parts must be over, and where it writes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from windvane.automl.forecasting.workflow import ForecastRequest
from windvane.automl.request import Schedule
from windvane.domain.forecasting import ForecastSpec
from windvane.engine.data.analysis import SourceFile
from windvane.engine.forecasting.models.catalogue import HEAVY, MODELS
from windvane.engine.forecasting.prepared import spec_from_json, spec_to_json

_SEARCH_SHARE, _SHORT_SEARCH_SHARE = 0.55, 0.75
"""Of the time, until backtests are over: members learn once more from all values, which takes about as long. A short job
rather compares more models, which keep what they learned for that if need be."""

_SHORT_S, _LONG_S = 15.0, 30.0
"""Jobs that are short, and those that are not."""

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

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "spec": spec_to_json(self.spec)}, default=str)

    @classmethod
    def from_json(cls, text: str) -> ForecastJob:
        document = json.loads(text)
        file = document["file"]
        return cls(
            **{
                **document,
                "file": SourceFile(Path(file["path"]), file["name"]),
                "spec": spec_from_json(document["spec"]),
                "out": Path(document["out"]),
            }
        )

    @property
    def request(self) -> ForecastRequest:
        """What the workflow must know of it."""
        deadline = self.started + self.max_runtime_s
        reserve_s = min(_MOST_RESERVE_S, max(1.0, _RESERVE_SHARE * self.max_runtime_s))
        packing = max(self.started, deadline - reserve_s)
        return ForecastRequest(
            schedule=Schedule(
                started=self.started,
                search_end=self.started + self._search_share * (packing - self.started),
                packing=packing,
                deadline=deadline,
            ),
            models=tuple(model.name for model in MODELS),
            heavy=HEAVY,
            trained=frozenset(model.name for model in MODELS if model.is_trained),
            workers=self.threads,
        )

    @property
    def _search_share(self) -> float:
        shortness = (_LONG_S - self.max_runtime_s) / (_LONG_S - _SHORT_S)
        more = min(max(shortness, 0.0), 1.0) * (_SHORT_SEARCH_SHARE - _SEARCH_SHARE)
        return _SEARCH_SHARE + more

    @property
    def series(self) -> Path:
        return self.out / "series"

    def backtest(self, model: str) -> Path:
        return self.out / "backtests" / model

    @property
    def ensemble(self) -> Path:
        return self.out / "ensemble"

    def refit(self, model: str) -> Path:
        return self.out / "refits" / model

    @property
    def package(self) -> Path:
        return self.out / "package"
