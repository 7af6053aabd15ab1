"""What an ONNX graph makes of columns is, to the last digit, what the feature recipe makes of them."""

import numpy as np
import pytest
from onnx import TensorProto
from unit.engine.export.onnx.made_up import SPECS, run, table

from windvane.domain.problem import ProblemType
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.export.onnx.features import matrix_of, unsupported_columns
from windvane.engine.export.onnx.graph import Graph
from windvane.engine.features.dates import DateCycles, DateParts, FilledDateParts
from windvane.engine.features.interactions import OPERATIONS, Interactions, Pair
from windvane.engine.features.numeric import Number
from windvane.engine.features.plan import fit_recipe
from windvane.engine.features.recipe import Recipe
from windvane.engine.features.recipe_data import RecipeData
from windvane.engine.features.text import TextShape

NEW = {
    "a <b> & 'c'": np.array([np.nan, 0.0, -0.0, 1e300, -1e300, 0.25]),
    "label": np.array([0.0, 3.5, np.nan, 7.0, 1e-30, 0.5]),
    "colour": np.array([None, "N/A", "mauve", "blue", "Blue", "red"], object),
    "city": np.array(["city 1", "city 999", None, "", "city 2", "city 3"], object),
    "day": np.array([np.nan, 0.0, -1.0, 951_782_400.5, 1e18, -1e18]),
    "serial": np.array([1e9 + 1, 0.0, np.nan, 2e9, 1e9 + 77.5, -1.0]),
}
"""Rows as none of the table: missing and unseen, far out, and zero to divide by."""


def made_by(recipe, cells):
    graph = Graph(spec.name for spec in SPECS)
    return run(graph, matrix_of(graph, recipe, SPECS), TensorProto.FLOAT, cells)


@pytest.mark.parametrize("name", ["dpp0", "dpp1", "dpp2", "dpp3", "dpp4"])
@pytest.mark.parametrize("problem_type", [ProblemType.MULTICLASS, ProblemType.REGRESSION])
def test_a_recipe_makes_the_same_matrix(name, problem_type):
    specs, cells, y = table(problem_type)
    n_classes = 3 if problem_type is ProblemType.MULTICLASS else 0
    recipe, _ = fit_recipe(name, RecipeData(specs, cells, y, n_classes, 0))
    for rows in (cells, NEW):
        told = {"N/A": None, "": None}  # what reading a cell makes of these
        read = dict(rows) | {
            source: np.array([told.get(one, one) for one in rows[source]], object)
            for source in ("colour", "city")
        }
        np.testing.assert_array_equal(made_by(recipe, rows), recipe.transform(read))


def test_interactions_of_numbers_are_the_same():
    number = Number("serial")
    number.fit(NEW["serial"], None)
    pairs = [Pair("a <b> & 'c'", "label", one) for one in OPERATIONS]
    recipe = Recipe("dpp4", [("serial", number)], {}, Interactions(pairs))
    np.testing.assert_array_equal(made_by(recipe, NEW), recipe.transform(NEW))


def test_differences_of_dates_are_the_same():
    number = Number("serial")
    number.fit(NEW["serial"], None)
    cells = NEW | {"then": NEW["day"][::-1].copy()}
    recipe = Recipe("dpp4", [("serial", number)], {}, Interactions([Pair("day", "then", "-")]))
    np.testing.assert_array_equal(made_by(recipe, cells), recipe.transform(cells))


@pytest.mark.parametrize("kind", [DateParts, FilledDateParts, DateCycles])
def test_dates_of_all_years_are_the_same(kind):
    days = np.arange(-719_162, 2_932_896, 97) * 86_400.0
    seconds = np.concatenate([days, days + 86_399.75, [-1e15, 1e15, np.nan]])
    made = kind("day")
    made.fit(seconds, None)
    recipe = Recipe("dpp0", [("day", made)], {})
    cells = {"day": seconds}
    np.testing.assert_array_equal(made_by(recipe, cells), recipe.transform(cells))


def test_text_is_named():
    shape = TextShape("words")
    shape.fit(np.array(["one two", "three", "four five six"] * 9, object), None)
    recipe = Recipe("dpp0", [("words", shape)], {})
    specs = [ColumnSpec("words", ColumnType.TEXT, "sentences")]
    told = ["the column 'words' of type text (transformer text-shape)"]
    assert unsupported_columns(recipe, specs) == told
