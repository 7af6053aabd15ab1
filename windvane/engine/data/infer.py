"""What kind of thing each column holds, with the reason in plain words.

Rules look at the `Evidence` of a column one after another; the first that knows answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.encoded import EncodedColumn
from windvane.engine.data.integer_codes import type_of_codes
from windvane.engine.data.missing_markers import among_values, among_words
from windvane.engine.data.notation import Numbers, find_numbers
from windvane.engine.data.numerals import Notation
from windvane.engine.data.temporal import find_dates, find_epoch

SAMPLE = 5000
"""Distinct texts looked at, evenly spread over their order of appearance."""

LEAST_READABLE = 0.95
"""Share of cells that must be readable for a column to be of numbers or dates."""

NEARLY_UNIQUE = 0.98
WORDS_OF_TEXT, LETTERS_OF_TEXT = 3.5, 40
_BOOLEANS = (
    {"true", "false"},
    {"yes", "no"},
    {"y", "n"},
    {"t", "f"},
    {"on", "off"},
    {"true.", "false."},
)


@dataclass(frozen=True)
class Evidence:
    """The evidence that the rules look at.

    texts      stripped distinct texts (a sample of them), without markers of missing values
    counts     how often each occurs
    markers    texts taken as missing, with their counts
    n_rows     of the column;  n_filled  cells that are not missing
    n_distinct of all texts, not only the sampled ones
    """

    name: str
    texts: Sequence[str]
    counts: NDArray[np.int64]
    markers: dict[str, int]
    n_rows: int
    n_filled: int
    n_distinct: int

    @cached_property
    def n_sampled(self) -> int:
        return int(self.counts.sum())

    @property
    def uniqueness(self) -> float:
        return self.n_distinct / max(self.n_filled, 1)

    @property
    def n_missing(self) -> int:
        return self.n_rows - self.n_filled

    def spec(self, kind: ColumnType, reason: str, **parse: object) -> ColumnSpec:
        missing = {"missing": sorted(self.markers)} if self.markers else {}
        told = f"{reason}; {_in_words(self.markers)} treated as missing" if self.markers else reason
        return ColumnSpec(self.name, kind, told, {**missing, **parse})


def infer_column(column: EncodedColumn) -> ColumnSpec:
    """Return the spec of one column, from its cells alone and the hints in its name."""
    numbers = column.plain_numbers()
    if numbers is not None:
        return _of_plain_numbers(column, numbers)
    everything = gather(column)
    texts = without(everything, among_words)
    values = without(everything, among_values)
    return _constant(texts) or _date(values) or _number(values) or _of_words(texts)


def infer_words(column: EncodedColumn) -> ColumnSpec:
    """Return the spec of a column whose cells are no numbers or dates, whatever a sample of them looks like."""
    return _of_words(without(gather(column), among_words))


def _of_plain_numbers(column: EncodedColumn, numbers: NDArray[np.float64]) -> ColumnSpec:
    """Return the short way for most columns of most tables: no marker, no notation, no date but a compact one."""
    if len(numbers) > 1 and (numbers != np.floor(numbers)).any():
        n_filled = int((column.codes >= 0).sum())
        reason = f"all {n_filled:,} non-missing values are numbers, {len(numbers):,} distinct"
        return ColumnSpec(column.name, ColumnType.NUMERIC, reason)
    integers = gather(column)
    return (
        _constant(integers)
        or _date(integers)
        or _coded(integers)
        or _numeric(integers, Numbers(Notation(), {}))
    )


def _of_words(texts: Evidence) -> ColumnSpec:
    return _boolean(texts) or _identifier(texts) or _text(texts) or _categorical(texts)


def gather(column: EncodedColumn) -> Evidence:
    counts = column.counts()
    picked = _pick(len(column.texts))
    merged: dict[str, int] = {}
    for text, count in zip(column.texts.take(picked).to_pylist(), counts[picked], strict=True):
        stripped = text.strip()
        if stripped:
            merged[stripped] = merged.get(stripped, 0) + int(count)
    n_filled = int(counts.sum())
    if len(picked) == len(column.texts):
        n_filled = sum(merged.values())
    return Evidence(
        column.name,
        list(merged),
        np.array(list(merged.values()), dtype=np.int64),
        {},
        column.n_rows,
        n_filled,
        len(merged) if len(picked) == len(column.texts) else len(column.texts),
    )


def _pick(n_texts: int) -> NDArray[np.int64]:
    if n_texts <= SAMPLE:
        return np.arange(n_texts)
    # The head is kept whole: a marker that is frequent appears early.
    return np.unique(
        np.concatenate([np.arange(500), np.linspace(0, n_texts - 1, SAMPLE - 500).astype(np.int64)])
    )


def without(evidence: Evidence, markers: Callable[[Sequence[str]], frozenset[str]]) -> Evidence:
    gone = markers(evidence.texts)
    if not gone:
        return evidence
    stays = np.array([text not in gone for text in evidence.texts], dtype=bool)
    found = {t: int(c) for t, c in zip(evidence.texts, evidence.counts, strict=True) if t in gone}
    return replace(
        evidence,
        texts=[text for text in evidence.texts if text not in gone],
        counts=evidence.counts[stays],
        markers=found,
        n_filled=evidence.n_filled - sum(found.values()),
        n_distinct=evidence.n_distinct - len(found),
    )


def _in_words(markers: dict[str, int]) -> str:
    shown = [f"'{text}' ({count} values)" for text, count in list(markers.items())[:4]]
    rest = f" and {len(markers) - 4} more" if len(markers) > 4 else ""
    return ", ".join(shown) + rest


def _constant(evidence: Evidence) -> ColumnSpec | None:
    if evidence.n_distinct == 0:
        return evidence.spec(ColumnType.CONSTANT, f"all {evidence.n_rows} values are empty")
    if evidence.n_distinct > 1:
        return None
    only = f"'{evidence.texts[0]}'"
    if evidence.n_missing == 0:
        return evidence.spec(
            ColumnType.CONSTANT, f"the same value {only} in all {evidence.n_rows:,} rows"
        )
    return evidence.spec(
        ColumnType.CATEGORICAL,
        f"one value {only} in {evidence.n_filled:,} rows, missing in {evidence.n_missing:,}: whether "
        "it is missing may be informative",
    )


def _boolean(evidence: Evidence) -> ColumnSpec | None:
    folded = {text.casefold() for text in evidence.texts} if evidence.n_distinct <= 6 else set()
    if len(folded) == 2 and folded in _BOOLEANS:
        shown = " and ".join(f"'{text}'" for text in sorted(evidence.texts))
        return evidence.spec(ColumnType.CATEGORICAL, f"a yes-or-no column: {shown}")
    return None


def _date(evidence: Evidence) -> ColumnSpec | None:
    if not evidence.texts:
        return None
    found = find_dates(evidence.texts, evidence.counts, LEAST_READABLE) or find_epoch(
        evidence.name, evidence.texts, evidence.n_distinct
    )
    if found is None:
        return None
    return evidence.spec(
        ColumnType.DATETIME,
        f"{share_read(evidence, found.unreadable)} values are dates {found.described}",
        formats=list(found.formats),
    )


def _number(evidence: Evidence) -> ColumnSpec | None:
    if not evidence.texts:
        return None
    found = find_numbers(evidence.texts, evidence.counts, LEAST_READABLE)
    if found is None:
        return None
    if evidence.n_distinct == 1:
        return _constant(evidence)
    is_bare = found.notation.is_plain and not found.unreadable
    return (_coded(evidence) if is_bare else None) or _numeric(evidence, found)


def _coded(evidence: Evidence) -> ColumnSpec | None:
    judged = type_of_codes(evidence.name, evidence.texts, evidence.n_filled, evidence.n_distinct)
    return None if judged is None else evidence.spec(judged.type, judged.reason)


def _numeric(evidence: Evidence, found: Numbers) -> ColumnSpec:
    described = found.notation.describe()
    reason = (
        f"{share_read(evidence, found.unreadable)} values are numbers{' ' if described else ''}{described}, "
        f"{evidence.n_distinct:,} distinct"
    )
    parse = {} if found.notation.is_plain else found.notation.to_json()
    return evidence.spec(ColumnType.NUMERIC, reason, **parse)


def share_read(evidence: Evidence, unreadable: dict[str, int]) -> str:
    if not unreadable:
        return f"all {evidence.n_filled:,} non-missing"
    return f"{evidence.n_filled - sum(unreadable.values()):,} of {evidence.n_filled:,} non-missing"


def _identifier(evidence: Evidence) -> ColumnSpec | None:
    if evidence.uniqueness < NEARLY_UNIQUE or evidence.n_filled < 20 or _words(evidence) >= 1.5:
        return None
    return evidence.spec(
        ColumnType.IDENTIFIER,
        f"{evidence.n_distinct:,} distinct values in {evidence.n_filled:,} rows, each a single word "
        f"such as '{evidence.texts[0][:40]}': looks like a row ID",
    )


def _text(evidence: Evidence) -> ColumnSpec | None:
    words, letters = _words(evidence), _letters(evidence)
    is_wordy = words >= WORDS_OF_TEXT or letters >= LETTERS_OF_TEXT
    is_varied = evidence.n_distinct >= 50 and evidence.uniqueness >= 0.2
    is_unique = evidence.uniqueness >= NEARLY_UNIQUE and evidence.n_filled >= 20
    if not (is_wordy and is_varied) and not is_unique:
        return None
    return evidence.spec(
        ColumnType.TEXT,
        f"{evidence.n_distinct:,} distinct texts in {evidence.n_filled:,} rows, "
        f"{words:.1f} words and {letters:.0f} characters on average",
    )


def _categorical(evidence: Evidence) -> ColumnSpec:
    shown = ", ".join(
        f"'{evidence.texts[i][:30]}'" for i in np.argsort(-evidence.counts, kind="stable")[:3]
    )
    return evidence.spec(
        ColumnType.CATEGORICAL,
        f"{evidence.n_distinct:,} distinct values in {evidence.n_filled:,} rows, the most frequent {shown}",
    )


def _words(evidence: Evidence) -> float:
    lengths = np.array([len(text.split()) for text in evidence.texts])
    return float((lengths * evidence.counts).sum() / max(evidence.n_sampled, 1))


def _letters(evidence: Evidence) -> float:
    lengths = np.array([len(text) for text in evidence.texts])
    return float((lengths * evidence.counts).sum() / max(evidence.n_sampled, 1))
