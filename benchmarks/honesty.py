"""Do leaderboards say what new rows will show? python -m benchmarks.honesty FOLDER [--record]

FOLDER is what benchmarks/kept.py made. For every table: the score that the leaderboard gives to the model that
answers, its standard error, the score on the test rows, how many of these standard errors lie between, and how many of
the difference (the test rows are a sample too); then, whether the
front of score against latency holds a candidate of at most a millisecond within one standard error of the best, what
the model costs to load and to ask, and when there was a first one. With --record the figures are kept for docs/benchmarks.md.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd

from benchmarks.kept import ABOUT, MODEL, OBJECTIVES
from benchmarks.markdown import markdown_table, score_text
from benchmarks.records import ROOT, CannotMeasure, Record, read_records
from benchmarks.tables import Table, every_table
from windvane import AutoML
from windvane.domain.problem import MetricName
from windvane.engine.candidates import Score
from windvane.engine.scoring.metrics import METRICS

HONESTY = ROOT / "benchmarks" / "honesty.jsonl"

_QUICK_MS = 1.0
_ENOUGH_ERRORS = 2.0
_HEAD = (
    "table",
    "objective",
    "leaderboard",
    "SE",
    "test",
    "off by SE",
    "off by SE of both",
    "fast one near best",
    "final ms",
    "best single ms",
    "load ms",
    "first model s",
)


@dataclass(frozen=True)
class Judged:
    """off            test minus leaderboard, less is worse, in standard errors of the leaderboard
    off_by_both    the same in standard errors of the difference
    is_front_quick  whether a candidate of at most _QUICK_MS is as good as the best but for one standard error
    single_ms       one row through the best candidate that is no ensemble
    first_s         from the start of the job to its first model; None in records of before it was measured
    """

    table: str
    objective: str
    told: float
    error: float
    test: float
    off: float
    off_by_both: float
    is_front_quick: bool
    best_ms: float
    single_ms: float
    load_ms: float
    first_s: float | None = None


def main(arguments: Sequence[str], honesty: Path = HONESTY) -> int:
    if len(arguments) not in (1, 2) or arguments[1:] not in ([], ["--record"]):
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    tables = [one for one in every_table() if (folder / one.name / MODEL).is_dir()]
    try:
        judged = [judge(table, folder / table.name) for table in tables]
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    print(report(judged))
    if arguments[1:]:
        records = (
            {**asdict(one), **json.loads((folder / one.table / ABOUT).read_text())}
            for one in judged
        )
        honesty.write_text("".join(f"{json.dumps(one)}\n" for one in records))
    return 0


def judge(table: Table, folder: Path) -> Judged:
    """raises    CannotMeasure if the table is not at hand"""
    started = time.perf_counter()
    model = AutoML.load(folder / MODEL)
    load_s = time.perf_counter() - started
    scores = {score.metric: score for score in model.score(table.rows("test"))}
    test = scores[MetricName(OBJECTIVES[table.problem])]
    first_s = float(json.loads((folder / ABOUT).read_text())["first_s"])
    return judged_of(table.name, model.leaderboard(), test, load_s, first_s)


def judged_of(name: str, board: pd.DataFrame, test: Score, load_s: float, first_s: float) -> Judged:
    """board    of `AutoML.leaderboard`"""
    gain = METRICS[test.metric].gain
    chosen = board[board["chosen"]].iloc[0]
    told, error = float(chosen["score"]), float(chosen["standard_error"])
    finished = board[board["status"] == "finished"]
    front = finished[finished["on_front"] & (finished["latency_ms"] <= _QUICK_MS)]
    single = finished[finished["algorithm"] != "ensemble"].iloc[0]
    away = gain(test.value) - gain(told)
    return Judged(
        table=name,
        objective=test.metric,
        told=told,
        error=error,
        test=test.value,
        off=away / error,
        off_by_both=away / math.hypot(error, test.standard_error or 0.0),
        is_front_quick=any(gain(float(score)) >= gain(told) - error for score in front["score"]),
        best_ms=float(chosen["latency_ms"]),
        single_ms=float(single["latency_ms"]),
        load_ms=1000 * load_s,
        first_s=first_s,
    )


def recorded(records: Sequence[Record]) -> str:
    """What `--record` kept, in Markdown."""
    names = [field.name for field in fields(Judged)]
    judged = [Judged(**{name: one[name] for name in names if name in one}) for one in records]
    engines = {(one["commit"], one["budget"], one["seed"]): None for one in records}
    about = "; ".join(
        f"Engine of commit `{commit}`, {budget:g} s, seed {seed}"
        for commit, budget, seed in engines
    )
    return f"{about}.\n\n{report(judged)}"


def recorded_in(honesty: Path) -> str:
    """The same of a file; "" if it is not there."""
    return recorded(read_records(honesty)) if honesty.exists() else ""


def report(judged: Sequence[Judged]) -> str:
    table = markdown_table(_HEAD, [_row(one) for one in judged])
    within = sum(abs(one.off) <= _ENOUGH_ERRORS for one in judged)
    by_both = sum(abs(one.off_by_both) <= _ENOUGH_ERRORS for one in judged)
    quick = sum(one.is_front_quick for one in judged)
    return (
        f"{table}\n\nWithin {_ENOUGH_ERRORS:g} standard errors: {within} of {len(judged)}; of both: "
        f"{by_both}. "
        f"A candidate of {_QUICK_MS:g} ms within one standard error of the best: {quick} of {len(judged)}."
    )


def _row(one: Judged) -> list[str]:
    return [
        one.table,
        one.objective,
        score_text(one.told),
        score_text(one.error),
        score_text(one.test),
        f"{one.off:+.2f}",
        f"{one.off_by_both:+.2f}",
        "yes" if one.is_front_quick else "no",
        f"{one.best_ms:.2f}",
        f"{one.single_ms:.3f}",
        f"{one.load_ms:.0f}",
        "–" if one.first_s is None else f"{one.first_s:.1f}",
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
