"""The terms of a text: its words and pairs of neighbouring words; and those of many texts, found once."""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from windvane.engine.features.base import Value

WORD = re.compile(r"\w+")
_MAX_CHARACTERS = 20_000
AT_HAND = 16
"""Texts whose terms are kept: the recipes of an ensemble ask for those of the same row one after another."""

_FEWEST = 2
"""Texts that a term must stand in to be of use to anyone who learns from them."""


def text_of(value: Value) -> str:
    return "" if value is None else str(value)[:_MAX_CHARACTERS]


@lru_cache(AT_HAND)
def terms_of(text: str) -> Sequence[str]:
    words = WORD.findall(text.lower())
    pairs = [f"{first} {second}" for first, second in pairwise(words)]
    return (*words, *pairs)


@dataclass(frozen=True)
class Bags:
    """Terms of some texts, text after text, in order of first appearance.

    ids      (n,) of the terms in their table
    counts   (n,) how often the term stands in the text
    lengths  (n_texts,) different terms of each
    """

    ids: NDArray[np.int64]
    counts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def only(self, kept: NDArray[np.bool_]) -> Bags:
        """Return the bags with some of their terms.

        kept    (n,)
        """
        before = np.concatenate([[0], np.cumsum(kept)])
        ends = np.cumsum(self.lengths)
        return Bags(self.ids[kept], self.counts[kept], before[ends] - before[ends - self.lengths])


class TermTable:
    """The terms of texts, found once and handed to all who learn from some of these texts: that is what costs.

    It says nothing about which terms matter: no frequency over all texts reaches those who use it. Terms that
    stand in one text alone are left out, since nobody can learn from them.

    terms    of all texts, in alphabetical order; a term's position is its id
    """

    def __init__(self, values: Iterable[Value]) -> None:
        index: defaultdict[str, int] = defaultdict()
        index.default_factory = index.__len__
        self._row: dict[str, int] = {}
        ids, counts, lengths = array("q"), array("q"), array("q")
        rows = array("q")
        for text in map(text_of, values):
            row = self._row.setdefault(text, len(lengths))
            rows.append(row)
            if row == len(lengths):
                found = Counter(map(index.__getitem__, terms_of(text)))
                ids.extend(found)
                counts.extend(found.values())
                lengths.append(len(found))
        bags = Bags(*(np.array(part, np.int64) for part in (ids, counts, lengths)))
        n_alike = np.bincount(np.array(rows, np.int64), minlength=len(lengths))
        self._keep(list(index), bags, np.repeat(n_alike, bags.lengths))

    def _keep(self, terms: list[str], bags: Bags, n_alike: NDArray[np.int64]) -> None:
        n_documents = np.bincount(bags.ids, n_alike, len(terms))
        kept = sorted(np.flatnonzero(n_documents >= _FEWEST).tolist(), key=terms.__getitem__)
        self.terms = [terms[i] for i in kept]
        renamed = np.full(len(terms), -1)
        renamed[kept] = np.arange(len(kept))
        bags = Bags(renamed[bags.ids], bags.counts, bags.lengths)
        self._bags = bags.only(bags.ids >= 0)
        self._starts = np.cumsum(self._bags.lengths) - self._bags.lengths

    def has(self, values: Iterable[Value]) -> bool:
        return all(text_of(value) in self._row for value in values)

    def bags(self, values: Iterable[Value]) -> Bags:
        """Return the bags of values of the table.

        raises    KeyError for a text that is not in the table
        """
        rows = np.array([self._row[text_of(value)] for value in values], np.int64)
        lengths = self._bags.lengths[rows]
        before = np.cumsum(lengths) - lengths
        taken = np.repeat(self._starts[rows] - before, lengths) + np.arange(lengths.sum())
        return Bags(self._bags.ids[taken], self._bags.counts[taken], lengths)
