"""The answers of two models to the same requests, compared row by row.

Of the first value of each row: that is the predicted label or value, unless the endpoint was asked to answer other keys.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from windvane.serving.content_types import JSON, JSON_LINES, TENSORS

MOST_PAIRS = 100
"""Different pairs of answers that are counted one by one."""

_MOST_CHARACTERS = 60
"""Of an answer in a pair."""

_LARGEST = 1e200
"""Beyond it, an answer is no number here: sums of such would be none that JSON has."""

_PREDICTED = ("predicted_label", "predicted_value")
"""Outputs of the Open Inference Protocol that hold what was predicted (serving/open_inference/answers.py)."""


class NotComparable(Exception):
    """The answers have no rows that can be set side by side; the text says why."""


@dataclass
class Compared:
    """The answers of a shadow variant compared with those of the variant whose requests it was sent. Lives on the event loop.

    variant         the shadow's name
    copied          requests that it was sent
    left_out        requests that were not copied, because as many copies as may be were under way
    failed          copies that it did not answer
    not_comparable  copies whose answers could not be set side by side
    rows            that both have answered
    same            rows with the same answer
    numbers         rows where both answers are numbers
    difference      sum of the absolute differences of these
    size            sum of the absolute values of the answers that were given
    pairs           how often the answer given and the shadow's were what they were, where they differ
    """

    variant: str
    copied: int = 0
    left_out: int = 0
    failed: int = 0
    not_comparable: int = 0
    rows: int = 0
    same: int = 0
    numbers: int = 0
    difference: float = 0.0
    size: float = 0.0
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, given: Sequence[str], shadows: Sequence[str]) -> None:
        """Take in the answers to the rows of one request."""
        for one, other in zip(given, shadows, strict=True):
            self.rows += 1
            first, second = _number(one), _number(other)
            if first is not None and second is not None:
                self.numbers += 1
                self.difference += abs(first - second)
                self.size += abs(first)
            if one == other or (first is not None and first == second):
                self.same += 1
            else:
                self._count((one[:_MOST_CHARACTERS], other[:_MOST_CHARACTERS]), 1)

    def include(self, other: Compared) -> None:
        """Take in what is known elsewhere of answers of the same variant."""
        for name, value in vars(other).items():
            if name not in ("variant", "pairs"):
                setattr(self, name, getattr(self, name) + value)
        for pair, count in other.pairs.items():
            self._count(pair, count)

    def _count(self, pair: tuple[str, str], count: int) -> None:
        if pair in self.pairs or len(self.pairs) < MOST_PAIRS:
            self.pairs[pair] += count

    def to_json(self) -> dict[str, Any]:
        """Return it as another server is told of it."""
        pairs = [[*pair, count] for pair, count in self.pairs.items()]
        return {**vars(self), "pairs": pairs}


def compared_from_json(told: Mapping[str, Any]) -> Compared:
    pairs = Counter({(one, other): n for one, other, n in told["pairs"]})
    return Compared(**{**told, "pairs": pairs})


def together(told: Iterable[Compared | None]) -> Compared | None:
    """Return what several servers have compared of one shadow variant; None if none has any."""
    known = [one for one in told if one is not None]
    if not known:
        return None
    total = Compared(known[0].variant)
    for one in known:
        if one.variant == total.variant:
            total.include(one)
    return total


def rows_of(body: bytes, content_type: str) -> list[str]:
    """Return the first value of each row of an answer.

    raises    NotComparable
    """
    media = content_type.partition(";")[0].strip().lower()
    try:
        if media == TENSORS:
            return _of_tensors(json.loads(body))
        if media == JSON:
            return [_first(row) for row in json.loads(body)["predictions"]]
        if media == JSON_LINES:
            return [_first(json.loads(line)) for line in body.splitlines()]
        text = io.StringIO(body.decode(), newline="")
        return [row[0] for row in csv.reader(text, strict=True) if row]
    except (ValueError, LookupError, TypeError, AttributeError, csv.Error, RecursionError) as error:
        raise NotComparable(f"An answer of type {media} has no rows: {error}") from error


def _of_tensors(answer: Any) -> list[str]:
    by_name = {output["name"]: output["data"] for output in answer["outputs"]}
    predicted = [by_name[name] for name in _PREDICTED if name in by_name]
    return [_text(value) for value in predicted[0]]


def _first(row: Any) -> str:
    for value in row.values():
        return _text(value)
    raise NotComparable("A row has no value.")


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise NotComparable("The first value of a row is a list or an object.")
    text = value if isinstance(value, str) else json.dumps(value)
    text.encode()  # raises ValueError for halves of characters, which no page can show
    return text


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) <= _LARGEST else None
