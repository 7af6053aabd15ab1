"""Runs as JSON lines: read, made fit for publishing, gathered into cells of (system, table, budget)."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = Mapping[str, Any]

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PEERS = ROOT / "benchmarks" / "peers.jsonl"
"""Figures of other systems that need not be measured again."""

OURS, SERVICE = "windvane", "windvane_service"
"""The library, and jobs and endpoints of a server through the API."""

_ANY_BUDGET = 0.0
_MACHINE_PATH = re.compile(r"(?<![\w.:/])~?(?:/[\w.+@-]+){2,}/?")


class CannotMeasure(Exception):
    """What is missing or wrong, in one sentence."""


def read_records(path: Path) -> list[Record]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def publishable(record: Record, host: str) -> dict[str, Any]:
    """The record without fields that hold a path or the name of the machine; in an error they are masked."""
    masked = {key: _masked(value, host) for key, value in record.items()}
    kept = (key for key, value in record.items() if key == "error" or masked[key] == value)
    return {key: masked[key] for key in kept}


def _masked(value: Any, host: str) -> Any:
    if isinstance(value, str):
        return re.sub(rf"\b{re.escape(host)}\b", "HOST", _MACHINE_PATH.sub("PATH", value))
    if isinstance(value, list):
        return [_masked(one, host) for one in value]
    if isinstance(value, dict):
        return {_masked(key, host): _masked(one, host) for key, one in value.items()}
    return value


def is_default_model(system: str) -> bool:
    return system.startswith("base_")


def is_ours(system: str) -> bool:
    return system.startswith(OURS)


@dataclass(frozen=True)
class Cell:
    """A system's runs on one table with one budget: one for each seed."""

    system: str
    dataset: str
    budget: float
    runs: tuple[Record, ...]

    @property
    def entrant(self) -> str:
        return self.system if is_default_model(self.system) else f"{self.system}@{self.budget:g}"

    @property
    def n_failed(self) -> int:
        return sum(run["status"] != "ok" for run in self.runs)

    def values(self, field: str) -> list[float]:
        return [run[field] for run in self.runs if run.get(field) is not None]

    def median(self, field: str) -> float | None:
        values = self.values(field)
        return statistics.median(values) if values else None

    @property
    def overshoots_s(self) -> list[float]:
        """Wall clock of fit minus the budget. A default model has no budget."""
        if is_default_model(self.system):
            return []
        return [seconds - self.budget for seconds in self.values("fit_s")]

    @property
    def rows_per_s(self) -> float | None:
        """Of the whole test part in one call, not the first if there was a second."""
        rates = [
            run["n_test"] / (run.get("predict_warm_s") or run["predict_s"])
            for run in self.runs
            if run.get("predict_s")
        ]
        return statistics.median(rates) if rates else None


class Cells:
    """Cells by system, table and budget. Of several runs with one seed the last one counts."""

    def __init__(self, records: Iterable[Record]) -> None:
        by_seed: dict[tuple[str, str, float], dict[int, Record]] = {}
        for record in records:
            budget = _ANY_BUDGET if is_default_model(record["system"]) else float(record["budget"])
            key = (record["system"], record["dataset"], budget)
            by_seed.setdefault(key, {})[record.get("seed", 0)] = record
        self._cells = {key: Cell(*key, tuple(runs.values())) for key, runs in by_seed.items()}

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._cells.values())

    def get(self, system: str, dataset: str, budget: float) -> Cell | None:
        wanted = _ANY_BUDGET if is_default_model(system) else budget
        return self._cells.get((system, dataset, wanted))

    def of_table(self, dataset: str) -> list[Cell]:
        return [cell for cell in self if cell.dataset == dataset]


def commits_by_age(results: Path) -> list[Path]:
    """Files of results, the one with the newest run last."""
    return sorted(results.glob("*.jsonl"), key=lambda path: _newest(read_records(path)))


def newest_runs(results: Path) -> list[Record]:
    """Of each system, table and budget the runs of the newest file that has any.

    raises    CannotMeasure if nothing was ever measured
    """
    newest: dict[tuple[str, str, float], list[Record]] = {}
    for file in commits_by_age(results):
        own: dict[tuple[str, str, float], list[Record]] = {}
        for run in read_records(file):
            own.setdefault((run["system"], run["dataset"], run["budget"]), []).append(run)
        newest |= own
    if not newest:
        raise CannotMeasure("There are no results yet; `make bench` makes them.")
    return [run for runs in newest.values() for run in runs]


def _newest(records: Sequence[Record]) -> str:
    return max((record["started"] for record in records), default="")


def labelled(records: Iterable[Record], name: str) -> list[Record]:
    """Our own runs under another name; those of others as they are."""
    return [
        {**record, "system": name} if record["system"] == OURS else record for record in records
    ]
