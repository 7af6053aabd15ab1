"""Text: tf-idf of words and word pairs reduced by a truncated SVD, and what the text looks like.

Both are learnt with SciPy and executed by NumPy: a cell's vector is the weighted sum of its terms' rows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from windvane.engine.checked import floats_in, text_in, texts_in
from windvane.engine.columns import FloatMatrix, Values
from windvane.engine.features.base import Feature, Value
from windvane.engine.features.svd import right_singular_vectors
from windvane.engine.features.terms import (
    AT_HAND,
    Bags,
    TermTable,
    grams_of,
    plain_terms_of,
    plain_words_of,
    terms_and_grams_of,
    terms_of,
    text_of,
    words_of,
)
from windvane.errors import CorruptArtifact, RejectColumn

_MAX_TERMS = 20_000
MAX_FIT_ROWS = 50_000
_CHUNK = 256
_Numbers = NDArray[np.int64] | list[int]
_WORDS: dict[str, Callable[[str], Sequence[str]]] = {
    "plain": plain_terms_of,
    "any-script": terms_of,
    "with-grams": terms_and_grams_of,
    "grams": grams_of,
}
"""How the terms of a text are found. Saved models of earlier versions have the first way, which they do not name, or the third."""

_SHAPE = ("characters", "words", "digits", "capitals", "punctuation")


class TextShape:
    """Logarithms of the numbers of characters and words; shares of digits, capitals and punctuation."""

    kind = "text-shape"

    def __init__(self, source: str, words: str = "any-script") -> None:
        """Count what is in texts.

        words    how words are found, of `_WORDS`
        """
        self.source = source
        self._words = words

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:  # noqa: ARG002 - contract
        if all(value is None for value in values.tolist()):
            raise RejectColumn("every value is missing")

    def features(self) -> Sequence[Feature]:
        return tuple(Feature(f"{self.source} ({name})", self.source) for name in _SHAPE)

    def transform(self, values: Values) -> FloatMatrix:
        rows = [self.transform_one(value) for value in values.tolist()]
        return np.array(rows, np.float32).reshape(len(values), len(_SHAPE))

    def transform_one(self, value: Value) -> Sequence[float]:
        return _shape_of(text_of(value), self._words == "plain")

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {"source": self.source, "words": self._words}, {}

    @classmethod
    def from_state(cls, json_state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:  # noqa: ARG003 - contract
        return cls(
            text_in(json_state, "source"), text_in({"words": "plain", **json_state}, "words")
        )


@dataclass(frozen=True)
class _Weighed:
    """Known terms of some texts, text after text, and their tf-idf weights; lengths: terms of each text."""

    indices: NDArray[np.int64]
    weights: NDArray[np.float64]
    lengths: NDArray[np.int64]


class TextTopics:
    """Coordinates of the text's tf-idf vector along the main directions of the training texts, each with
    standard deviation 1; a missing text, or one of unknown words, is 0 throughout.

    width      directions at most
    table      of the terms of texts it will meet, those it learns from among them; it makes its own if None
    source     Deerwester et al. 1990, "Indexing by latent semantic analysis"; Halko et al. 2011, "Finding
               structure with randomness", for the decomposition
    """

    kind = "text-topics"

    def __init__(
        self, source: str, width: int = 50, seed: int = 0, table: TermTable | None = None
    ) -> None:
        self.source = source
        self.width = width
        self.seed = seed
        self._table = table
        self._terms_of: Callable[[str], Sequence[str]] = terms_of
        self._place: NDArray[np.int64] = np.empty(0, np.int64)
        self._learn([], np.empty(0, np.float32), np.empty((0, 0), np.float32))

    def _learn(
        self, terms: Sequence[str], weights: NDArray[np.float32], directions: NDArray[np.float32]
    ) -> None:
        self.terms_ = list(terms)
        self.weights_ = weights
        self.directions_ = directions
        self._index = {term: i for i, term in enumerate(terms)}
        self._weight = weights.tolist()

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:  # noqa: ARG002 - contract
        generator = np.random.default_rng(self.seed)
        texts = values
        if len(values) > MAX_FIT_ROWS:
            texts = values[np.sort(generator.permutation(len(values))[:MAX_FIT_ROWS])]
        bags = self._learn_terms(texts.tolist())
        width = min(self.width, len(self.terms_) - 1, len(texts) - 1)
        if width < 1:
            raise RejectColumn("its texts share too few words")
        directions = self._directions(self._weigh(bags), width, generator)
        self._learn(self.terms_, self.weights_, directions)

    def _learn_terms(self, texts: Sequence[Value], most: int = _MAX_TERMS) -> Bags:
        """Learn the most frequent terms and what each weighs; return what stands in the texts."""
        table, bags = self._found(texts)
        n_documents = np.bincount(bags.ids, minlength=len(table.terms))
        least = max(2, len(texts) // 5_000)
        frequent = np.flatnonzero(n_documents >= least)
        ranked = frequent[np.argsort(-n_documents[frequent], kind="stable")][:most]
        weights = np.log((1 + len(texts)) / (1 + n_documents[ranked])) + 1
        terms, known = [table.terms[i] for i in ranked.tolist()], weights.astype(np.float32)
        self._learn(terms, known, np.empty((len(ranked), 0), np.float32))
        self._place = np.full(len(table.terms), -1)
        self._place[ranked] = np.arange(len(ranked))
        return bags

    def _found(self, texts: Sequence[Value]) -> tuple[TermTable, Bags]:
        """Return what stands in the texts, from the table at hand if they are in it."""
        if self._table is None or not self._table.has(texts):
            self._table = TermTable(texts, self._terms_of)
        return self._table, self._table.bags(texts)

    def _matrix(self, found: _Weighed) -> Any:
        """Return the tf-idf vectors as a sparse matrix, (n_texts, n_terms)."""
        from scipy.sparse import csr_matrix  # fitting alone needs SciPy

        ends = np.concatenate([[0], np.cumsum(found.lengths)])
        return csr_matrix(
            (found.weights, found.indices, ends), shape=(len(found.lengths), len(self.terms_))
        )

    def _directions(
        self, found: _Weighed, width: int, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        matrix = self._matrix(found)
        right = right_singular_vectors(matrix, width, generator)
        spread = np.asarray(matrix @ right).std(axis=0)
        useful = spread > 1e-6 * spread.max(initial=0)
        if not useful.any():
            raise RejectColumn("all of its texts contain the same words")
        directions: NDArray[np.float32] = (right[:, useful] / spread[useful]).astype(np.float32)
        return directions

    def features(self) -> Sequence[Feature]:
        n = self.directions_.shape[1]
        return tuple(Feature(f"{self.source} (topic {i + 1})", self.source) for i in range(n))

    def transform(self, values: Values) -> FloatMatrix:
        made = np.zeros((len(values), self.directions_.shape[1]), np.float32)
        for start in range(0, len(values), _CHUNK):
            made[start : start + _CHUNK] = self._vectors(values[start : start + _CHUNK].tolist())
        return made

    def transform_one(self, value: Value) -> Sequence[float]:
        indices, weights = self._weighted(value)
        if not indices:
            return [0.0] * self.directions_.shape[1]
        row: Sequence[float] = self._sums(indices, weights, [0])[0].tolist()
        return row

    def _vectors(self, texts: Sequence[Value]) -> FloatMatrix:
        found = self._weighed(texts)
        made = np.zeros((len(texts), self.directions_.shape[1]), np.float32)
        filled = found.lengths > 0
        if filled.any():
            starts = np.cumsum(found.lengths) - found.lengths
            made[filled] = self._sums(found.indices, found.weights, starts[filled])
        return made

    def _sums(self, indices: _Numbers, weights: ArrayLike, starts: _Numbers) -> FloatMatrix:
        """Weighted sums of directions over segments, each in order and by itself: a text's vector does not
        depend on its neighbours in the last digit."""
        terms = self.directions_[indices]
        terms *= np.asarray(weights, np.float32)[:, None]
        sums: FloatMatrix = np.add.reduceat(terms, starts, axis=0)
        return sums

    def _weighted(self, value: Value) -> tuple[list[int], list[float]]:
        """Known terms of a text, in order of appearance, and their tf-idf weights (length 1)."""
        index = self._index
        counts: dict[int, int] = {}
        for term in self._terms_of(text_of(value)):
            if (i := index.get(term)) is not None:
                counts[i] = counts.get(i, 0) + 1
        known = self._weight
        weights = [known[i] * (1 + math.log(n)) if n > 1 else known[i] for i, n in counts.items()]
        length = math.sqrt(sum([weight * weight for weight in weights]))
        return list(counts), [weight / length for weight in weights]

    def _weighed(self, texts: Sequence[Value]) -> _Weighed:
        """Return what `_weighted` makes of each, to the last digit; from the table if they are in it."""
        if self._table is not None and self._table.has(texts):
            return self._weigh(self._table.bags(texts))
        found = [self._weighted(text) for text in texts]
        return _Weighed(
            np.array([i for indices, _ in found for i in indices], np.int64),
            np.array([weight for _, weights in found for weight in weights], np.float64),
            np.array([len(indices) for indices, _ in found], np.int64),
        )

    def _weigh(self, bags: Bags) -> _Weighed:
        places = self._place[bags.ids]
        known = Bags(places, bags.counts, bags.lengths).only(places >= 0)
        factors = [1.0, 1.0, *(1 + math.log(n) for n in range(2, known.counts.max(initial=1) + 1))]
        weights = self.weights_.astype(np.float64)[known.ids] * np.array(factors)[known.counts]
        squares, ends = (weights * weights).tolist(), np.cumsum(known.lengths).tolist()
        norms = [math.sqrt(sum(squares[start:end])) for start, end in pairwise([0, *ends])]
        return _Weighed(known.ids, weights / np.repeat(norms, known.lengths), known.lengths)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        arrays = {"weights": self.weights_, "directions": self.directions_}
        words = next(name for name, found in _WORDS.items() if found is self._terms_of)
        return {"source": self.source, "terms": self.terms_, "words": words}, arrays

    @classmethod
    def from_state(cls, json_state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        made = cls(text_in(json_state, "source"))
        terms = texts_in(json_state, "terms")
        weights = floats_in(arrays, "weights", 1).astype(np.float32)
        directions = floats_in(arrays, "directions", 2).astype(np.float32)
        if len(set(terms)) != len(terms) or not (weights > 0).all():
            raise CorruptArtifact(
                f"A term of column {made.source!r} is named twice, or has no weight."
            )
        if weights.shape != (len(terms),) or len(directions) != len(terms):
            raise CorruptArtifact(f"The terms of column {made.source!r} have a wrong number.")
        words = text_in({"words": "plain", **json_state}, "words")
        if words not in _WORDS:
            raise CorruptArtifact(
                f"The terms of column {made.source!r} are found in an unknown way."
            )
        made._terms_of = _WORDS[words]
        made._learn(terms, weights, directions)
        return made


@lru_cache(AT_HAND)
def _shape_of(text: str, is_plain: bool) -> Sequence[float]:
    n = len(text) or 1
    kinds = Counter(map(_KINDS.__getitem__, text))
    return (
        math.log1p(len(text)),
        math.log1p(len(plain_words_of(text) if is_plain else words_of(text))),
        kinds["digit"] / n,
        kinds["capital"] / n,
        kinds["punctuation"] / n,
    )


def _character_kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.isupper():
        return "capital"
    return "other" if character.isalnum() or character.isspace() else "punctuation"


class _Kinds(dict[str, str]):
    """Kinds of the characters of Latin scripts at hand, those of others when they are asked for."""

    def __missing__(self, character: str) -> str:
        return _character_kind(character)


_KINDS = _Kinds({character: _character_kind(character) for character in map(chr, range(0x250))})
