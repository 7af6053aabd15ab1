"""Text: tf-idf of words and word pairs reduced by a truncated SVD, and what the text looks like.

Both are learnt with SciPy and executed by NumPy: a cell's vector is the weighted sum of its terms' rows.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import FloatMatrix, Values
from windvane.engine.features.base import Feature, Value
from windvane.errors import CorruptArtifact, RejectColumn

_WORD = re.compile(r"\w+")
_MAX_CHARACTERS = 20_000
_MAX_TERMS = 20_000
_MAX_FIT_ROWS = 50_000
_CHUNK = 256
_SHAPE = ("characters", "words", "digits", "capitals", "punctuation")


class TextShape:
    """Logarithms of the numbers of characters and words; shares of digits, capitals and punctuation."""

    kind = "text-shape"

    def __init__(self, source: str) -> None:
        self.source = source

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:  # noqa: ARG002 - contract
        if all(value is None for value in values.tolist()):
            raise RejectColumn("every value is missing")

    def features(self) -> Sequence[Feature]:
        return tuple(Feature(f"{self.source} ({name})", self.source) for name in _SHAPE)

    def transform(self, values: Values) -> FloatMatrix:
        rows = [self.transform_one(value) for value in values.tolist()]
        return np.array(rows, np.float32).reshape(len(values), len(_SHAPE))

    def transform_one(self, value: Value) -> Sequence[float]:
        text = _text(value)
        n = len(text) or 1
        kinds = Counter(map(_character_kind, text))
        return (
            math.log1p(len(text)),
            math.log1p(len(_WORD.findall(text))),
            kinds["digit"] / n,
            kinds["capital"] / n,
            kinds["punctuation"] / n,
        )

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {"source": self.source}, {}

    @classmethod
    def from_state(cls, json_state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:  # noqa: ARG003 - contract
        return cls(str(json_state["source"]))


class TextTopics:
    """Coordinates of the text's tf-idf vector along the main directions of the training texts, each with
    standard deviation 1; a missing text, or one of unknown words, is 0 throughout.

    width      directions at most
    source     Deerwester et al. 1990, "Indexing by latent semantic analysis"; Halko et al. 2011, "Finding
               structure with randomness", for the decomposition
    """

    kind = "text-topics"

    def __init__(self, source: str, width: int = 50, seed: int = 0) -> None:
        self.source = source
        self.width = width
        self.seed = seed
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
        if len(values) > _MAX_FIT_ROWS:
            texts = values[np.sort(generator.permutation(len(values))[:_MAX_FIT_ROWS])]
        n_documents: Counter[str] = Counter()
        for text in texts.tolist():
            n_documents.update(set(_terms(_text(text))))
        least = max(2, len(texts) // 5_000)
        ranked = sorted(
            (term for term, n in n_documents.items() if n >= least),
            key=lambda term: (-n_documents[term], term),
        )[:_MAX_TERMS]
        width = min(self.width, len(ranked) - 1, len(texts) - 1)
        if width < 1:
            raise RejectColumn("its texts share too few words")
        counts = np.array([n_documents[term] for term in ranked])
        weights = (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32)
        self._learn(ranked, weights, np.empty((len(ranked), 0), np.float32))
        self._learn(ranked, weights, self._directions(texts, width, generator))

    def _directions(
        self, texts: Values, width: int, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        from scipy.sparse import csr_matrix  # fitting alone needs SciPy

        found = [self._weighted(text) for text in texts.tolist()]
        matrix = csr_matrix(
            (
                np.array([weight for _, weights in found for weight in weights]),
                np.array([i for indices, _ in found for i in indices], np.int32),
                np.cumsum([0, *(len(indices) for indices, _ in found)]),
            ),
            shape=(len(texts), len(self.terms_)),
        )
        right = _right_singular_vectors(matrix, width, generator)
        spread = np.asarray(matrix @ right).std(axis=0)
        useful = spread > 1e-6 * spread.max(initial=0)
        if not useful.any():
            raise RejectColumn("its texts do not differ in their words")
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
        found = [self._weighted(text) for text in texts]
        made = np.zeros((len(texts), self.directions_.shape[1]), np.float32)
        filled = [row for row, (indices, _) in enumerate(found) if indices]
        if filled:
            indices = [i for row in filled for i in found[row][0]]
            weights = [weight for row in filled for weight in found[row][1]]
            lengths = [len(found[row][0]) for row in filled[:-1]]
            made[filled] = self._sums(indices, weights, [0, *accumulate(lengths)])
        return made

    def _sums(self, indices: list[int], weights: list[float], starts: Sequence[int]) -> FloatMatrix:
        """Weighted sums of directions over segments, each in order and by itself: a text's vector does not
        depend on its neighbours in the last digit."""
        terms = self.directions_[indices]
        terms *= np.array(weights, np.float32)[:, None]
        sums: FloatMatrix = np.add.reduceat(terms, starts, axis=0)
        return sums

    def _weighted(self, value: Value) -> tuple[list[int], list[float]]:
        """Known terms of a text, in order of appearance, and their tf-idf weights (length 1)."""
        index = self._index
        counts: dict[int, int] = {}
        for term in _terms(_text(value)):
            if (i := index.get(term)) is not None:
                counts[i] = counts.get(i, 0) + 1
        known = self._weight
        weights = [known[i] * (1 + math.log(n)) if n > 1 else known[i] for i, n in counts.items()]
        length = math.sqrt(sum([weight * weight for weight in weights]))
        return list(counts), [weight / length for weight in weights]

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        arrays = {"weights": self.weights_, "directions": self.directions_}
        return {"source": self.source, "terms": self.terms_}, arrays

    @classmethod
    def from_state(cls, json_state: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        made = cls(str(json_state["source"]))
        terms = [str(term) for term in json_state["terms"]]
        weights = np.asarray(arrays["weights"], np.float32)
        directions = np.asarray(arrays["directions"], np.float32)
        if weights.shape != (len(terms),) or directions.shape[:-1] != (len(terms),):
            raise CorruptArtifact(f"The terms of column {made.source!r} have a wrong number.")
        made._learn(terms, weights, directions)
        return made


def _right_singular_vectors(
    matrix: Any, width: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """(n_terms, width) of the largest singular values, by randomised subspace iteration."""
    size = min(width + 10, *matrix.shape)
    basis = matrix @ generator.standard_normal((matrix.shape[1], size))
    for _ in range(4):
        basis, _ = np.linalg.qr(basis)
        basis, _ = np.linalg.qr(matrix.T @ basis)
        basis = matrix @ basis
    basis, _ = np.linalg.qr(basis)
    _, _, right = np.linalg.svd((matrix.T @ basis).T, full_matrices=False)
    vectors = right[:width].T
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    oriented: NDArray[np.float64] = vectors * np.where(signs == 0, 1, signs)
    return oriented


def _text(value: Value) -> str:
    return "" if value is None else str(value)[:_MAX_CHARACTERS]


def _terms(text: str) -> Iterable[str]:
    words = _WORD.findall(text.lower())
    yield from words
    for first, second in pairwise(words):
        yield f"{first} {second}"


def _character_kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.isupper():
        return "capital"
    return "other" if character.isalnum() or character.isspace() else "punctuation"
