"""Write the nine tasks of M1, M3 and the tourism competition as benchmarks/forecast.py reads them, and the published figures of
other systems on them.

The tasks are those of the Chronos benchmark II as fev has them (github.com/autogluon/fev, benchmarks/chronos_zeroshot): each
series' last steps are forecast, at nine quantiles, and skills are over a seasonal naive whose quantiles are all its point
forecast. The series are read from R's files: M1.rda and M3.rda of github.com/robjhyndman/Mcomp (data/), tourism.rda of
github.com/ellisp/Tcomp-r-package (pkg/data/), with the package rdata, which belongs to no environment of this project.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.forecast import FLOOR, scored
from benchmarks.records import CannotMeasure, Record

COLLECTIONS = ("M1", "M3", "tourism")
PEERS = "published.jsonl"
_BUDGET_S = 0.0
"""Of published figures: nobody bounded their time."""

_FIRST_YEAR = 1900
"""Of series that count years from 0 or 1, for want of a date."""


@dataclass(frozen=True)
class Period:
    """A frequency of the competitions.

    frequency    as SageMaker spells it
    horizons     collection -> steps ahead
    """

    name: str
    frequency: str
    seasonality: int
    horizons: Mapping[str, int]

    @property
    def months(self) -> int:
        """The time from one step to the next."""
        return 12 // self.seasonality


PERIODS = (
    Period("yearly", "Y", 1, {"M1": 6, "M3": 6, "tourism": 4}),
    Period("quarterly", "3M", 4, {"M1": 8, "M3": 8, "tourism": 8}),
    Period("monthly", "M", 12, {"M1": 18, "M3": 18, "tourism": 24}),
)


@dataclass(frozen=True)
class Series:
    """A series of a competition.

    begin        the year of its first value, with the part of the year that has passed
    past, ahead  the values that were given, and those that were to be forecast
    """

    name: str
    period: str
    begin: float
    past: NDArray[np.float64]
    ahead: NDArray[np.float64]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("folder", type=Path, help="with M1.rda, M3.rda and tourism.rda")
    parser.add_argument("into", type=Path, help="a new folder")
    parser.add_argument("--published", type=Path, help="fev's folder of results (CSV files)")
    asked = parser.parse_args(arguments)
    try:
        collections = {name: read_collection(asked.folder / f"{name}.rda") for name in COLLECTIONS}
        floors = write_tasks(collections, asked.into)
        peers = published(asked.published, floors) if asked.published else []
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    lines = [json.dumps(one) for one in (*floors, *peers)]
    (asked.into / PEERS).write_text("\n".join(lines) + "\n")
    return 0


def read_collection(file: Path) -> list[Series]:
    """Return the series of one of R's files.

    raises    CannotMeasure if the file, or the package that reads it, is not there
    """
    if not file.exists():
        raise CannotMeasure(f"There is no {file}.")
    try:
        rdata: Any = importlib.import_module("rdata")
    except ImportError as error:
        raise CannotMeasure(
            "R's files are read by the package rdata: pip install rdata."
        ) from error
    found = rdata.conversion.convert(rdata.parser.parse_file(file))[file.stem]
    return [
        Series(
            str(name),
            str(one["period"][0]).lower(),
            float(Fraction(str(one["x"].index[0]))),
            np.asarray(one["x"], float),
            np.asarray(one["xx"], float),
        )
        for name, one in found.items()
    ]


def write_tasks(collections: Mapping[str, Iterable[Series]], into: Path) -> list[Record]:
    """Write the tasks into a new folder, and return the seasonal naive's records on them."""
    tasks, floors = [], []
    into.mkdir(parents=True)
    for collection, every in collections.items():
        series = list(every)
        for period in PERIODS:
            of_period = [one for one in series if one.period == period.name]
            task = _task(collection, period)
            train, test = (_rows(of_period, period, part) for part in ("past", "ahead"))
            folder = into / task["name"]
            folder.mkdir()
            train.to_csv(folder / "train.csv.gz", index=False)
            test.to_csv(folder / "test.csv.gz", index=False)
            tasks.append(task)
            floors.append(_floor(task, train, test, of_period))
    (into / "index.json").write_text(json.dumps({"tasks": tasks}, indent=1))
    return floors


def published(folder: Path, floors: Iterable[Record]) -> list[Record]:
    """Return the records of other systems: their published ratio to the published seasonal naive, times the seasonal naive of
    these series. Only those of the yearly tourism series are not those of the publication.

    raises    CannotMeasure if the folder lacks results
    """
    results = {file.stem: _published(file) for file in sorted(folder.glob("*.csv"))}
    if FLOOR not in results:
        raise CannotMeasure(f"There is no {folder / FLOOR}.csv.")
    made = []
    for system, by_task in results.items():
        for floor in floors:
            task = floor["task"]
            if system == FLOOR or task not in by_task:
                continue
            own, naive = by_task[task], results[FLOOR][task]
            measures = {one: own[one] / naive[one] * floor[one] for one in own}
            made.append(_record(system, task, measures))
    return made


def _published(file: Path) -> dict[str, dict[str, float]]:
    with file.open() as lines:
        return {
            row["dataset_config"].removeprefix("monash_"): {
                "wql": float(row["WQL"]),
                "mase": float(row["MASE"]),
            }
            for row in csv.DictReader(lines)
            if row["dataset_config"].startswith("monash_")
        }


def _task(collection: str, period: Period) -> dict[str, Any]:
    return {
        "name": f"{collection.lower()}_{period.name}",
        "frequency": period.frequency,
        "seasonality": period.seasonality,
        "horizon": period.horizons[collection],
        "quantiles": [level / 10 for level in range(1, 10)],
        "known_covariates": [],
    }


def _rows(series: Iterable[Series], period: Period, part: str) -> pd.DataFrame:
    frames = []
    for one in series:
        values = one.past if part == "past" else one.ahead
        begin = one.begin if one.begin > 1000 else one.begin + _FIRST_YEAR
        first = round(begin * 12) + (len(one.past) * period.months if part == "ahead" else 0)
        months = first - 1970 * 12 + period.months * np.arange(len(values))
        times = months.astype("datetime64[M]").astype("datetime64[s]")
        frames.append(pd.DataFrame({"item_id": one.name, "timestamp": times, "target": values}))
    return pd.concat(frames, ignore_index=True)


def _floor(
    task: Mapping[str, Any], train: pd.DataFrame, test: pd.DataFrame, series: Iterable[Series]
) -> Record:
    season, horizon = task["seasonality"], task["horizon"]
    again = [one.past[-season:][np.arange(horizon) % season] for one in series]
    forecast = test.drop(columns="target")
    for level in task["quantiles"]:
        forecast[f"p{round(100 * level)}"] = np.concatenate(again)
    return _record(FLOOR, task["name"], scored(task, train, test, forecast))


def _record(system: str, task: str, measures: Mapping[str, float]) -> dict[str, Any]:
    about = {"system": system, "task": task, "budget": _BUDGET_S, "status": "ok"}
    return {**about, **measures}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
