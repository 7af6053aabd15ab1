"""Changes that keep to a format's grammar, so that many of them reach the last checks and the libraries behind them.

Values are drawn from those that stand beside them or from the range they may have; trees are left out, repeated,
exchanged, or taken from another model with all that belongs to them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]

FACTORS = (-1.0, 0.0, 0.5, 2.0, -3.0, 1e-3, 1e6)
_LARGE = 1e30
_TREE = re.compile(rb"^Tree=\d+\n", re.MULTILINE)
_END = b"end of trees"
_WORD = 2**32


def fitting_values(array: np.ndarray, chance: random.Random) -> np.ndarray:
    """An array of the same shape and type: some of its values exchanged, moved on, or put to one of them."""
    made = array.copy()
    flat = made.reshape(-1)
    if not flat.size:
        return made
    way = chance.randrange(10)
    if way == 0:
        return np.roll(flat, chance.randrange(flat.size)).reshape(array.shape)
    if way == 1:
        start = chance.randrange(flat.size)
        flat[start : start + chance.randrange(1, 9)] = flat[chance.randrange(flat.size)]
        return made
    places = np.flatnonzero(flat) if way < 6 else ()
    for _ in range(chance.choice((1, 1, 1, 2, 4, 8))):
        at = (
            int(places[chance.randrange(len(places))])
            if len(places)
            else chance.randrange(flat.size)
        )
        flat[at] = _beside(flat, at, chance)
    return made


def _beside(flat: np.ndarray, at: int, chance: random.Random) -> Any:
    if chance.random() < 0.4:
        return flat[chance.randrange(flat.size)]
    kind = flat.dtype.kind
    if kind == "b":
        return not flat[at]
    if kind == "f":
        way = chance.randrange(4)
        told = float(flat[at])
        return (
            told * chance.choice(FACTORS)
            if way < 3
            else chance.gauss(0, 1) * _LARGE ** chance.random()
        )
    info = np.iinfo(flat.dtype)
    told = (
        int(flat[at]) + chance.choice((-1, 1))
        if chance.random() < 0.5
        else chance.randrange(int(flat.max()) + 2 if flat.max() >= 0 else 2)
    )
    return min(max(told, info.min), info.max)


def fitting_nodes(arrays: Arrays, chance: random.Random) -> Arrays:
    """XGBoost's nodes with other questions, codes, values and counts of rows; now and then the sums begin elsewhere."""
    inner = np.flatnonzero(arrays["node_left"] >= 0).tolist()
    name = chance.choice(_OF_NODES)
    made = arrays[name].copy()
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.choice(inner) if name in _OF_INNER else chance.randrange(len(made))
        if name == "node_feature":
            told = re.search(rb"max_feature_idx=(\d+)", arrays["text"].tobytes())
            made[at] = chance.randrange(int(told[1]) + 1 if told else 1)
        elif name == "node_set_codes":
            made[at] = chance.randrange(int(made.max()) + 2)
        elif name == "node_hessian":
            made[at] = abs(float(made[at]) * chance.choice(FACTORS))
        else:
            made[at] = _beside(made, at, chance)
    return {name: made}


_OF_INNER = ("node_feature", "node_missing_left")
_OF_NODES = (
    *_OF_INNER,
    "node_condition",
    "node_condition",
    "node_hessian",
    "node_set_codes",
    "base",
)


def rearranged(n: int, at_once: int, chance: random.Random) -> list[int]:
    """Numbers of the n trees in a new order, in which rounds of `at_once` were left out, repeated or exchanged."""
    rounds = [list(range(at, min(at + at_once, n))) for at in range(0, n, at_once)]
    way, at = chance.randrange(4), chance.randrange(len(rounds))
    if way == 0 and len(rounds) > 1:
        del rounds[at]
    elif way == 1:
        rounds.insert(at, chance.choice(rounds))
    elif way == 2:
        rounds[at] = chance.choice(rounds)
    else:
        chance.shuffle(rounds)
    return [tree for one in rounds for tree in one]


def parts_of(array: np.ndarray, sizes: Sequence[int], order: Sequence[int]) -> np.ndarray:
    """What belongs to trees that lie one after another, of the trees in `order`."""
    ends = np.cumsum(np.asarray(sizes, np.int64))
    return np.concatenate([array[ends[tree] - sizes[tree] : ends[tree]] for tree in order])


def other_trees_of_text(text: bytes, order: Sequence[int]) -> bytes:
    body, end, rest = text.partition(_END)
    head, *trees = _TREE.split(body)
    return b"".join(
        [head, *(b"Tree=%d\n%b" % (n, trees[tree]) for n, tree in enumerate(order)), end, rest]
    )


def other_trees_of_xgboost(arrays: Arrays, chance: random.Random) -> Arrays:
    sizes = arrays["node_n_nodes"].tolist()
    order = rearranged(len(sizes), len(arrays["base"]), chance)
    made = {**arrays, "node_n_nodes": arrays["node_n_nodes"][order]}
    for name in ("left", "feature", "condition", "missing_left", "is_category", "hessian"):
        made[f"node_{name}"] = parts_of(arrays[f"node_{name}"], sizes, order)
    ends = np.cumsum(arrays["node_n_nodes"].astype(np.int64))
    before = np.concatenate([[0], np.cumsum(arrays["node_is_category"])])
    n_sets = before[ends] - before[ends - sizes]
    owned = np.concatenate([[0], np.cumsum(arrays["node_set_sizes"])])
    set_ends = np.cumsum(n_sets)
    n_codes = owned[set_ends] - owned[set_ends - n_sets]
    made["node_set_sizes"] = parts_of(arrays["node_set_sizes"], n_sets.tolist(), order)
    made["node_set_codes"] = parts_of(arrays["node_set_codes"], n_codes.tolist(), order)
    text = other_trees_of_text(arrays["text"].tobytes(), order)
    made["text"] = np.frombuffer(text, np.uint8)
    return made


def other_trees_of_forest(arrays: Arrays, chance: random.Random) -> Arrays:
    sizes = [int(one) for one in arrays["n_leaves"]]
    order = rearranged(len(sizes), 1, chance)
    made = {**arrays, "n_leaves": arrays["n_leaves"][order]}
    made["values"] = parts_of(arrays["values"], sizes, order)
    for name in ("feature", "left", "right", "threshold"):
        made[name] = parts_of(arrays[name], [one - 1 for one in sizes], order)
    return made


def other_trees_of_catboost(arrays: Arrays, chance: random.Random) -> Arrays:
    n_trees = len(arrays["feature"])
    order = rearranged(n_trees, 1, chance)
    sizes = [len(arrays["values"]) // n_trees] * n_trees
    made = {**arrays, "feature": arrays["feature"][order], "border": arrays["border"][order]}
    for name in ("values", "counts"):
        if name in arrays:
            made[name] = parts_of(arrays[name], sizes, order)
    return made | {name: arrays[name][:, order] for name in arrays if name.startswith("patterns")}


def other_trees(arrays: Arrays, chance: random.Random) -> Arrays | None:
    """The trees of any algorithm; None if these arrays are none."""
    for known, change in _TREES.items():
        if known in arrays:
            return change(arrays, chance)
    return None


_TREES: dict[str, Callable[[Arrays, random.Random], Arrays]] = {
    "node_n_nodes": other_trees_of_xgboost,
    "border": other_trees_of_catboost,
    "n_leaves": other_trees_of_forest,
}


def fitting_text(text: bytes, other: bytes, chance: random.Random) -> bytes:
    """LightGBM's text with values that its trees could have, or with trees of `other`."""
    body, end, rest = text.partition(_END)
    head, *trees = _TREE.split(body)
    way = chance.random()
    if way < 0.1:
        n_outputs = max(1, int((re.search(rb"num_class=(\d+)", head) or [b"", b"1"])[1]))
        return other_trees_of_text(text, rearranged(len(trees), n_outputs, chance))
    at = chance.randrange(len(trees))
    if way < 0.15:
        _, *foreign = _TREE.split(other.partition(_END)[0])
        trees[at] = chance.choice(foreign or trees)
    else:
        n_features = head.count(b" none") + 1
        trees[at] = _fitting_tree(trees[at], n_features, chance)
    return b"".join([head, *(b"Tree=%d\n%b" % one for one in enumerate(trees)), end, rest])


def _fitting_tree(tree: bytes, n_features: int, chance: random.Random) -> bytes:
    lines = tree.split(b"\n")
    told = {
        name: (at, values.split(b" "))
        for at, line in enumerate(lines)
        for name, sign, values in [line.partition(b"=")]
        if sign and values
    }
    way = chance.randrange(8)
    if way < 2 and b"left_child" in told:
        _relinked(told[b"left_child"][1], told[b"right_child"][1], chance)
    elif way == 2 and b"cat_threshold" in told:
        _more_words(told, chance)
    else:
        name = chance.choice([one for one in told if one in _DRAWS] or [b"shrinkage"])
        draw = _DRAWS.get(name)
        values = told[name][1] if name in told else []
        for _ in range(chance.choice((1, 1, 2, 4))):
            if values and draw:
                values[chance.randrange(len(values))] = draw(values, n_features, chance)
    for name, (at, values) in told.items():
        lines[at] = name + b"=" + b" ".join(values)
    return b"\n".join(lines)


def _relinked(left: list[bytes], right: list[bytes], chance: random.Random) -> None:
    """A node's children exchanged, or two leaves."""
    if chance.random() < 0.3:
        node = chance.randrange(len(left))
        left[node], right[node] = right[node], left[node]
        return
    leaves = [
        (side, at) for side in (left, right) for at, one in enumerate(side) if one[:1] == b"-"
    ]
    if len(leaves) > 1:
        (one, at), (other, there) = chance.sample(leaves, 2)
        one[at], other[there] = other[there], one[at]


def _more_words(told: dict[bytes, tuple[int, list[bytes]]], chance: random.Random) -> None:
    """The last set of codes is one to forty words longer."""
    bounds, words = told[b"cat_boundaries"][1], told[b"cat_threshold"][1]
    n = chance.choice((1, 2, 40))
    words += [b"%d" % chance.randrange(_WORD) for _ in range(n)]
    bounds[-1] = b"%d" % (int(bounds[-1]) + n)


def _a_number(values: list[bytes], _: int, chance: random.Random) -> bytes:
    way = chance.randrange(4)
    if way == 0:
        return chance.choice(values)
    if way == 1:
        return b"%d" % chance.randrange(-3, 4)
    return repr(chance.gauss(0, 1) * _LARGE ** (chance.random() if way == 2 else 0)).encode()


_DRAWS: dict[bytes, Callable[[list[bytes], int, random.Random], bytes]] = {
    b"split_feature": lambda _, n, chance: b"%d" % chance.randrange(n),
    b"threshold": _a_number,
    b"decision_type": lambda values, _, chance: b"%d" % ((int(chance.choice(values)) & 1) | chance.choice((0, 2, 4, 6, 8, 10))),
    b"leaf_value": _a_number,
    b"leaf_count": lambda _, __, chance: b"%d" % (chance.randrange(2**31) >> chance.randrange(31)),
    b"internal_count": lambda _, __, chance: b"%d" % (chance.randrange(2**31) >> chance.randrange(31)),
    b"cat_threshold": lambda _, __, chance: b"%d" % chance.randrange(_WORD),
}  # fmt: skip
