"""Candidates against the best of them, on the same out-of-fold rows, corrected for how many are tested."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from windvane.console.scores import FormattedScore, format_score, is_loss

_SURE = 0.05
"""Chance of calling any difference clear where there is none, over all tests of a page."""

_MOST_BLOCKS = 1_000
_FEWEST_BLOCKS = 2


@dataclass(frozen=True)
class Difference:
    """A candidate's objective minus that of the best.

    low, high    simultaneous 95 % interval of the difference
    p_value      corrected; 1 at most
    verdict      in words
    """

    name: str
    difference: float
    error: float
    low: float
    high: float
    p_value: float
    verdict: str

    @property
    def score(self) -> FormattedScore:
        """The difference in as many digits as its error leaves it."""
        return format_score(self.difference, self.error)

    @property
    def whole(self) -> str:
        """The difference with its sign and its error."""
        change = self.score.change(self.difference)
        return f"{change} ± {self.score.error}" if self.score.error else change

    @property
    def interval(self) -> str:
        return f"{self.score.change(self.low)} to {self.score.change(self.high)}"


@dataclass(frozen=True)
class Paired:
    """The paired tests of a page.

    n_units       rows, or groups of rows that are kept together
    differences   of the others, in the order they were given
    others        names of those that were scored on other rows than the best, or whose rows are not known
    """

    best: str
    objective: str
    n_rows: int
    n_units: int
    differences: Sequence[Difference]
    others: Sequence[str]

    @property
    def n_tests(self) -> int:
        return len(self.differences)


def paired_of(figures: Mapping[str, Mapping[str, Any]], best: str) -> Paired | None:
    """Return the tests of each candidate against `best`; None if it has nothing to be tested with.

    figures    candidate -> its figures.json, as far as there are any

    The interval of each is as wide as Bonferroni's correction makes it, p-values are corrected by Holm's method, so
    that the chance of a single false alarm is 5 % for the whole page.

    source     Holm 1979, "A simple sequentially rejective multiple test procedure"
    """
    found = {name: _paired(document) for name, document in figures.items()}
    reference = found.get(best)
    if reference is None:
        return None
    told, others = {}, []
    for name, one in found.items():
        if name == best:
            continue
        if one is None or not _on_same_rows(one, reference):
            others.append(name)
        else:
            told[name] = _difference(one, reference)
    corrected = holm([_p_value(*one) for one in told.values()])
    width = NormalDist().inv_cdf(1 - _SURE / 2 / max(1, len(told)))
    objective = str(reference["objective"])
    return Paired(
        best,
        objective,
        int(reference["n_rows"]),
        int(reference["n_units"]),
        [
            Difference(
                name,
                value,
                error,
                value - width * error,
                value + width * error,
                p_value,
                _verdict(value, p_value, is_minimized=is_loss(objective)),
            )
            for (name, (value, error)), p_value in zip(told.items(), corrected, strict=True)
        ],
        others,
    )


def _paired(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a report says for tests; None if it says nothing, or what no report would."""
    found = document.get("paired")
    if not isinstance(found, dict):
        return None
    blocks = found.get("blocks")
    if not isinstance(blocks, list) or not _FEWEST_BLOCKS <= len(blocks) <= _MOST_BLOCKS:
        return None
    return found if all(isinstance(one, float | int) for one in blocks) else None


def _on_same_rows(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    same = ("rows", "objective")
    return all(one[key] == other[key] for key in same) and len(one["blocks"]) == len(
        other["blocks"]
    )


def _difference(one: Mapping[str, Any], best: Mapping[str, Any]) -> tuple[float, float]:
    """Return the difference and its standard error (engine/quality/paired.py)."""
    gaps = [a - b for a, b in zip(one["blocks"], best["blocks"], strict=True)]
    n = len(gaps)
    return one["value"] - best["value"], math.sqrt(n / (n - 1) * math.fsum(g * g for g in gaps))


def _p_value(difference: float, error: float) -> float:
    """Return the chance of so large a difference, either way, if there is none."""
    if error == 0.0:
        return 1.0 if difference == 0.0 else 0.0
    return math.erfc(abs(difference) / error / math.sqrt(2.0))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for how many there are.

    >>> [round(one, 3) for one in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected


def _verdict(difference: float, p_value: float, *, is_minimized: bool) -> str:
    if p_value >= _SURE:
        return "no clear difference"
    return "clearly worse" if (difference > 0) == is_minimized else "clearly better"
