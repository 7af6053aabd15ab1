"""Measure forecasts on public tasks, one at a time in a new process, beside the recorded figures of other systems.

FOLDER/index.json describes the tasks: name, frequency, horizon, seasonality, quantiles, known_covariates. Each has a folder with
train.csv.gz (item_id, timestamp, target, covariates), test.csv.gz (the steps after it, with their truth) and, if covariates are
known in advance, future.csv.gz. The tasks are read where they are: the licences of some do not go with this repository.
benchmarks/competitions.py writes nine more.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import NormalDist, fmean
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.markdown import markdown_table, number
from benchmarks.monitor import Monitor, machine_cpu_s
from benchmarks.records import ROOT, CannotMeasure, Record
from windvane import AutoForecast

OURS, FLOOR = "windvane", "seasonal_naive"
_MEASURES = ("wql", "mase")
_CLIPPED = (0.01, 100.0)
"""Ratios beyond them count as these: the intervals of some models explode on some series."""

_MOST_LEVELS = 5
"""Quantiles that a forecaster answers."""


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    try:
        if asked.one:
            task = task_of(asked.folder, asked.one)
            print(json.dumps(run_task(asked.folder, task, asked.seeds[0], asked)))
            return 0
        known = read_tasks(asked.folder)
        names = asked.tasks.split(",") if asked.tasks else list(known)
        peers = _read(asked.peers) if asked.peers else []
        records = []
        for name, seed in itertools.product(names, asked.seeds):
            task_of(asked.folder, name)
            records.append(_in_a_process(name, seed, asked))
            if asked.out:
                with asked.out.open("a") as file:
                    file.write(json.dumps(records[-1]) + "\n")
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    print(report([*peers, *records]))
    return int(any(one["status"] != "ok" for one in records))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="with index.json and the folders of the tasks")
    parser.add_argument("--tasks", default="", help="names separated by commas; all by default")
    parser.add_argument("--budget", type=float, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seeds", type=_seeds, default=[0], help="whole numbers, as in 0,1,2")
    parser.add_argument("--peers", type=Path, help="JSON lines of other systems' runs")
    parser.add_argument("--out", type=Path, help="JSON lines to append the runs to")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    return parser


def _seeds(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


def read_tasks(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Return the tasks of a folder by their names.

    raises    CannotMeasure if there is no index
    """
    file = folder / "index.json"
    if not file.exists():
        raise CannotMeasure(f"There is no {file}, which should describe the tasks.")
    return {task["name"]: task for task in json.loads(file.read_text())["tasks"]}


def task_of(folder: Path, name: str) -> Mapping[str, Any]:
    """Return one task of a folder.

    raises    CannotMeasure if there is no such task, or its files are not there
    """
    tasks = read_tasks(folder)
    if name not in tasks:
        raise CannotMeasure(f"There is no task {name}; choose from {', '.join(tasks)}.")
    if not (folder / name / "train.csv.gz").exists():
        raise CannotMeasure(f"There is no {folder / name / 'train.csv.gz'}.")
    return tasks[name]


def run_task(
    folder: Path, task: Mapping[str, Any], seed: int, asked: argparse.Namespace
) -> dict[str, Any]:
    """Fit, forecast and score in this process."""
    train, test = (_rows(folder / task["name"] / f"{part}.csv.gz") for part in ("train", "test"))
    known = task["known_covariates"]
    future = _rows(folder / task["name"] / "future.csv.gz") if known else None
    model = AutoForecast(
        target="target",
        timestamp="timestamp",
        item_id="item_id",
        frequency=task["frequency"],
        horizon=task["horizon"],
        quantiles=asked_levels(task["quantiles"]),
        known_covariates=known,
        max_runtime_s=asked.budget,
        threads=asked.threads,
        seed=seed,
    )
    began = time.perf_counter()
    model.fit(train)
    fitted = time.perf_counter()
    forecast = with_all_levels(model.predict(future), task["quantiles"])
    took = {"fit_s": fitted - began, "predict_s": time.perf_counter() - fitted}
    return {**scored(task, train, test, forecast), **took, "n_series": train.item_id.nunique()}


def asked_levels(levels: Sequence[float]) -> list[float]:
    """Return the levels to ask for: of more than there may be, as many, evenly spread."""
    if len(levels) <= _MOST_LEVELS:
        return list(levels)
    places = np.linspace(0, len(levels) - 1, _MOST_LEVELS).round().astype(int)
    return [levels[place] for place in places]


def with_all_levels(forecast: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    """Return a forecast with the levels that were not asked for: on the line between their neighbours, over the quantiles of a
    normal distribution."""
    asked = asked_levels(levels)
    missing = [level for level in levels if level not in asked]
    if not missing:
        return forecast
    given = forecast[[_column(level) for level in asked]].to_numpy(float)
    known, wanted = (np.array([NormalDist().inv_cdf(x) for x in of]) for of in (asked, missing))
    after = np.clip(np.searchsorted(known, wanted), 1, len(known) - 1)
    share = (wanted - known[after - 1]) / (known[after] - known[after - 1])
    made = given[:, after - 1] * (1 - share) + given[:, after] * share
    return forecast.assign(**{_column(x): made[:, i] for i, x in enumerate(missing)})


def _column(level: float) -> str:
    return f"p{round(100 * level)}"


def scored(
    task: Mapping[str, Any], train: pd.DataFrame, test: pd.DataFrame, forecast: pd.DataFrame
) -> dict[str, float]:
    """Return measures over the rows of the test part.

    raises    ValueError if a step has no finite forecast
    """
    names = [_column(level) for level in task["quantiles"]]
    joined = test.merge(forecast, on=["item_id", "timestamp"], how="left", validate="one_to_one")
    quantiles = joined[names].to_numpy(float)
    if not np.isfinite(quantiles).all():
        raise ValueError("Some steps have no finite forecast.")
    y, levels = joined.target.to_numpy(float), np.array(task["quantiles"])
    error = y[:, None] - quantiles
    losses = 2 * np.maximum(levels * error, (levels - 1) * error).sum(axis=0) / np.abs(y).sum()
    absolute = pd.Series(np.abs(y - joined.p50.to_numpy(float))).groupby(joined.item_id.to_numpy())
    ratios = absolute.mean() / _scales(train, task)
    return {
        "wql": float(losses.mean()),
        "mase": float(ratios[np.isfinite(ratios)].mean()),
        "cover80": float(np.mean((y >= joined.p10) & (y <= joined.p90))),
    }


def _scales(train: pd.DataFrame, task: Mapping[str, Any]) -> pd.Series:
    """Return each series' mean absolute seasonal difference, over steps that are a season apart."""
    scales = {}
    pandas_name = {"Y": "YS", "3M": "3MS", "M": "MS", "W": "7D", "H": "h"}
    step = pandas_name.get(task["frequency"], task["frequency"])
    for item, rows in train.groupby("item_id"):
        values = rows.set_index("timestamp").target
        whole = values.reindex(pd.date_range(values.index[0], values.index[-1], freq=step))
        y = whole.to_numpy(float)
        lag = task["seasonality"] if len(y) > task["seasonality"] else 1
        apart = np.abs(y[lag:] - y[:-lag])
        scales[item] = np.nanmean(apart) if np.isfinite(apart).any() else np.nan
    return pd.Series(scales)


def report(records: Iterable[Record]) -> str:
    """Return tables: systems by the geometric mean of their ratios to the seasonal naive, and the scores of each task. Of
    several seeds the mean counts; how far apart they were is shown."""
    latest = {(_label(one), str(one["task"]), one.get("seed")): one for one in records}
    runs: dict[tuple[str, str], list[Record]] = {}
    for (label, task, _), one in latest.items():
        runs.setdefault((label, task), []).append(one)
    cells = {key: _averaged(every) for key, every in runs.items()}
    floor = {task: one for (label, task), one in cells.items() if label == FLOOR}
    labels = list(dict.fromkeys(label for label, _ in cells))
    tasks = list(dict.fromkeys(task for _, task in cells))
    parts = []
    if floor:
        rows = [_standing(label, cells, floor) for label in labels]
        head = ("system", "tasks", "WQL skill", "MASE skill", "coverage", "fit s", "PSS MB")
        parts.append(markdown_table(head, sorted(rows, key=lambda row: row[2], reverse=True)))
    for measure in _MEASURES:
        lines = [
            [task, *(_text(runs.get((label, task), []), measure) for label in labels)]
            for task in tasks
        ]
        parts.append(markdown_table((measure.upper(), *labels), lines))
    return "\n\n".join(parts)


def _standing(
    label: str, cells: Mapping[tuple[str, str], Record], floor: Mapping[str, Record]
) -> list[str]:
    own = {task: one for (of, task), one in cells.items() if of == label and task in floor}

    def skill(measure: str) -> float | None:
        logs = [math.log(_ratio(one, floor[task], measure)) for task, one in own.items()]
        return 1 - math.exp(sum(logs) / len(logs)) if logs else None

    def most(measure: str) -> float | None:
        return max((one[measure] for one in own.values() if one.get(measure)), default=None)

    covers = [one["cover80"] for one in own.values() if one.get("cover80") is not None]
    coverage = sum(covers) / len(covers) if covers else None
    return [
        label,
        str(len(own)),
        number(skill("wql"), 3),
        number(skill("mase"), 3),
        number(coverage, 2),
        number(most("fit_s"), 1),
        number(most("peak_pss_mb"), 0),
    ]


def _ratio(one: Record, floor: Record, measure: str) -> float:
    if one["status"] != "ok":
        return 1.0
    return float(np.clip(one[measure] / floor[measure], *_CLIPPED))


def _averaged(runs: Sequence[Record]) -> Record:
    """Return the record of the means of several runs, with the longest time and the most memory; a failed one if any is."""
    failed = [one for one in runs if one["status"] != "ok"]
    if failed or len(runs) == 1:
        return (failed or runs)[0]
    made = dict(runs[0])
    for measure in (*_MEASURES, "cover80"):
        made[measure] = fmean(one[measure] for one in runs)
    for most in ("fit_s", "peak_pss_mb"):
        made[most] = max(one.get(most) or 0 for one in runs)
    return made


def _text(runs: Sequence[Record], measure: str) -> str:
    if not runs:
        return ""
    one = _averaged(runs)
    if one["status"] != "ok":
        return "FAILED"
    values = [run[measure] for run in runs]
    apart = f" [{min(values):.4f}, {max(values):.4f}]" if len(values) > 1 else ""
    return f"{one[measure]:.4f}{apart}"


def _label(record: Record) -> str:
    system = str(record["system"])
    return system if system == FLOOR else f"{system}@{record['budget']:g}"


def _in_a_process(name: str, seed: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Run a task in a process of its own, and watch its memory and what others use of the machine."""
    command = [sys.executable, "-m", "benchmarks.forecast", str(asked.folder), "--one", name]
    for option, value in (("budget", asked.budget), ("threads", asked.threads), ("seeds", seed)):
        command += [f"--{option}", str(value)]
    before, began = machine_cpu_s()[0], time.time()
    monitor = Monitor(os.getpid())
    monitor.start()
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    monitor.stop()
    wall_s = time.time() - began
    own_s = sum(monitor.cpu_s.values())
    others = (machine_cpu_s()[0] - before - own_s) / wall_s / (os.cpu_count() or 1)
    record: dict[str, Any] = {
        "system": OURS,
        "task": name,
        "budget": asked.budget,
        "seed": seed,
        "status": "ok" if ran.returncode == 0 else "error",
        "peak_pss_mb": round(monitor.pss_kb / 1024),
        "others_cpu_share": round(max(0.0, others), 2),
    }
    if ran.returncode != 0:
        print(ran.stderr[-2000:], file=sys.stderr)
        return record
    return record | json.loads(ran.stdout.splitlines()[-1])


def _rows(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype={"item_id": str}, parse_dates=["timestamp"])


def _read(file: Path) -> list[Record]:
    return [json.loads(line) for line in file.read_text().splitlines() if line.strip()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
