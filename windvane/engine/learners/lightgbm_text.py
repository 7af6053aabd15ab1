"""LightGBM's text models, read strictly: what its library is given is this grammar and nothing else.

The library takes what it reads at its word: a feature, child or set of codes that there is not makes it read or write
outside its memory, a circle never ends. Here every byte is accounted for first. The head is written anew, of sizes
alone; trees are passed on as they stand, once each line of theirs is known, in its place, of the length that it must
have, and of numbers that fit. What follows the trees (parameters, importances) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.checked import MOST_CLASSES, MOST_FEATURES
from windvane.engine.learners.tree_structure import check_structure
from windvane.errors import CorruptArtifact

_MOST_TREES = 1_000_000
_MOST_TREE_LEAVES = 1_000_000
_LARGEST_COUNT = 2**31 - 1
_WORD = 2**32

_END = b"end of trees"
_TREE_BEGINS = re.compile(rb"^Tree=\d+\n", re.MULTILINE)
_GROWTH = re.compile(
    rb"^(?:split_gain|internal_value|internal_weight|leaf_weight)=.*\n", re.MULTILINE
)

_VALUES, _CUTS = rb"([-+.e0-9 ]+)", rb"([-+.e0-9inf ]+)"
_COUNTS, _CHILDREN = rb"([0-9 ]+)", rb"([-0-9 ]+)"
_SETS = rb"(?:cat_boundaries=([0-9 ]+)\ncat_threshold=([0-9 ]+)\n)?"

_HEAD = re.compile(
    rb"tree\nversion=v[34]\nnum_class=([0-9]{1,6})\nnum_tree_per_iteration=([0-9]{1,6})\nlabel_index=0\n"
    rb"max_feature_idx=([0-9]{1,7})\nobjective=[ -~]{1,100}\nfeature_names=([^\n]+)\n"
    rb"(?:monotone_constraints=[-0-9 ]+\n)?feature_infos=([^\n]+)\n(?:tree_sizes=[0-9 ]+\n)?\n"
)
_TREE = re.compile(
    rb"Tree=([0-9]{1,7})\nnum_leaves=([0-9]{1,7})\nnum_cat=([0-9]{1,7})\n"
    rb"(?:split_feature=" + _COUNTS + rb"\nthreshold=" + _CUTS + rb"\ndecision_type=" + _COUNTS
    + rb"\nleft_child=" + _CHILDREN + rb"\nright_child=" + _CHILDREN + rb"\n"
    rb"|split_feature=\nthreshold=\ndecision_type=\nleft_child=\nright_child=\n)?" + _SETS
    + rb"leaf_value=" + _VALUES + rb"\n(?:leaf_count=" + _COUNTS + rb"\n)?"
    rb"(?:internal_count=(?:" + _COUNTS + rb")?\n)?" + _SETS
    + rb"(?:is_linear=0\n)?shrinkage=[-+.e0-9]{1,32}\n\n\n"
)  # fmt: skip
_LEAVES, _N_CAT, _FEATURE, _THRESHOLD, _DECISION, _LEFT, _RIGHT = range(2, 9)
_BOUNDS, _WORDS, _VALUE, _LEAF_COUNT, _INNER_COUNT, _BOUNDS_AFTER, _WORDS_AFTER = range(9, 16)

_POWER = re.compile(rb"e[+0-9]")
_SPACE, _LONGEST = ord(" "), 32
_IS_CATEGORY = 1
_LARGEST_DECISION = 11
"""Of LightGBM's decision types: two bits and the three kinds of missing values."""


@dataclass(frozen=True)
class LightGbmText:
    """A model that the library may be given.

    text        head and trees
    n_features  columns of the rows it takes
    n_outputs   trees of a round, one for each output
    n_leaves    (n_trees,) of each tree
    """

    text: bytes
    n_features: int
    n_outputs: int
    n_leaves: NDArray[np.int64]

    def in_parts(self, trees_a_part: int) -> list[LightGbmText]:
        """Return models of a few rounds each, whose sums add up to those of this one."""
        _, *trees = _TREE_BEGINS.split(self.text[: self.text.index(_END)])
        at_once = self.n_outputs * max(1, trees_a_part // self.n_outputs)
        return [
            LightGbmText(
                _model(self.n_features, self.n_outputs, _numbered(trees[at : at + at_once])),
                self.n_features,
                self.n_outputs,
                self.n_leaves[at : at + at_once],
            )
            for at in range(0, len(trees), at_once)
        ]


def read_lightgbm(text: bytes) -> LightGbmText:
    """Return the model in a text that LightGBM, or `trees_text`, wrote.

    raises    CorruptArtifact naming tree and node of what cannot be
    """
    try:
        return _read(_GROWTH.sub(b"", text) if b"\nsplit_gain=" in text else text)
    except (ValueError, OverflowError) as error:
        raise CorruptArtifact(f"The LightGBM trees cannot be used: {error}.") from error


def _read(text: bytes) -> LightGbmText:
    head = _HEAD.match(text)
    if head is None:
        raise ValueError("its head is not that of a plain model of trees")
    n_outputs, n_features = int(head[1]), int(head[3]) + 1
    if int(head[2]) != n_outputs or not 1 <= n_outputs <= MOST_CLASSES:
        raise ValueError(f"it has {n_outputs} classes and {int(head[2])} trees a round")
    if n_features > MOST_FEATURES or head[4].count(b" ") + 1 != n_features:
        raise ValueError(f"it names other features than the {n_features} that it has")
    trees, end = _trees(text, head.end())
    if not trees or len(trees) % n_outputs:
        raise ValueError(f"its {len(trees)} trees are not those of whole rounds of {n_outputs}")
    n_leaves = np.array([int(tree[_LEAVES]) for tree in trees], np.int64)
    _check_nodes(trees, n_leaves, n_features)
    made = _model(n_features, n_outputs, text[head.end() : end])
    return LightGbmText(made, n_features, n_outputs, n_leaves)


def _trees(text: bytes, at: int) -> tuple[list[re.Match[bytes]], int]:
    found: list[re.Match[bytes]] = []
    while not text.startswith(_END, at):
        tree = _TREE.match(text, at)
        number = len(found)
        if tree is None or int(tree[1]) != number or number >= _MOST_TREES:
            raise ValueError(f"what should be tree {number} is not written as one")
        if not 1 <= int(tree[_LEAVES]) <= _MOST_TREE_LEAVES:
            raise ValueError(f"tree {number} has {int(tree[_LEAVES])} leaves")
        found.append(tree)
        at = tree.end()
    return found, at


def _check_nodes(
    trees: Sequence[re.Match[bytes]], n_leaves: NDArray[np.int64], n_features: int
) -> None:
    split = [tree for tree in trees if tree[_FEATURE] is not None]
    is_split = np.array([tree[_FEATURE] is not None for tree in trees])
    if (is_split != (n_leaves > 1)).any():
        number = int((is_split != (n_leaves > 1)).argmax())
        raise ValueError(f"tree {number} of {n_leaves[number]} leaves lacks its splits")
    values = _joined(trees, _VALUE, n_leaves, "leaf_value")
    _check_spacing(values, "leaf_value")
    if _POWER.search(values) and not np.isfinite(np.fromstring(values, sep=" ")).all():
        raise ValueError("leaf_value holds a number that is too large")
    counted = [tree for tree in trees if tree[_LEAF_COUNT] is not None]
    counts = n_leaves[[tree[_LEAF_COUNT] is not None for tree in trees]]
    _check_range(_whole(counted, _LEAF_COUNT, counts, "leaf_count"), _LARGEST_COUNT, "leaf_count")
    n_inner = n_leaves[is_split] - 1
    has_counts = np.array([tree[_INNER_COUNT] is not None for tree in split], bool)
    inner_counts = [tree for tree in split if tree[_INNER_COUNT] is not None]
    made = _whole(inner_counts, _INNER_COUNT, n_inner[has_counts], "internal_count")
    _check_range(made, _LARGEST_COUNT, "internal_count")
    features = _whole(split, _FEATURE, n_inner, "split_feature")
    left, right = (
        _whole(split, group, n_inner, name)
        for group, name in ((_LEFT, "left_child"), (_RIGHT, "right_child"))
    )
    if (bad := features >= n_features).any():
        at = int(bad.argmax())
        tree, node = _place(n_leaves, at)
        raise ValueError(
            f"a feature that there is not: tree {tree}, node {node} has split_feature={features[at]}; there are "
            f"{n_features} features, from 0"
        )
    check_structure(n_leaves, left, right)
    decisions = _whole(split, _DECISION, n_inner, "decision_type")
    _check_range(decisions, _LARGEST_DECISION, "decision_type")
    thresholds = _joined(split, _THRESHOLD, n_inner, "threshold")
    if split:
        _check_spacing(thresholds, "threshold")
    _check_sets(trees, n_leaves, decisions, thresholds)


def _joined(
    trees: Sequence[re.Match[bytes]], group: int, lengths: NDArray[np.int64], name: str
) -> bytes:
    """Return numbers of all trees, one space between any two."""
    parts = [tree[group] for tree in trees]
    for tree, part, length in zip(trees, parts, lengths.tolist(), strict=True):
        if part.count(b" ") + 1 != length:
            raise ValueError(
                f"tree {int(tree[1])} has {part.count(b' ') + 1} numbers in {name} where {length} belong"
            )
    return b" ".join(parts)


def _whole(
    trees: Sequence[re.Match[bytes]], group: int, lengths: NDArray[np.int64], name: str
) -> NDArray[np.int64]:
    if not len(trees):
        return np.empty(0, np.int64)
    joined = _joined(trees, group, lengths, name)
    if not _are_numbers(b" %b " % joined):
        raise ValueError(f"{name} holds what is no number")
    return np.fromstring(joined, np.int64, sep=" ")


def _are_numbers(padded: bytes) -> bool:
    """Return, of digits, signs and spaces, whether every sign begins a number, and one space stands between two."""
    n_signs = padded.count(b"-")
    return b"  " not in padded and b"- " not in padded and padded.count(b" -") == n_signs


def _check_spacing(joined: bytes, name: str) -> None:
    """One space stands between two numbers, none of them longer than is written: so only those with a power of ten can
    be too large."""
    spaces = np.flatnonzero(np.frombuffer(joined, np.uint8) == _SPACE)
    gaps = np.diff(np.concatenate([[-1], spaces, [len(joined)]]))
    if gaps.min() < 2 or gaps.max() > _LONGEST:
        raise ValueError(f"{name} holds what is no number")


def _check_range(numbers: NDArray[np.int64], most: int, name: str) -> None:
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() <= most:
        raise ValueError(f"{name} holds a number that is not from 0 to {most}")


def _check_sets(
    trees: Sequence[re.Match[bytes]],
    n_leaves: NDArray[np.int64],
    decisions: NDArray[np.int64],
    thresholds: bytes,
) -> None:
    """A split on codes has the number of its set as its threshold; sets lie one after another in words of 32."""
    n_sets = np.array([int(tree[_N_CAT]) for tree in trees], np.int64)
    _check_words(trees, n_sets)
    at_codes = np.flatnonzero(decisions & _IS_CATEGORY)
    if not len(at_codes):
        return
    told = thresholds.split(b" ")
    named = [told[at] for at in at_codes.tolist()]
    if not b"".join(named).isdigit() or not 0 < min(map(len, named)) <= max(map(len, named)) < 8:
        raise ValueError("a split on codes whose threshold is not the number of a set")
    tree = np.searchsorted(np.cumsum(n_leaves - 1), at_codes, side="right")
    bad = np.array(named, np.int64) >= n_sets[tree]
    if bad.any():
        number, node = _place(n_leaves, int(at_codes[bad][0]))
        raise ValueError(
            f"a set of codes that there is not: tree {number}, node {node} names the set "
            f"{named[int(bad.argmax())].decode()}; the tree has {n_sets[number]}, from 0"
        )


def _check_words(trees: Sequence[re.Match[bytes]], n_sets: NDArray[np.int64]) -> None:
    n_told = [(tree[_BOUNDS] is not None) + (tree[_BOUNDS_AFTER] is not None) for tree in trees]
    if (np.array(n_told) != (n_sets > 0)).any():
        number = int((np.array(n_told) != (n_sets > 0)).argmax())
        raise ValueError(f"tree {number} lacks its {n_sets[number]} sets of codes, or has more")
    for bounds_at, words_at in ((_BOUNDS, _WORDS), (_BOUNDS_AFTER, _WORDS_AFTER)):
        there = [tree for tree in trees if tree[bounds_at] is not None]
        if not there:
            continue
        n_bounds = n_sets[[int(tree[1]) for tree in there]] + 1
        bounds = _whole(there, bounds_at, n_bounds, "cat_boundaries")
        n_words = np.array([tree[words_at].count(b" ") + 1 for tree in there], np.int64)
        last = np.cumsum(n_bounds) - 1
        rises = np.diff(bounds) > 0
        rises[last[:-1]] = True
        if not rises.all() or bounds[last - n_bounds + 1].any() or (bounds[last] != n_words).any():
            raise ValueError(
                "cat_boundaries do not rise from 0 to the number of words in cat_threshold"
            )
        words = _whole(there, words_at, n_words, "cat_threshold")
        _check_range(words, _WORD - 1, "cat_threshold")


def _place(n_leaves: NDArray[np.int64], at: int) -> tuple[int, int]:
    """Tree and node of an inner node, counted through all trees."""
    ends = np.cumsum(n_leaves - 1)
    tree = int(np.searchsorted(ends, at, side="right"))
    return tree, at - int(ends[tree] - (n_leaves[tree] - 1))


def _numbered(trees: Sequence[bytes]) -> bytes:
    return b"".join(b"Tree=%d\n%b" % (number, tree) for number, tree in enumerate(trees))


def _model(n_features: int, n_outputs: int, trees: bytes) -> bytes:
    """Sums of trees are all that is asked for: what the objective would make of them is not said."""
    names = " ".join(f"f{i}" for i in range(n_features))
    infos = " ".join(["none"] * n_features)
    several = f"multiclass num_class:{n_outputs}"
    head = (
        f"tree\nversion=v4\nnum_class={n_outputs}\nnum_tree_per_iteration={n_outputs}\nlabel_index=0\n"
        f"max_feature_idx={n_features - 1}\nobjective={several if n_outputs > 1 else 'regression'}\n"
        f"feature_names={names}\nfeature_infos={infos}\n\n"
    )
    return b"".join([head.encode(), trees, _END, b"\n"])
