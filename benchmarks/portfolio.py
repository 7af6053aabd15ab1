"""In which order should a search try its openings? python -m benchmarks.portfolio FOLDER [--record]

FOLDER is what benchmarks/kept.py made. From what every opening predicted out of fold and how long it took, the order is
learnt that makes an ensemble of what has finished good early: greedily, the next opening is the one that lowers the
ensemble's loss most for its share of the time, on average over the tables. What is reported of a table is of the order
learnt without it, beside the order that the search has (windvane/engine/tuning/portfolio.py) and its reverse. With
--record these orders are kept in benchmarks/orders.json, for `make bench LEFT_OUT=1`.

The figure of an order is the mean, over the time that all openings take, of how far the loss of the ensemble lies above
that of all openings (a difference of logarithms, times 100: about percent).
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.kept import JOB
from benchmarks.markdown import markdown_table
from benchmarks.records import ROOT, CannotMeasure
from windvane.engine.candidate_io import read_candidate, read_out_of_fold
from windvane.engine.candidates import Plan
from windvane.engine.data.dataset import read_dataset
from windvane.engine.ensembles.losses import loss_for
from windvane.engine.ensembles.weights import fit_weights
from windvane.engine.learners.catalogue import learner
from windvane.engine.scoring.calibration import at_temperature
from windvane.engine.tuning.portfolio import OPENINGS, Opening

ORDERS = ROOT / "benchmarks" / "orders.json"
_MOST_ROWS = 3_000
_WORST = 0.5
"""Of a loss, as a difference of logarithms: how bad nothing at all is, and the most that is counted."""

Key = str
Order = Sequence[Key]


@dataclass(frozen=True)
class Tried:
    """What the openings did on one table.

    took_s   opening -> wall clock of its folds
    excess   openings -> how far the loss of their ensemble lies above that of all of them
    """

    name: str
    took_s: Mapping[Key, float]
    excess: Callable[[frozenset[Key]], float]


def main(arguments: Sequence[str]) -> int:
    is_asked = len(arguments) == 1 or arguments[1:] == ["--record"]
    homes = sorted(Path(arguments[0]).glob(f"*/{JOB}")) if is_asked else []
    if not homes:
        print(__doc__, file=sys.stderr)
        return 2
    tables = [tried_on(home) for home in homes]
    present = [key_of(opening) for opening in OPENINGS]
    rows, orders = [], {}
    for table in tables:
        learnt = learn([other for other in tables if other is not table], present)
        orders[table.name] = learnt
        figures = [area(order, table) for order in (learnt, present, present[:1] + present[:0:-1])]
        rows.append((table.name, *(f"{100 * figure:.2f}" for figure in figures)))
    means = (f"{statistics.fmean(float(row[place]) for row in rows):.2f}" for place in (1, 2, 3))
    head = ("table", "learnt without it", "as it is", "reversed")
    print(markdown_table(head, [*rows, ("mean", *means)]))
    if arguments[1:]:
        ORDERS.write_text(f"{json.dumps(orders, indent=1)}\n")
    print("\nLearnt from all:\n")
    print("\n".join(f"{place}. {key}" for place, key in enumerate(learn(tables, present), 1)))
    return 0


def orders_without() -> dict[str, list[Key]]:
    """Table -> the order of openings that was learnt without it.

    raises    CannotMeasure if none were recorded
    """
    if not ORDERS.exists():
        raise CannotMeasure(
            "There are no orders that were learnt without a table: `python -m benchmarks.portfolio FOLDER --record` "
            "learns them from what `python -m benchmarks.kept FOLDER` kept."
        )
    found: dict[str, list[Key]] = json.loads(ORDERS.read_text())
    return found


def key_of(opening: Opening) -> Key:
    return f"{opening.algorithm}: {opening.why}"


def tried_on(job: Path) -> Tried:
    """raises    CorruptArtifact"""
    table = read_dataset(job / "dataset")
    folders = {int(file.parent.name): file.parent for file in job.glob("candidates/*/outcome.json")}
    known = {index: read_candidate(folder) for index, folder in sorted(folders.items())}
    asked = {
        index: key
        for index, record in known.items()
        if record.plan is not None and (key := _opening_of(record.plan)) is not None
    }
    records = {index: known[index] for index in asked}
    n_folds = max(record.outcome.folds_used for record in records.values())
    rows = np.flatnonzero((table.folds >= 0) & (table.folds < n_folds))[:_MOST_ROWS]
    y = table.y[rows]
    said: dict[Key, NDArray[np.float64]] = {}
    for index, record in records.items():
        if record.outcome.folds_used == n_folds:
            predicted = read_out_of_fold(folders[index])[rows].astype(np.float64)
            said[asked[index]] = at_temperature(predicted, record.temperature)
    took_s = {asked[index]: record.outcome.fit_s for index, record in records.items()}

    @cache
    def log_loss(keys: frozenset[Key]) -> float:
        loss = loss_for([said[key] for key in sorted(keys)], y, table.analysis.objective)
        weights = fit_weights(loss)
        used = np.flatnonzero(weights)
        return float(np.log(loss.of(used, weights[used])))

    everything = frozenset(said)

    def excess(keys: frozenset[Key]) -> float:
        known = keys & everything
        return min(_WORST, log_loss(known) - log_loss(everything)) if known else _WORST

    return Tried(job.parent.name, {key: took_s[key] for key in said}, excess)


def _opening_of(plan: Plan) -> Key | None:
    """That the plan was made from, in whatever order a search had them; None for a later one."""
    keys = [
        key_of(one)
        for one in OPENINGS
        if one.algorithm == plan.algorithm
        and plan.recipe == (one.recipe or learner(one.algorithm).recipes[0])
        and plan.why.startswith(one.why)
    ]
    return max(keys, key=len, default=None)


def learn(tables: Sequence[Tried], openings: Order) -> list[Key]:
    """The order; the first opening stays the first, for it shows on how many folds all are compared."""
    order, left = list(openings[:1]), list(openings[1:])
    while left:
        done = frozenset(order)
        best = max(left, key=lambda key: (_worth(key, done, tables), -openings.index(key)))
        left.remove(best)
        order.append(best)
    return order


def _worth(key: Key, done: frozenset[Key], tables: Sequence[Tried]) -> float:
    """What it lowers the loss by for its share of the time, on average over the tables that know it."""
    found = [
        (table.excess(done) - table.excess(done | {key}))
        / (table.took_s[key] / sum(table.took_s.values()))
        for table in tables
        if key in table.took_s
    ]
    return statistics.fmean(found) if found else -1.0


def area(order: Order, table: Tried) -> float:
    """The mean excess over the time that all openings take, one after the other."""
    total_s = sum(table.took_s.values())
    done: frozenset[Key] = frozenset()
    covered = 0.0
    for key in order:
        if key in table.took_s:
            covered += table.excess(done) * table.took_s[key]
            done |= {key}
    return covered / total_s


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
