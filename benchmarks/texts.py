"""Measure text classification on the bundled corpora, beside logistic regression on tf-idf that is tuned for as long.

Both learn from the same rows, one after the other, and are asked for the classes of the same others. Of the peer, how terms are
found and the regularisation are chosen by cross-validation on the rows to learn from, until the time is over.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from benchmarks.harness import measured_commit
from benchmarks.markdown import markdown_table, number
from benchmarks.records import ROOT, CannotMeasure, Record, read_records
from benchmarks.tables import TEXTS, Table, every_table, tables_named
from windvane import AutoML

_TEXT = "text"
_FOLDS = 3
_STRENGTHS = (1.0, 10.0, 100.0, 1000.0, 0.1)
_TERMS: tuple[dict[str, Any], ...] = (
    {"analyzer": "word", "ngram_range": (1, 2)},
    {"analyzer": "char_wb", "ngram_range": (2, 5)},
    {"analyzer": "char", "ngram_range": (1, 4)},
    {"analyzer": "word", "ngram_range": (1, 1)},
)
_HEAD = (
    "corpus",
    "rows",
    "characters",
    "classes",
    "windvane",
    "fit s",
    "tf-idf + LR",
    "fit s",
    "its choice",
    "difference",
    "in SE",
)

RECORDED = ROOT / "benchmarks" / "texts.jsonl"

Labels = NDArray[np.str_]


@dataclass(frozen=True)
class Answered:
    """The predictions of a system for the test rows.

    labels   (n_rows,)
    fit_s    that it took to learn
    choice   what was best on the rows to learn from
    """

    labels: Labels
    fit_s: float
    choice: str


def main(arguments: Sequence[str], recorded: Path = RECORDED) -> int:
    asked = _parser().parse_args(arguments)
    try:
        commit = measured_commit() if asked.record else ""
        records = [
            {**record_of(table, asked.budget, asked.threads, asked.seed), "commit": commit}
            for table in _corpora(asked.corpora)
        ]
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    print(report(records))
    if asked.record:
        recorded.write_text("".join(f"{json.dumps(one)}\n" for one in records))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpora", default="", help="names separated by commas; all by default")
    parser.add_argument("--budget", type=float, default=60, help="seconds for each of the two")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--record", action="store_true", help="keep them for docs/benchmarks.md")
    return parser


def _corpora(names: str) -> list[Table]:
    """Return the corpora of these names, or all.

    raises    CannotMeasure for names that there are not
    """
    return (
        tables_named(names.split(","))
        if names
        else [*tables_named(["sms_spam"]), *every_table([TEXTS])]
    )


def record_of(table: Table, budget_s: float, threads: int, seed: int) -> Record:
    """Return what a corpus shows: of each system the share of the test rows that is right, and how long it learnt."""
    train, test = table.rows("train"), table.rows("test")
    load = os.getloadavg()[0]
    ours = _ours(table, train, test, budget_s, threads, seed)
    peer = tuned(table, train, test, budget_s, threads, seed)
    truth = test[table.target].to_numpy(str)
    share, errors = difference(ours.labels == truth, peer.labels == truth)
    return {
        "corpus": table.name,
        "n_train": len(train),
        "n_test": len(test),
        "characters": float(train[_TEXT].str.len().median()),
        "n_classes": int(train[table.target].nunique()),
        "ours": float((ours.labels == truth).mean()),
        "ours_s": ours.fit_s,
        "peer": float((peer.labels == truth).mean()),
        "peer_s": peer.fit_s,
        "choice": peer.choice,
        "difference": share,
        "errors": errors,
        "budget": budget_s,
        "threads": threads,
        "seed": seed,
        "date": datetime.now(UTC).date().isoformat(),
        "load": load,
    }


def report(records: Sequence[Record]) -> str:
    """Return the table of records in Markdown."""
    return markdown_table(_HEAD, [_row(one) for one in records])


def _row(record: Record) -> list[str]:
    return [
        record["corpus"],
        f"{record['n_train']:,} + {record['n_test']:,}",
        number(record["characters"], 0),
        str(record["n_classes"]),
        number(record["ours"], 4),
        number(record["ours_s"], 0),
        number(record["peer"], 4),
        number(record["peer_s"], 0),
        record["choice"],
        f"{record['difference']:+.4f}",
        f"{record['errors']:+.1f}",
    ]


def recorded_in(file: Path) -> str:
    """Return what `--record` kept, in Markdown; "" if it kept nothing."""
    records = read_records(file) if file.exists() else []
    if not records:
        return ""
    loads = [one["load"] for one in records]
    commits = ", ".join(f"`{one}`" for one in dict.fromkeys(one["commit"] for one in records))
    first = records[0]
    about = (
        f"Engine of commit {commits}, {first['date']}, {first['threads']} cores, {first['budget']:g} s for each system, seed "
        f"{first['seed']}; load average of the machine {min(loads):.0f} to {max(loads):.0f}."
    )
    return f"{about}\n\n{report(records)}"


def difference(ours: NDArray[np.bool_], peers: NDArray[np.bool_]) -> tuple[float, float]:
    """Return how much more often we are right, as a share of the rows and in standard errors of it."""
    gain = ours.astype(float) - peers.astype(float)
    error = float(gain.std(ddof=1)) / len(gain) ** 0.5
    return float(gain.mean()), float(gain.mean()) / error if error else 0.0


def _ours(
    table: Table, train: pd.DataFrame, test: pd.DataFrame, budget_s: float, threads: int, seed: int
) -> Answered:
    began = time.monotonic()
    model = AutoML(
        target=table.target,
        features=[_TEXT],
        feature_types={_TEXT: "text"},
        objective="Accuracy",
        max_runtime_s=budget_s,
        threads=threads,
        seed=seed,
    ).fit(train)
    fit_s = time.monotonic() - began
    labels = np.asarray(model.predict(test[[_TEXT]])).astype(str)
    best = model.leaderboard().iloc[0]
    return Answered(labels, fit_s, f"{best['algorithm']} {best['recipe']}".strip())


def tuned(
    table: Table, train: pd.DataFrame, test: pd.DataFrame, budget_s: float, threads: int, seed: int
) -> Answered:
    """Return what the best logistic regression on tf-idf answers that is found in the time."""
    began = time.monotonic()
    texts, kinds = train[_TEXT].fillna(""), train[table.target].astype(str)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    best, choice, longest_s = -1.0, (_STRENGTHS[0], _TERMS[0]), 0.0
    for one in product(_STRENGTHS, _TERMS):
        if time.monotonic() - began + longest_s > budget_s:
            break
        since = time.monotonic()
        score = cross_val_score(_pipeline(*one), texts, kinds, cv=folds, n_jobs=threads).mean()
        longest_s = max(longest_s, time.monotonic() - since)
        if score > best:
            best, choice = float(score), one
    model = _pipeline(*choice).fit(texts, kinds)
    fit_s = time.monotonic() - began
    strength, terms = choice
    low, high = terms["ngram_range"]
    named = f"{terms['analyzer']} {low}-{high}, C={strength:g}"
    return Answered(model.predict(test[_TEXT].fillna("")).astype(str), fit_s, named)


def _pipeline(strength: float, terms: dict[str, Any]) -> Any:
    return make_pipeline(
        TfidfVectorizer(sublinear_tf=True, **terms),
        LogisticRegression(C=strength, max_iter=1000),
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
