"""Measure the engine on public tables, one run at a time, and print it beside its last figures and other systems'.

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

from benchmarks.harness import Errand, measured_commit, run_errand
from benchmarks.peers import System, our_service, ourselves, peer
from benchmarks.portfolio import orders_without
from benchmarks.records import (
    OURS,
    PEERS,
    RESULTS,
    CannotMeasure,
    Cells,
    Record,
    commits_by_age,
    labelled,
    publishable,
    read_records,
)
from benchmarks.standings import failures_table, runs_table, standing_table
from benchmarks.tables import DEVELOPMENT, SUITES, Table, every_table, tables_named
from benchmarks.through_api import service_table

_BUDGETS = "10,60,300"


def main(arguments: Sequence[str], results: Path = RESULTS, peers: Path = PEERS) -> int:
    asked = _parser().parse_args(arguments)
    try:
        into = results / f"{measured_commit()}.jsonl"
        errands = _errands(asked, _tables(asked))
        if asked.resume and into.exists():
            errands = _left(errands, read_records(into))
        _measure(errands, into, run_errand)
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    tables = list(dict.fromkeys(errand.table.name for errand in errands))
    print(_report(tables, into, read_records(peers), results))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--suite", choices=SUITES, default=DEVELOPMENT)
    parser.add_argument(
        "--tables", default="", help="names separated by commas; by default the suite's at hand"
    )
    parser.add_argument("--budgets", default=_BUDGETS, help=f"seconds; by default {_BUDGETS}")
    parser.add_argument("--seeds", default="0", help="whole numbers; by default 0 alone")
    parser.add_argument("--peers", default="", help="systems to run again beside ours")
    parser.add_argument("--service", action="store_true", help="jobs and endpoints through the API")
    parser.add_argument(
        "--left-out",
        action="store_true",
        help="openings in the order that was learnt without the table (benchmarks/orders.json)",
    )
    parser.add_argument("--resume", action="store_true", help="leave out what this commit has")
    return parser


def _tables(asked: argparse.Namespace) -> list[Table]:
    """What is to be measured on; says what is left out because it is not at hand.

    raises    CannotMeasure for names that there are not, or if nothing is at hand
    """
    if names := _split(asked.tables):
        return tables_named(names)
    known = every_table([asked.suite])
    tables = [table for table in known if table.folder is not None]
    missing = ", ".join(table.name for table in known if table.folder is None)
    if missing:
        print(
            f"Not at hand, and left out: {missing}. `python -m benchmarks.recipes` makes what public packages have; "
            "TABLES_DIR names a folder with others."
        )
    if not tables:
        raise CannotMeasure(f"None of the {asked.suite} tables is at hand.")
    return tables


def _errands(asked: argparse.Namespace, tables: Sequence[Table]) -> list[Errand]:
    """The shortest budgets first, so that an interrupted run has one of them whole."""
    orders = orders_without() if asked.left_out else {}
    others = [peer(name, os.environ) for name in _split(asked.peers)]
    budgets = sorted(_numbers("budgets", asked.budgets))
    seeds = [int(seed) for seed in _numbers("seeds", asked.seeds)]
    return [
        Errand(system, table, budget, seed)
        for budget in budgets
        for table in tables
        for seed in seeds
        for system in (_ours(asked, table, orders), *others)
    ]


def _ours(asked: argparse.Namespace, table: Table, orders: dict[str, list[str]]) -> System:
    if asked.service:
        return our_service()
    return ourselves(*([f"order={table.name}"] if table.name in orders else []))


def _left(errands: Sequence[Errand], records: Sequence[Record]) -> list[Errand]:
    """Those of which no run that ended well is known."""
    done = {
        (run["system"], run["dataset"], run["budget"], run["seed"], tuple(run["opts"]))
        for run in records
        if run["status"] == "ok"
    }
    return [
        one
        for one in errands
        if (one.system.name, one.table.name, one.budget_s, one.seed, one.system.options) not in done
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
        what = f"{errand.system.name} {errand.table.name} {errand.budget_s:g} s seed {errand.seed}"
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
        service_table(cells, tables, ours),
        standing_table(cells, tables, ours),
        failures_table(cells, tables, ours),
    )
    return "\n\n".join(["", *filter(None, parts)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
