"""Which rows of a stream are kept when they do not all fit: all, on disk; or a fair sample, rare classes whole.

Every row draws a number in [0, 1) and stays while that is below its stratum's threshold. Thresholds only
fall, so rows dropped early are those that would have been dropped later: one pass is enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from windvane.engine.data.mapped import MappedRows

MOST_STRATA = 200
"""With more distinct targets than this there are no classes to keep: all rows are one stratum."""

_LOOK = 10_000
"""Rows of a batch that tell soon that there are no classes."""

RARE = 2000
"""Rows of a class below which it is kept whole as long as that fits."""


@dataclass(frozen=True)
class Disk:
    """The place of rows on disk, and the memory left for their analysis.

    folder      for rows that do not fit into memory; None if those that come are mapped already
    max_bytes   of memory that their analysis may take (mapped.py)
    """

    folder: Path | None
    max_bytes: int


@dataclass
class ThinnedRows:
    """Collects batches of rows within `max_bytes`, by dropping rows at random once it must.

    target    position of the column whose distinct values are the strata
    disk      where rows go when they take more than that; None keeps them in memory
    group     position of the column whose groups stay or go whole, whatever their targets; None for rows by themselves
    """

    max_bytes: int
    target: int
    seed: int
    disk: Disk | None = None
    group: int | None = None
    n_seen: int = 0
    _batches: list[pa.RecordBatch] = field(default_factory=list)
    _draws: list[NDArray[np.float64]] = field(default_factory=list)
    _strata: dict[str | None, int] = field(default_factory=dict)
    _codes: list[NDArray[np.int64]] = field(default_factory=list)
    _seen: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _thresholds: NDArray[np.float64] = field(default_factory=lambda: np.ones(0))
    _bytes: int = 0
    _mapped: MappedRows | None = None

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)

    def add(self, batch: pa.RecordBatch) -> None:
        if self.group is None:
            draws = self._rng.random(batch.num_rows)
            codes = self._stratify(batch.column(self.target))
        else:
            draws = _draws_of_groups(batch.column(self.group), self.seed)
            codes = self._one_stratum(batch.num_rows)
        self.n_seen += batch.num_rows
        self._seen += np.bincount(codes, minlength=len(self._seen))
        self._append(batch, draws, codes)
        if self._bytes > self.max_bytes and self.disk is not None and self._mapped is None:
            self._move(self.disk, batch)
        if self._bytes > self.max_bytes:
            self._lower_thresholds()
            self._drop()

    def table(self) -> pa.Table:
        return pa.Table.from_batches(self._batches)

    def _append(
        self, batch: pa.RecordBatch, draws: NDArray[np.float64], codes: NDArray[np.int64]
    ) -> None:
        kept = draws < self._thresholds[codes]
        if not kept.all():
            batch, draws, codes = batch.filter(pa.array(kept)), draws[kept], codes[kept]
        self._draws.append(draws)
        self._codes.append(codes)
        self._keep(batch)

    def _keep(self, batch: pa.RecordBatch) -> None:
        mapped = self._mapped
        self._batches.append(batch if mapped is None else mapped.put(batch))
        self._bytes += batch.nbytes if mapped is None else mapped.held_bytes(batch)

    def _move(self, disk: Disk, like: pa.RecordBatch) -> None:
        """Put what is there, and what will come, on disk."""
        self._mapped, self.max_bytes = MappedRows.like(like, disk.folder), disk.max_bytes
        batches, self._batches, self._bytes = self._batches, [], 0
        for batch in batches:
            self._keep(batch)

    def _one_stratum(self, n_rows: int) -> NDArray[np.int64]:
        if not len(self._seen):
            self._seen, self._thresholds = np.zeros(1, dtype=np.int64), np.ones(1)
        return np.zeros(n_rows, dtype=np.int64)

    def _stratify(self, cells: pa.Array) -> NDArray[np.int64]:
        if len(self._strata) > MOST_STRATA:
            return np.zeros(len(cells), dtype=np.int64)
        for part in (cells.slice(0, _LOOK), cells):
            texts = part if pa.types.is_dictionary(part.type) else part.cast(pa.string())
            encoded = texts.dictionary_encode()
            for text in [*encoded.dictionary.to_pylist(), None]:
                if len(self._strata) <= MOST_STRATA:
                    self._strata.setdefault(text, len(self._strata))
            if len(self._strata) > MOST_STRATA:
                break
        n_new = len(self._strata) - len(self._seen)
        self._seen = np.append(self._seen, np.zeros(n_new, dtype=np.int64))
        self._thresholds = np.append(self._thresholds, np.ones(n_new))
        if len(self._strata) > MOST_STRATA:
            self._merge_strata()
            return np.zeros(len(cells), dtype=np.int64)
        code_of = np.array([self._strata[text] for text in [*encoded.dictionary.to_pylist(), None]])
        codes: NDArray[np.int64] = code_of[
            encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        ]
        return codes

    def _merge_strata(self) -> None:
        """Treat all rows as one stratum from now on, kept as strictly as the strictest so far."""
        if self._thresholds[0] == self._thresholds.min() and self._seen[1:].sum() == 0:
            return
        self._thresholds[:] = self._thresholds.min()
        self._seen[0] = self._seen.sum()
        self._seen[1:] = 0
        self._codes = [np.zeros(len(codes), dtype=np.int64) for codes in self._codes]
        self._drop()

    def _lower_thresholds(self) -> None:
        """Room for three quarters of the bytes; rare strata whole, the others by the same share."""
        n_kept = sum(len(codes) for codes in self._codes)
        wanted = max(1, int(0.75 * n_kept * self.max_bytes / self._bytes))
        rare = np.minimum(self._seen, RARE)
        if rare.sum() > wanted / 2:
            rare = np.zeros_like(rare)
        share = (wanted - rare.sum()) / max(1, (self._seen - rare).sum())
        share = min(1.0, max(0.0, share))
        goal = (rare + share * (self._seen - rare)) / np.maximum(self._seen, 1)
        self._thresholds = np.minimum(self._thresholds, np.where(self._seen > 0, goal, 1.0))

    def _drop(self) -> None:
        batches, draws, codes = self._batches, self._draws, self._codes
        self._batches, self._draws, self._codes, self._bytes = [], [], [], 0
        for batch, drawn, code in zip(batches, draws, codes, strict=True):
            self._append(batch, drawn, code)


def _draws_of_groups(cells: pa.Array, seed: int) -> NDArray[np.float64]:
    """Return (n_rows,) numbers in [0, 1), the same for the same group in whatever batch."""
    encoded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    texts = [*encoded.dictionary.cast(pa.string()).to_pylist(), ""]
    of_text = [
        int.from_bytes(blake2b(f"{seed} {text}".encode(), digest_size=7).digest()) / 2**56
        for text in texts
    ]
    codes = encoded.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)
    return np.asarray(np.array(of_text)[codes])
