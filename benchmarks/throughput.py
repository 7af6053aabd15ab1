"""How many rows a second do candidates of a table of 30 columns of numbers answer? Run by hand:

    python -m benchmarks.throughput FOLDER

One job on 20,000 rows, made from a public table as benchmarks/large.py makes them, is kept in FOLDER, which must be
new; then every candidate of it answers 10,000 others, as benchmarks/latency.py measures it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kept import JOB, OBJECTIVES
from benchmarks.large import enlarged, read_source
from benchmarks.latency import speed_table, speeds_of
from benchmarks.records import CannotMeasure
from windvane import AutoML

_TRAIN_ROWS, _ROWS, _COLUMNS = 20_000, 10_000, 30


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    try:
        source = read_source(asked.table)
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    asked.folder.mkdir(parents=True)
    train = enlarged(source.rows, source.table.target, _TRAIN_ROWS, _COLUMNS, asked.seed)
    rows = asked.folder / "rows.csv"
    enlarged(source.rows, source.table.target, _ROWS, _COLUMNS, asked.seed + 1).to_csv(
        rows, index=False
    )
    model = AutoML(
        source.table.target,
        source.table.problem,
        OBJECTIVES[source.table.problem],
        max_runtime_s=asked.budget,
        seed=asked.seed,
    )
    model.fit(train, keep=asked.folder / JOB)
    print(speed_table(speeds_of(asked.folder / JOB, rows)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--table", default="california_housing", help="with columns of numbers")
    parser.add_argument("--budget", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
