"""Write docs/benchmarks.md from the newest results of every table and budget."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.harness import table_names
from benchmarks.honesty import HONESTY, recorded_in
from benchmarks.records import (
    OURS,
    RESULTS,
    ROOT,
    SHARED,
    CannotMeasure,
    Cells,
    Record,
    check_shared,
    is_default_model,
    labelled,
    newest_runs,
    stored_peers,
)
from benchmarks.standings import failures_table, runs_table, scores_table, standing_table

PAGE = ROOT / "docs" / "benchmarks.md"

_BUSY = 0.3
"""From this share of the machine's CPU in other hands on, a run is named as disturbed."""


def main(
    shared: Path = SHARED, results: Path = RESULTS, page: Path = PAGE, honesty: Path = HONESTY
) -> int:
    try:
        check_shared(shared)
        own = newest_runs(results)
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    peers, known = stored_peers(shared), table_names(shared)
    page.write_text(page_text(own, peers, known, recorded_in(honesty)))
    return 0


def page_text(
    own: Sequence[Record],
    stored: Sequence[Record],
    known: Sequence[str],
    honesty: str = "",
) -> str:
    """The page, in Markdown.

    own      our runs, and those of peers made beside them
    stored   the peers' figures that were there before
    known    names of all tables, in their order
    honesty  of leaderboards, in Markdown; "" if it was not measured
    """
    runs = [record for record in own if record["system"] == OURS]
    commits = _commits(runs)
    ours = f"{OURS} {commits[0]}" if len(commits) == 1 else OURS
    cells = Cells([*stored, *labelled(own, ours)])
    tables = [table for table in known if any(run["dataset"] == table for run in runs)]
    return (
        "\n\n".join(
            [
                "# Benchmarks",
                _HOW_TO_RUN,
                "## Every run",
                _about_runs(commits, runs, tables, known),
                runs_table(cells, tables, ours),
                _failures(cells, tables, ours),
                "## Beside other systems",
                _ABOUT_SCALE,
                standing_table(cells, tables, ours),
                "Score on each table:",
                scores_table(cells, tables),
                *([_ABOUT_HONESTY, honesty] if honesty else []),
                "## Where the others' figures come from",
                _about_peers(stored, own),
            ]
        )
        + "\n"
    )


_HOW_TO_RUN = """\
`make bench` trains on every table of a benchmark suite, with 10, 60 and 300 s, one run at a time, each in a fresh
process, and prints the tables of this page beside the last figures. It needs the folder `shared` (harness, tables,
other systems' figures) next to the project and says so where there is none.

```sh
make bench                                              # all tables; an hour and three quarters
make bench TABLES=telco_churn,adult BUDGETS=10,60 SEEDS=0,1,2
make bench BUDGETS=60                                   # a quarter of an hour
make bench PEERS=flaml PEER_FLAML_PYTHON=envs/flaml/bin/python
make bench-large BUDGET=60                              # a million rows of 30 columns, and 100,000 of them
.venv/bin/python -m benchmarks.kept ../kept --budget 60     # fits all tables and keeps jobs and models, for the next three
.venv/bin/python -m benchmarks.honesty ../kept --record    # do leaderboards say what new rows show? how quick are they?
.venv/bin/python -m benchmarks.ablation ../kept        # what each part of the engine is worth
.venv/bin/python -m benchmarks.portfolio ../kept       # in which order a search should try its openings
.venv/bin/python benchmarks/page.py                     # this page, from the newest results
```

`PEERS` runs other systems again beside ours, each with the Python of an environment of its own:

| peers | interpreter | install there, with pandas and scikit-learn |
| --- | --- | --- |
| `flaml` | `PEER_FLAML_PYTHON` | `flaml[automl] catboost` |
| `ag_medium_quality`, `ag_best_quality`, `agseq_best_quality` | `PEER_AUTOGLUON_PYTHON` | `autogluon.tabular[all,realmlp]` |
| `h2o` | `PEER_H2O_PYTHON` | `h2o` (and a Java runtime) |
| `lama` | `PEER_LAMA_PYTHON` | `lightautoml` |
| `mljar_Compete` | `PEER_MLJAR_PYTHON` | `mljar-supervised` |
| `base_lgbm`, `base_catboost`, `base_histgb`, `base_rf`: one default model each | none: Windvane's own | |

Results are kept in `benchmarks/results/COMMIT.jsonl`; the commit is the last one that changed the engine or its
pinned dependencies. Public tables stand for tables nobody has shown us: nothing is tuned to them."""

_ABOUT_SCALE = """\
**score 0..1** is 0 for LightGBM as it comes (`base_lgbm`) and 1 for the best other system on that table with any
budget, cut off at -1 and 2. Where those two are closer than the noise (0.002 of AUC, else 1 % of LightGBM's score), the
noise is the unit, below and above the best system's 1. Our own runs do not move the scale. A table without figures of
others has no score, and a run that failed has none either. **tables** counts what a mean is taken over: it differs
between systems, so **ours there** is our mean on exactly the tables of the system in the row, with its budget (a
default model's beside our 60 s). **rank** is the mean place among the default models and every system at its longest
budget of at most 60 s (or of ours, if that is longer). Times, memory and sizes are medians, in brackets the
highest. **fit - budget** is the wall clock of training minus what was asked for; memory is the peak of the whole
process tree, as RSS (shared pages counted for every process) and PSS (shared pages counted once); **1 row** is the median
time to predict a DataFrame of one row, **rows/s** that of the whole test part at once."""


_ABOUT_HONESTY = """\
## Do leaderboards say what new rows show?

The leaderboard's score and standard error of the model that answers, and its score on the test rows. **SEs off** is how many
of these standard errors lie between, less than 0 where the test rows are worse; **of the difference** counts the error of
the test rows too, which are a sample as well. **quick one on front**: whether the leaderboard has a candidate of a millisecond or
less within one standard error of the best. **best ms** and **single ms** are the latencies that it names, of one row
through the predictor, for the model that answers and for the best one that is no ensemble; they were measured while the other
core was training. **load ms** is reading the saved model."""


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
        else "one seed, so the figures have no spread: repeat them before you lean on a small difference"
    )
    missing = [table for table in known if table not in tables]
    lacking = f" Not run: {', '.join(missing)}." if missing else ""
    return (
        f"{_engines(commits)}, {' to '.join(dict.fromkeys((days[0], days[-1])))}, "
        f"{' or '.join(threads)} cores; {spread}.{lacking} {_disturbances(runs)}"
    )


def _engines(commits: Sequence[str]) -> str:
    if len(commits) == 1:
        return f"Engine of commit `{commits[0]}`"
    earlier = ", ".join(f"`{commit}`" for commit in commits[1:])
    return f"Engine of commit `{commits[0]}`, and of {earlier} where a table was not run again with a budget"


def _disturbances(runs: Sequence[Record]) -> str:
    shares = [run["others_cpu_frac"] for run in runs]
    busy = [
        f"{run['dataset']} at {run['budget']:g} s ({run['others_cpu_frac']:.0%})"
        for run in runs
        if run["others_cpu_frac"] >= _BUSY
    ]
    told = f"The machine was shared: other processes used {min(shares):.0%} to {max(shares):.0%} of its CPU during a run"
    return f"{told}, {_BUSY:.0%} or more during {', '.join(busy)}." if busy else f"{told}."


def _failures(cells: Cells, tables: Sequence[str], ours: str) -> str:
    failures = failures_table(cells, tables, ours)
    return f"Runs that failed:\n\n{failures}" if failures else "No run failed."


def _about_peers(stored: Sequence[Record], own: Sequence[Record]) -> str:
    budgets = sorted(
        {record["budget"] for record in stored if not is_default_model(record["system"])}
    )
    days = sorted({record["started"][:10] for record in stored})
    again = sorted({record["system"] for record in own if record["system"] != OURS})
    versions = "\n".join(f"- `{system}`: {used}" for system, used in _versions([*stored, *own]))
    return (
        "They were measured once and stored, those of bank_marketing, cnae9, covertype_20k and sms_spam, and of ag_best_quality@300 on ames_housing and telco_churn, in "
        f"`benchmarks/peers.jsonl` ({' to '.join(dict.fromkeys((days[0], days[-1])))}, a machine with 2 cores of an AMD "
        "EPYC, 24 GiB and no GPU, Python 3.11, the same harness): one run for each cell, one seed, one split, budgets of "
        f"{' and '.join(f'{budget:g}' for budget in budgets)} s. They have no spread, and the first of them shared the machine "
        "with other work. Ours were made later and not at the same hour: times of different systems compare in order of "
        f"magnitude. Run again beside ours: {', '.join(again) if again else 'none'}.\n\n{versions}"
    )


def _versions(records: Iterable[Record]) -> list[tuple[str, str]]:
    """Each peer with the packages of its newest record."""
    newest = {
        record["system"]: record["versions"]
        for record in records
        if record["system"] != OURS and record.get("versions")
    }
    return [
        (system, ", ".join(f"{name} {version}" for name, version in versions.items()))
        for system, versions in sorted(newest.items())
    ]


if __name__ == "__main__":
    sys.exit(main())
