"""The trees of a trained CatBoost model as arrays.

Questions about numbers are read from the model's JSON. What it asks about a category (one-hot, or a statistic of the
target compared with a border) depends on that category alone: CatBoost itself is asked for the leaves that every code
leads to, and the differences are kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.oblivious import BITS, Codes, ObliviousTrees, ObliviousWalker

_BLOCK_CODES = 1_000


def exported(
    model: Any,
    data: Callable[[FloatMatrix], Any],
    cardinalities: Sequence[int],
    n_outputs: int,
    rows: FloatMatrix,
) -> ObliviousTrees | None:
    """Return the trees, or None if they cannot be told as such: without a single tree, or with statistics of several
    columns together, or with other outputs than asked for (a class that no training row has).

    model          a trained catboost.CatBoost
    data           makes of a matrix what the model takes
    cardinalities  (n_features,) codes of each column, 0 for numbers
    rows           some rows; the trees must lead them to the leaves that CatBoost says
    """
    values = model.get_leaf_values()
    document = _document_of_splits(model, values)
    trees = document.get("oblivious_trees")
    scale, bias = document["scale_and_bias"]
    if not trees or len(bias) != n_outputs or _asks_for_several(document):
        return None
    depth = max(len(tree["splits"] or ()) for tree in trees)
    n_bits = BITS[0] if depth <= BITS[0] else BITS[1]
    feature, border = _questions(trees, _owners(document["features_info"], cardinalities), n_bits)
    n_leaves = model.get_tree_leaf_counts()
    counts = np.concatenate([np.array(tree["leaf_weights"], np.float64) for tree in trees])
    made = ObliviousTrees(
        len(cardinalities),
        feature,
        border,
        scale * _padded(n_leaves, values.reshape(-1, n_outputs), depth),
        np.array(bias, np.float64),
        _codes(model, data, cardinalities, len(trees), n_bits),
        _padded(n_leaves, counts[:, None], depth)[:, 0].astype(
            np.min_scalar_type(int(counts.max()))
        ),
    )
    made.check()
    theirs = model.calc_leaf_indexes(data(rows))
    return made if np.array_equal(ObliviousWalker(made).leaves(rows), theirs) else None


def _document_of_splits(model: Any, values: NDArray[np.float64]) -> dict[str, Any]:
    """Return what the model's JSON says, without its leaf values: as text and as Python's numbers they would take tens of
    times their size."""
    model.set_leaf_values(np.zeros_like(values))
    try:
        with TemporaryDirectory() as folder:
            file = Path(folder, "model.json")
            model.save_model(str(file), format="json")
            document: dict[str, Any] = json.loads(file.read_bytes())
            return document
    finally:
        model.set_leaf_values(values)


def _asks_for_several(document: dict[str, Any]) -> bool:
    statistics = document["features_info"].get("ctrs") or ()
    return any(len(statistic["elements"]) > 1 for statistic in statistics)


def _owners(features: dict[str, Any], cardinalities: Sequence[int]) -> list[int]:
    """Return the column that each question is about, in CatBoost's numbering: of numbers first, then those that compare
    codes, then those of statistics."""
    numbers = [i for i, n in enumerate(cardinalities) if n == 0]
    codes = [i for i, n in enumerate(cardinalities) if n > 0]
    owners = [
        numbers[one["feature_index"]]
        for one in features.get("float_features") or ()
        for _ in one["borders"] or ()
    ]
    owners += [
        codes[one["feature_index"]]
        for one in features.get("categorical_features") or ()
        for _ in one.get("values") or ()
    ]
    for statistic in features.get("ctrs") or ():
        column = codes[statistic["elements"][0]["cat_feature_index"]]
        owners += [column] * len(statistic["borders"])
    return owners


def _questions(
    trees: Sequence[dict[str, Any]], owners: Sequence[int], n_bits: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    feature = np.zeros((len(trees), n_bits), np.int32)
    border = np.full((len(trees), n_bits), np.inf, np.float32)
    for i, tree in enumerate(trees):
        for bit, split in enumerate(tree["splits"] or ()):
            feature[i, bit] = owners[split["split_index"]]
            if split["split_type"] == "FloatFeature":
                border[i, bit] = split["border"]
    return feature, border


def _padded(
    n_leaves: Sequence[int], values: NDArray[np.float64], depth: int
) -> NDArray[np.float64]:
    """Return (n_leaves_of_all, n_outputs) to (n_trees * 2**depth, n_outputs); leaves that a shallower tree does not
    have are 0."""
    padded = np.zeros((len(n_leaves), 1 << depth, values.shape[1]))
    for own, given in zip(padded, np.split(values, np.cumsum(n_leaves)[:-1]), strict=True):
        own[: len(given)] = given
    return padded.reshape(-1, values.shape[1])


def _codes(
    model: Any,
    data: Callable[[FloatMatrix], Any],
    cardinalities: Sequence[int],
    n_trees: int,
    n_bits: int,
) -> tuple[Codes, ...]:
    """Return what each code changes in the leaves of a row whose cells are all missing; the first column takes over what
    such a row answers."""
    dtype = np.dtype("u1" if n_bits == BITS[0] else "<u2")
    missing = np.full((1, len(cardinalities)), np.nan, np.float32)
    base = np.zeros(n_trees, dtype)
    if any(cardinalities):
        base = model.calc_leaf_indexes(data(missing))[0].astype(dtype)
    made: list[Codes] = []
    for column, cardinality in enumerate(cardinalities):
        if cardinality == 0:
            continue
        changes = [np.zeros((1, n_trees), dtype)]
        for start in range(0, cardinality, _BLOCK_CODES):
            codes = np.arange(start, min(start + _BLOCK_CODES, cardinality))
            rows = np.repeat(missing, len(codes), axis=0)
            rows[:, column] = codes
            changes.append(model.calc_leaf_indexes(data(rows)).astype(dtype) ^ base)
        patterns, row_of = np.unique(np.concatenate(changes), axis=0, return_inverse=True)
        own = patterns if made else patterns ^ base
        made.append(Codes(column, row_of.reshape(-1).astype(np.int32), own))
    return tuple(made)
