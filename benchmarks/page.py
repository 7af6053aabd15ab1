"""Write docs/benchmarks.md from the newest results of every table and budget."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.honesty import HONESTY, recorded_in
from benchmarks.page_texts import (
    ABOUT_HONESTY,
    ABOUT_SCALE,
    ABOUT_SERVICE,
    ABOUT_TABLES,
    ABOUT_TEXTS,
    HEAD,
    HOW_TO_RUN,
    NOT_MEASURED,
)
from benchmarks.records import (
    OURS,
    PEERS,
    RESULTS,
    ROOT,
    CannotMeasure,
    Cells,
    Record,
    is_default_model,
    is_ours,
    labelled,
    newest_runs,
    read_records,
)
from benchmarks.scale import Way
from benchmarks.standings import failures_table, runs_table, scores_table, standing_table
from benchmarks.tables import DEVELOPMENT, HELD_OUT, Table, every_table
from benchmarks.texts import RECORDED
from benchmarks.texts import recorded_in as texts_recorded_in
from benchmarks.through_api import service_table

PAGE = ROOT / "docs" / "benchmarks.md"

_BUSY = 0.3
"""From this share of the machine's CPU in other hands on, a run is named as disturbed."""


def main(
    results: Path = RESULTS,
    page: Path = PAGE,
    honesty: Path = HONESTY,
    peers: Path = PEERS,
    texts: Path = RECORDED,
) -> int:
    try:
        own = newest_runs(results)
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    told = recorded_in(honesty), texts_recorded_in(texts)
    page.write_text(page_text(own, read_records(peers), every_table(), *told))
    return 0


def page_text(
    own: Sequence[Record],
    stored: Sequence[Record],
    known: Sequence[Table],
    honesty: str = "",
    texts: str = "",
) -> str:
    """The page, in Markdown.

    own      our runs, and those of peers made beside them
    stored   the peers' figures that were there before
    known    all tables, in their order
    honesty  of leaderboards, in Markdown; "" if it was not measured
    texts    of corpora, the same
    """
    commits = _commits([run for run in own if run["system"] == OURS])
    ours = f"{OURS} {commits[0]}" if len(commits) == 1 else OURS
    cells = Cells([*stored, *labelled(own, ours)])
    names = {
        suite: [t.name for t in known if t.suite == suite] for suite in (DEVELOPMENT, HELD_OUT)
    }
    return (
        "\n\n".join(
            [
                HEAD,
                HOW_TO_RUN,
                "## The tables",
                ABOUT_TABLES,
                _tables(known),
                "## Development tables: every run",
                *_suite(cells, own, names[DEVELOPMENT], ours),
                "## Development tables: beside other systems",
                ABOUT_SCALE,
                *_standing(cells, names[DEVELOPMENT], ours),
                "## Held-out tables",
                *_suite(cells, own, names[HELD_OUT], ours),
                *_standing(cells, names[HELD_OUT], ours),
                "## Through the API",
                ABOUT_SERVICE,
                service_table(cells, [table.name for table in known], ours) or NOT_MEASURED,
                *([ABOUT_HONESTY, honesty] if honesty else []),
                *([ABOUT_TEXTS, texts] if texts else []),
                "## Where the others' figures come from",
                _about_peers(stored, own),
            ]
        )
        + "\n"
    )


def _tables(known: Sequence[Table]) -> str:
    return "\n".join(
        f"- `{table.name}` ({table.suite}, {table.kind}): {table.description}. {table.source}; licence: {table.licence}."
        for table in known
    )


def _suite(cells: Cells, own: Sequence[Record], names: Sequence[str], ours: str) -> Iterator[str]:
    runs = [run for run in own if run["system"] == OURS and run["dataset"] in names]
    if not runs:
        yield NOT_MEASURED
        return
    tables = [name for name in names if any(run["dataset"] == name for run in runs)]
    yield _about_runs(_commits(runs), runs, tables, names)
    yield runs_table(cells, tables, ours)
    yield _failures(cells, tables, ours)


def _standing(cells: Cells, names: Sequence[str], ours: str) -> Iterator[str]:
    """Of the tables that there are runs of ours on."""
    tables = [name for name in names if any(is_ours(c.system) for c in cells.of_table(name))]
    if not tables:
        return
    yield standing_table(cells, tables, ours)
    for way in Way:
        yield f"Score on each table; {way}:"
        yield scores_table(cells, tables, way)


def _commits(runs: Sequence[Record]) -> list[str]:
    """Of whose engines the runs are, that of the newest run first."""
    newest = sorted(runs, key=lambda run: str(run["started"]), reverse=True)
    return list(dict.fromkeys(run["commit"] for run in newest))


def _about_runs(
    commits: Sequence[str], runs: Sequence[Record], tables: Sequence[str], known: Sequence[str]
) -> str:
    seeds = sorted({run.get("seed", 0) for run in runs})
    days = sorted({run["date"] for run in runs})
    threads = sorted({str(run["threads"]) for run in runs})
    spread = (
        f"up to {len(seeds)} seeds: the median, in brackets the lowest and the highest score"
        if len(seeds) > 1
        else "one seed, so the figures have no spread: repeat the runs before you rely on a small difference"
    )
    missing = [table for table in known if table not in tables]
    lacking = f" Not run: {', '.join(missing)}." if missing else ""
    return (
        f"{_engines(commits)}, {' to '.join(dict.fromkeys((days[0], days[-1])))}, "
        f"{' or '.join(threads)} cores; {spread}.{lacking} {_disturbances(runs)} {_orders(runs)}"
    )


def _orders(runs: Sequence[Record]) -> str:
    """Whether the order of openings knew the tables."""
    left_out = sum(any(opt.startswith("order=") for opt in run.get("opts", ())) for run in runs)
    return (
        f"In {left_out} of the {len(runs)} runs the search tried its portfolio in the order learnt without the table in "
        "question."
    )


def _engines(commits: Sequence[str]) -> str:
    if len(commits) == 1:
        return f"Engine of commit `{commits[0]}`"
    earlier = ", ".join(f"`{commit}`" for commit in commits[1:])
    return f"Engine of commit `{commits[0]}`, and of {earlier} where a table was not run again with a budget"


def _disturbances(runs: Sequence[Record]) -> str:
    shares = [run["others_cpu_frac"] for run in runs]
    told = (
        f"The machine was shared: other processes used {_percent(min(shares))} to {_percent(max(shares))} % of its CPU "
        "during a run"
    )
    busy: dict[str, list[str]] = {}
    for run in runs:
        if run["others_cpu_frac"] >= _BUSY:
            during = f"{_whose(run)}{_percent(run['others_cpu_frac'])} %"
            busy.setdefault(f"{run['dataset']} at {run['budget']:g} s", []).append(during)
    if not busy:
        return f"{told}."
    listed = "; ".join(f"{where} ({', '.join(during)})" for where, during in busy.items())
    return f"{told}, {_percent(_BUSY)} % or more during these: {listed}."


def _percent(part: float) -> str:
    return f"{100 * part:.0f}"


def _whose(run: Record) -> str:
    return "" if is_ours(run["system"]) else f"{run['system']} "


def _failures(cells: Cells, tables: Sequence[str], ours: str) -> str:
    failures = failures_table(cells, tables, ours)
    return f"Runs that failed:\n\n{failures}" if failures else "No run failed."


def _about_peers(stored: Sequence[Record], own: Sequence[Record]) -> str:
    budgets = sorted(
        {record["budget"] for record in stored if not is_default_model(record["system"])}
    )
    days = sorted({record["started"][:10] for record in stored})
    again = sorted({record["system"] for record in own if not is_ours(record["system"])})
    versions = "\n".join(f"- `{system}`: {used}" for system, used in _versions([*stored, *own]))
    return (
        f"They were measured once and are stored in `benchmarks/peers.jsonl` ({' to '.join(dict.fromkeys((days[0], days[-1])))}, "
        "a machine with 2 cores of an AMD EPYC, 24 GiB and no GPU, Python 3.11): one run for each value, one seed, one "
        f"split, time limits of {' and '.join(f'{budget:g}' for budget in budgets)} s. They have no spread. "
        f"{_disturbances(stored)} Windvane's figures were measured later and at other hours: compare times of different "
        f"systems only by order of magnitude. Run again together with Windvane: {', '.join(again) if again else 'none'}."
        f"\n\n{versions}"
    )


def _versions(records: Iterable[Record]) -> list[tuple[str, str]]:
    """Each peer with the packages of its newest record."""
    newest = {
        record["system"]: record["versions"]
        for record in records
        if not is_ours(record["system"]) and record.get("versions")
    }
    return [
        (system, ", ".join(f"{name} {version}" for name, version in versions.items()))
        for system, versions in sorted(newest.items())
    ]


if __name__ == "__main__":
    sys.exit(main())
