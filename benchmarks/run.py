"""Measure the engine on the public tables, one run at a time, and print it beside its last figures and its peers'.

What `make bench` runs. Records go to benchmarks/results/COMMIT.jsonl; benchmarks/page.py makes a page of them.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.harness import Errand, measured_commit, run_errand, table_names
from benchmarks.peers import ourselves, peer
from benchmarks.records import (
    OURS,
    RESULTS,
    SHARED,
    CannotMeasure,
    Cells,
    Record,
    check_shared,
    commits_by_age,
    labelled,
    publishable,
    read_records,
    stored_peers,
)
from benchmarks.standings import failures_table, runs_table, standing_table

_BUDGETS = "10,60,300"


def main(arguments: Sequence[str], shared: Path = SHARED, results: Path = RESULTS) -> int:
    asked = _parser().parse_args(arguments)
    try:
        check_shared(shared)
        errands = _errands(asked, table_names(shared))
        into = results / f"{measured_commit()}.jsonl"
        _measure(errands, into, lambda errand: run_errand(errand, shared))
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    tables = list(dict.fromkeys(errand.table for errand in errands))
    print(_report(tables, into, stored_peers(shared), results))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tables", default="", help="names separated by commas; all by default")
    parser.add_argument("--budgets", default=_BUDGETS, help=f"seconds; by default {_BUDGETS}")
    parser.add_argument("--seeds", default="0", help="whole numbers; by default 0 alone")
    parser.add_argument("--peers", default="", help="systems to run again beside ours")
    return parser


def _errands(asked: argparse.Namespace, known: Sequence[str]) -> list[Errand]:
    """The shortest budgets first, so that an interrupted run has one of them whole."""
    tables = _split(asked.tables) or known
    unknown = [table for table in tables if table not in known]
    if unknown:
        raise CannotMeasure(
            f"There is no table {', '.join(unknown)}; choose from {', '.join(known)}."
        )
    systems = [ourselves(), *(peer(name, os.environ) for name in _split(asked.peers))]
    budgets = sorted(_numbers("budgets", asked.budgets))
    seeds = [int(seed) for seed in _numbers("seeds", asked.seeds)]
    return [
        Errand(system, table, budget, seed)
        for budget in budgets
        for table in tables
        for seed in seeds
        for system in systems
    ]


def _split(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _numbers(name: str, text: str) -> list[float]:
    try:
        return [float(number) for number in _split(text)]
    except ValueError as error:
        raise CannotMeasure(f"{name} is '{text}'; it must be numbers and commas.") from error


def _measure(errands: Sequence[Errand], into: Path, run: Callable[[Errand], Record]) -> None:
    into.parent.mkdir(parents=True, exist_ok=True)
    about_s = sum(errand.budget_s + 8 for errand in errands)
    print(f"{len(errands)} runs, about {about_s / 60:.0f} minutes; results in {into.name}")
    for done, errand in enumerate(errands, 1):
        if (commit := measured_commit()) != into.stem:
            raise CannotMeasure(f"The engine changed from {into.stem} to {commit} meanwhile.")
        record = {
            **run(errand),
            "commit": into.stem,
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
        }
        with into.open("a") as file:
            file.write(json.dumps(publishable(record, socket.gethostname())) + "\n")
        what = f"{errand.system.name} {errand.table} {errand.budget_s:g} s seed {errand.seed}"
        print(f"[{done}/{len(errands)}] {what}: {_told(record)}", flush=True)


def _told(record: Record) -> str:
    if record["status"] != "ok":
        return f"{record['status']} ({record.get('error', 'no reason given')})"
    return (
        f"{record['metric']} {record['score']:.5g}, fit {record['fit_s']:.1f} s, "
        f"others used {record['others_cpu_frac']:.0%} of the CPU"
    )


def _report(tables: Sequence[str], now: Path, peers: Sequence[Record], results: Path) -> str:
    ours = f"{OURS} {now.stem}"
    earlier = [path for path in commits_by_age(results) if path != now][-1:]
    records = [
        *peers,
        *(
            record
            for path in earlier
            for record in labelled(read_records(path), f"{OURS} {path.stem}")
        ),
    ]
    cells = Cells([*records, *labelled(read_records(now), ours)])
    parts = (
        runs_table(cells, tables, ours),
        standing_table(cells, tables, ours),
        failures_table(cells, tables, ours),
    )
    return "\n\n".join(["", *filter(None, parts)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
