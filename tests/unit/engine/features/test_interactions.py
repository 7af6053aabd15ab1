import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.domain.problem import MetricName, ProblemSpec, ProblemType
from windvane.engine import stages
from windvane.engine.candidates import Plan
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import ReadOptions
from windvane.engine.features.interactions import OPERATIONS, Interactions, Pair
from windvane.engine.features.plan import fit_transform_recipe
from windvane.engine.features.recipe import Recipe, load_recipe
from windvane.engine.features.recipe_data import RecipeData
from windvane.engine.packages.package import load_predictor
from windvane.errors import CorruptArtifact
from windvane.testing.tables import Workshop

ALL = Interactions([Pair("a", "b", one) for one in OPERATIONS])
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20))
def test_one_row_gives_the_same_as_many(rows):
    a, b = (np.array(column) for column in zip(*rows, strict=True))
    whole = ALL.transform({"a": a, "b": b}, len(rows))
    single = [ALL.transform_row({"a": x, "b": y}) for x, y in rows]
    np.testing.assert_array_equal(np.array(single, np.float32), whole)
    assert not np.isinf(whole).any()


def test_each_operation_is_what_its_sign_says():
    assert ALL.transform_row({"a": 6.0, "b": 4.0}) == [10, 2, 24, 1.5]


@pytest.mark.parametrize("missing", [None, np.nan])
def test_what_misses_a_part_is_missing(missing):
    assert np.isnan(ALL.transform_row({"a": 1.0, "b": missing})).all()
    assert np.isnan(ALL.transform_row({"a": missing, "b": 1.0})).all()


def test_nothing_divides_by_zero():
    assert np.isnan(ALL.transform_row({"a": 1.0, "b": 0.0})[-1])


def test_a_feature_names_both_columns_it_comes_from():
    assert [feature.sources for feature in ALL.features()] == [("a", "b")] * 4
    assert [feature.name for feature in ALL.features()] == ["a + b", "a - b", "a * b", "a / b"]


def _ratio(n=1_500):
    """A number that only the ratio of two columns tells."""
    generator = np.random.default_rng(6)
    columns = {name: generator.uniform(1, 9, n) for name in "abc"}
    y = columns["a"] / columns["b"] + generator.normal(0, 0.1, n)
    columns["a"][::50] = np.nan
    return [ColumnSpec(name, ColumnType.NUMERIC, "") for name in "abc"], columns, y


def test_a_recipe_with_interactions_is_saved_and_answers_rows_alike(tmp_path):
    specs, columns, y = _ratio()
    rows = np.arange(0, 1_500, 2)
    recipe, X = fit_transform_recipe("dpp4", RecipeData(specs, columns, y, 0, 0, rows=rows))
    assert "a / b" in {feature.name for feature in recipe.features}
    made = recipe.transform(columns)
    np.testing.assert_array_equal(X, made[rows])
    recipe.save(tmp_path)
    read = load_recipe(tmp_path)
    assert read.features == recipe.features
    np.testing.assert_array_equal(read.transform(columns), made)
    for i in range(60):
        row = {name: values.item(i) for name, values in columns.items()}
        np.testing.assert_array_equal(read.transform_row(row), made[i : i + 1])


def test_rows_outside_training_do_not_choose():
    specs, columns, y = _ratio()
    rows = np.arange(0, 1_500, 2)
    recipe, _ = fit_transform_recipe("dpp4", RecipeData(specs, columns, y, 0, 0, rows=rows))
    for values in (*columns.values(), y):
        values[1::2] = 7
    again, _ = fit_transform_recipe("dpp4", RecipeData(specs, columns, y, 0, 0, rows=rows))
    assert again.interactions.pairs == recipe.interactions.pairs != ()


def test_an_operation_that_there_is_not_is_refused(tmp_path):
    specs, columns, y = _ratio(100)
    recipe, _ = fit_transform_recipe("dpp4", RecipeData(specs, columns, y, 0, 0))
    Recipe("dpp4", recipe.steps, {}, ALL).save(tmp_path)
    file = tmp_path / "recipe.json"
    file.write_text(file.read_text().replace('"operation": "*"', '"operation": "**"'))
    with pytest.raises(CorruptArtifact, match="does not describe a recipe"):
        load_recipe(tmp_path)


def test_a_deployed_model_reads_the_columns_of_its_pairs(tmp_path):
    _, columns, y = _ratio()
    lines = [
        f"{a:.4f},{b:.4f},{c:.4f},{t:.4f}" for a, b, c, t in zip(*columns.values(), y, strict=True)
    ]
    table = "\n".join(["a,b,c,y", *lines, ""]).replace("nan", "")
    shop = Workshop(tmp_path, ReadOptions(scratch=tmp_path, min_rows=20))
    shop.analyse(table, problem=ProblemSpec("y", ProblemType.REGRESSION, MetricName.RMSE))
    features, candidate = tmp_path / "features", tmp_path / "candidate"
    stages.fit_features(shop.dataset_folder, "dpp4", features)
    few = {"num_iterations": 40, "learning_rate": 0.2, "target_transform": "log"}
    limits = stages.TrainLimits(time.time() + 60)
    stages.train(
        shop.dataset_folder, features, Plan(1, "dpp4", "lightgbm", few, 0), limits, candidate
    )
    best = tmp_path / "best"
    stages.assemble(shop.dataset_folder, {"dpp4": features}, {1: candidate}, 1, best)
    predictor = load_predictor(best / "transformers", best / "model")
    rows = [["8", "2", "1"], ["2", "8", "1"], ["", "4", "5"]]
    together = predictor.predict(rows).values
    assert together[0] == pytest.approx(4, rel=0.1)
    assert together[1] == pytest.approx(0.25, rel=0.5)
    assert [predictor.predict([row]).values[0] for row in rows] == together.tolist()
