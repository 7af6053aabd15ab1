"""The terms of a text: its words and pairs of neighbouring words, in any script; and those of many texts, found once.

Scripts that are written without spaces between words are read character by character: with pairs and triples of neighbouring
characters, most of their words are among the terms.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from windvane.engine.features.base import Value

_WITHOUT_SPACES = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Tibetan; Burmese; Khmer
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Japanese syllables
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff\u200c\u200d"
)
"""Parts of words that are no letters by themselves: accents, vowel points, and Indic scripts with their vowel signs."""

_PLAIN = re.compile(r"\w+")
_NOT_PLAIN = re.compile(f"[{_WITHOUT_SPACES}{_MARKS}]")
_ANY = re.compile(rf"[{_WITHOUT_SPACES}]|(?:[^\W{_WITHOUT_SPACES}]|[{_MARKS}])+")
_CHARACTER = re.compile(f"[{_WITHOUT_SPACES}]")
_MAX_CHARACTERS = 20_000
AT_HAND = 16
"""Texts whose terms are kept: the recipes of an ensemble ask for those of the same row one after another."""

_FEWEST = 2
"""Texts that a term must stand in to be of use to anyone who learns from them."""


def text_of(value: Value) -> str:
    return "" if value is None else str(value)[:_MAX_CHARACTERS]


def words_of(text: str) -> list[str]:
    """Return the words; of scripts without spaces, the characters.

    >>> words_of("It rains 雨です")
    ['It', 'rains', '雨', 'で', 'す']
    """
    return (_PLAIN if _NOT_PLAIN.search(text) is None else _ANY).findall(text)


@lru_cache(AT_HAND)
def terms_of(text: str) -> Sequence[str]:
    """Return words, pairs of words that follow each other, and triples of characters that are words by themselves."""
    words = words_of(text.lower())
    pairs = [f"{first} {second}" for first, second in pairwise(words)]
    if _CHARACTER.search(text) is None:
        return (*words, *pairs)
    is_character = [_CHARACTER.fullmatch(word) is not None for word in words]
    triples = [
        " ".join(words[i : i + 3])
        for i in range(len(words) - 2)
        if is_character[i] and is_character[i + 1] and is_character[i + 2]
    ]
    return (*words, *pairs, *triples)


MOST_ADJACENT = 4
"""Characters that stand next to each other: of five there are too many different ones, and they tell classes apart no better."""


_GRAMS_AT_HAND = 4
"""Texts: those of one of 20,000 characters take 5 MB."""


@lru_cache(_GRAMS_AT_HAND)
def grams_of(text: str) -> Sequence[str]:
    """Return every one to four adjacent characters, spaces and punctuation marks among them.

    >>> grams_of("No!")
    ('n', 'o', '!', 'no', 'o!', 'no!')
    """
    plain = " ".join(text.lower().split())
    return tuple(
        plain[i : i + n] for n in range(1, MOST_ADJACENT + 1) for i in range(len(plain) - n + 1)
    )


_MOST_OF_PARTS = 1_000


@lru_cache(AT_HAND)
def terms_and_grams_of(text: str) -> Sequence[str]:
    """Return the terms, and of the first 1,000 characters every three to five adjacent ones of a word, its ends among them,
    as earlier versions found them; a mark tells them from words.

    >>> terms_and_grams_of("Hi")
    ('hi', '\\n hi', '\\nhi ', '\\n hi ')
    """
    grams: list[str] = []
    for word in words_of(text[:_MOST_OF_PARTS].lower()):
        if len(word) > 1:
            padded = f" {word} "
            for n in (3, 4, 5):
                grams += [f"\n{padded[i : i + n]}" for i in range(len(padded) - n + 1)]
    return (*terms_of(text), *grams)


def plain_terms_of(text: str) -> Sequence[str]:
    """Return the terms as versions found them that took every script for one with spaces and without marks."""
    words = plain_words_of(text.lower())
    return (*words, *(f"{first} {second}" for first, second in pairwise(words)))


def plain_words_of(text: str) -> list[str]:
    return _PLAIN.findall(text)


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

    def __init__(
        self, values: Iterable[Value], find: Callable[[str], Sequence[str]] = terms_of
    ) -> None:
        """Find the terms of texts.

        find    the terms of one of them
        """
        index: defaultdict[str, int] = defaultdict()
        index.default_factory = index.__len__
        self._row: dict[str, int] = {}
        ids, counts, lengths = array("q"), array("q"), array("q")
        rows = array("q")
        for text in map(text_of, values):
            row = self._row.setdefault(text, len(lengths))
            rows.append(row)
            if row == len(lengths):
                found = Counter(map(index.__getitem__, find(text)))
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
