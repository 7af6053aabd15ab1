"""Trees as ONNX has them lead rows to the leaves that the library says."""

import numpy as np
import pytest
from onnx import TensorProto
from unit.engine.export.onnx.made_up import run

from windvane.engine.export.onnx import trees
from windvane.engine.export.onnx.graph import Graph
from windvane.engine.export.shipped.lightgbm_native import NativeBooster
from windvane.engine.learners.lightgbm_text import read_lightgbm
from windvane.engine.learners.oblivious import Codes, ObliviousTrees, ObliviousWalker
from windvane.errors import InvalidRequest

HEAD = (
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n"
    "objective=regression\nfeature_names=f0 f1\nfeature_infos=none none\n\n"
)
STUMP = (
    "Tree={number}\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold={threshold}\ndecision_type={kind}\n"
    "left_child=-1\nright_child=-2\nleaf_value=1 2\nshrinkage=1\n\n\n"
)
SETS = (
    "Tree={number}\nnum_leaves=2\nnum_cat=1\nsplit_feature=1\nthreshold=0\ndecision_type=9\n"
    "left_child=-1\nright_child=-2\ncat_boundaries=0 2\ncat_threshold={words}\nleaf_value=10 20\nshrinkage=1\n\n\n"
)
LEAF = "Tree={number}\nnum_leaves=1\nnum_cat=0\nleaf_value=100\nshrinkage=1\n\n\n"
ROWS = np.array(
    [[-1, 0], [0, 5], [0.5, 33], [2, np.nan], [np.nan, 40], [np.nan, 6], [-np.inf, 1]], np.float32
)


def text(*written):
    told = "".join(one.replace("{number}", str(i)) for i, one in enumerate(written))
    return read_lightgbm(f"{HEAD}{told}end of trees\n".encode())


def scores(nodes, values, rows=ROWS, n_outputs=1):
    graph = Graph([])
    cells = {str(i): rows[:, i].astype(np.float64) for i in range(rows.shape[1])}
    matrix = graph.floats(graph.side_by_side([graph.numbers(name) for name in cells]))
    outputs = np.zeros(len(values), np.int64)
    made = trees.sums(graph, matrix, nodes, values, outputs, n_outputs)
    return run(graph, made, TensorProto.DOUBLE, cells)


def stump(threshold, kind):
    return STUMP.replace("{threshold}", threshold).replace("{kind}", str(kind))


def test_missing_values_sets_of_codes_and_lone_leaves():
    kinds = [stump("0.25", 0), stump("-0.25", 0), stump("0.25", 8), stump("0.25", 10)]
    sets = [SETS.replace("{words}", one) for one in ("33 2", "0 0", "4294967295 1")]
    model = text(*kinds, *sets, LEAF)
    nodes, values = trees.of_lightgbm(model)
    np.testing.assert_array_equal(scores(nodes, values), NativeBooster(model).predict(ROWS))


def test_zeros_that_count_as_missing_are_refused():
    with pytest.raises(InvalidRequest, match="zero_as_missing"):
        trees.of_lightgbm(text(stump("0.25", 4)))


def oblivious(codes):
    """Return one tree of three bits, of which the last two are asked of codes."""
    n_bits = 8
    feature = np.zeros((1, n_bits), np.int32)
    feature[0, 1:3] = 1
    borders = np.full((1, n_bits), np.inf, np.float32)
    borders[0, 0] = 0.5
    return ObliviousTrees(2, feature, borders, np.arange(8.0)[:, None], np.zeros(1), codes)


@pytest.mark.parametrize("always", [0, 1, 2, 6])
def test_symmetric_trees_with_codes_and_what_they_set_whatever_is_asked(always):
    """A column of codes may turn a bit of every row, which it does for the one that answers for all."""
    patterns = np.array([[0], [2], [4], [6]], np.uint8) ^ always
    rows = np.array([[np.nan, np.nan], [1, 0], [0, 1], [2, 2], [0.5, 3]], np.float32)
    made = oblivious((Codes(1, np.array([0, 1, 2, 3, 1], np.int32), patterns.astype(np.uint8)),))
    nodes = trees.of_oblivious(made)
    np.testing.assert_array_equal(
        scores(nodes, made.values[:, 0], rows), ObliviousWalker(made).scores(rows)
    )


def test_a_bit_that_two_columns_set_is_refused():
    codes = tuple(
        Codes(column, np.array([0, 1], np.int32), np.array([[0], [2]], np.uint8))
        for column in (0, 1)
    )
    with pytest.raises(InvalidRequest, match="two things at once"):
        trees.of_oblivious(oblivious(codes))
