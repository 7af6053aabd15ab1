import numpy as np
import pytest

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.features import plan
from windvane.engine.features.cards import RECIPES
from windvane.engine.features.plan import fit_transform_recipe
from windvane.engine.features.recipe import load_recipe
from windvane.engine.features.recipe_data import RecipeData
from windvane.errors import CorruptArtifact, DataFault

GENERATOR = np.random.default_rng(1)
NAMES = [card.name for card in RECIPES]


def _table(n=120):
    words = np.array(["red cat", "blue dog", "red dog runs", None], object)
    columns = {
        "number": np.where(GENERATOR.random(n) < 0.1, np.nan, GENERATOR.normal(size=n)),
        "category": GENERATOR.choice(np.array([*"abc", None], object), n),
        "date": GENERATOR.uniform(1e9, 1.5e9, n),
        "text": GENERATOR.choice(words, n),
        "id": np.array([f"k{i}" for i in range(n)], object),
    }
    types = ["numeric", "categorical", "datetime", "text", "identifier"]
    specs = [
        ColumnSpec(name, ColumnType(kind), "") for name, kind in zip(columns, types, strict=True)
    ]
    return specs, columns, GENERATOR.integers(0, 3, n).astype(float)


def _fit(name, specs, columns, y, **more):
    return fit_transform_recipe(name, RecipeData(specs, columns, y, 3, 0, **more))[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_uses_every_feature_column_and_no_identifier(name):
    recipe = _fit(name, *_table())
    assert {feature.source for feature in recipe.features} == {"number", "category", "date", "text"}
    names = [feature.name for feature in recipe.features]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_recipe_gives_the_same_matrix(name, tmp_path):
    specs, columns, y = _table()
    recipe = _fit(name, specs, columns, y)
    recipe.save(tmp_path)
    read = load_recipe(tmp_path)
    assert read.features == recipe.features
    assert read.dropped == recipe.dropped
    np.testing.assert_array_equal(read.transform(columns), recipe.transform(columns))


@pytest.mark.parametrize("name", NAMES)
def test_one_row_gives_the_same_as_many(name):
    specs, columns, y = _table()
    recipe = _fit(name, specs, columns, y)
    whole = recipe.transform(columns)
    for i in range(len(y)):
        row = recipe.transform({key: values[i : i + 1] for key, values in columns.items()})
        np.testing.assert_array_equal(row, whole[i : i + 1])


@pytest.mark.parametrize("name", ["dpp1", "dpp2", "dpp3"])
def test_recipes_for_learners_that_take_no_missing_values_leave_none(name):
    specs, columns, y = _table()
    recipe = _fit(name, specs, columns, y)
    empty = {
        "number": np.array([np.nan]),
        "category": np.array([None], object),
        "date": np.array([np.nan]),
        "text": np.array([None], object),
    }
    assert np.isfinite(recipe.transform(columns)).all()
    assert np.isfinite(recipe.transform(empty)).all()


@pytest.mark.parametrize("name", NAMES)
def test_rows_outside_training_are_not_looked_at(name, tmp_path):
    specs, columns, y = _table()
    rows = np.arange(0, 120, 2)
    recipe, X = fit_transform_recipe(name, RecipeData(specs, columns, y, 3, 0, rows=rows))
    spoiled = {key: values.copy() for key, values in columns.items()}
    for values in spoiled.values():
        values[1::2] = values[0]
    other_y = y.copy()
    other_y[1::2] = 0
    again, X_again = fit_transform_recipe(
        name, RecipeData(specs, spoiled, other_y, 3, 0, rows=rows)
    )
    np.testing.assert_array_equal(X, X_again)
    np.testing.assert_array_equal(recipe.transform(columns), again.transform(columns))
    assert X.shape == (60, len(recipe.features))


def test_only_features_made_of_the_target_differ_between_training_and_use():
    specs, columns, y = _table()
    for name, sources in (
        ("dpp0", set()),
        ("dpp1", set()),
        ("dpp4", set()),
        ("dpp2", set()),
        ("dpp3", {"category"}),
    ):
        recipe, X = fit_transform_recipe(name, RecipeData(specs, columns, y, 3, 0))
        used = recipe.transform(columns)
        differing = {
            feature.source
            for j, feature in enumerate(recipe.features)
            if not np.array_equal(X[:, j], used[:, j], equal_nan=True)
        }
        assert differing == sources


def test_trees_get_codes_of_few_categories_and_target_means_of_many():
    few = GENERATOR.choice(np.array([*"abcd"], object), 600)
    many = np.array([f"v{k}" for k in GENERATOR.integers(0, 60, 600)], object)
    specs = [ColumnSpec(name, ColumnType.CATEGORICAL, "") for name in ("few", "many")]
    y = GENERATOR.integers(0, 3, 600).astype(float)
    recipe = _fit("dpp4", specs, {"few": few, "many": many}, y)
    rates = [f"many (rate of class {k})" for k in range(3)]
    assert [one.name for one in recipe.features] == ["few", *rates, "many (frequency)"]
    assert [one.cardinality for one in recipe.features] == [4, 0, 0, 0, 0]


def test_a_table_without_a_useful_column_is_the_datas_fault():
    specs = [ColumnSpec("a", ColumnType.NUMERIC, ""), ColumnSpec("b", ColumnType.IDENTIFIER, "")]
    with pytest.raises(DataFault, match="'a': every value is 1"):
        _fit("dpp0", specs, {"a": np.ones(5)}, np.zeros(5))
    with pytest.raises(DataFault, match="none besides identifiers"):
        _fit("dpp0", specs[1:], {}, np.zeros(5))


def test_a_dropped_column_comes_with_the_reason():
    specs, columns, y = _table()
    columns["number"] = np.full(120, 2.0)
    assert _fit("dpp0", specs, columns, y).dropped == {"number": "every value is 2"}


@pytest.mark.parametrize("name", NAMES)
def test_a_very_wide_table_keeps_the_columns_that_say_most(name, monkeypatch):
    monkeypatch.setattr(plan, "MAX_WIDTH", 30)
    y = GENERATOR.integers(0, 3, 200).astype(float)
    columns = {f"n{i}": GENERATOR.normal(size=200) for i in range(100)}
    columns["good"] = y + GENERATOR.normal(size=200) / 5
    columns["kind"] = np.array([f"k{value:g}" for value in y], object)
    specs = [
        ColumnSpec(key, ColumnType.CATEGORICAL if key == "kind" else ColumnType.NUMERIC, "")
        for key in columns
    ]
    recipe = _fit(name, specs, columns, y)
    assert len(recipe.features) <= 30
    assert {"good", "kind"} <= {feature.source for feature in recipe.features}
    assert len(recipe.dropped) == 72


def test_one_hot_features_stay_below_the_width(monkeypatch):
    monkeypatch.setattr(plan, "MAX_WIDTH", 40)
    columns = {
        f"c{i}": np.array([f"v{k}" for k in GENERATOR.integers(0, 50, 400)], object)
        for i in range(5)
    }
    specs = [ColumnSpec(key, ColumnType.CATEGORICAL, "") for key in columns]
    recipe = _fit("dpp1", specs, columns, GENERATOR.integers(0, 3, 400).astype(float))
    assert len(recipe.features) == 40


def test_unknown_recipes_are_named_with_those_there_are():
    with pytest.raises(LookupError, match="'dpp9'; there are dpp0, dpp1, dpp2, dpp3"):
        _fit("dpp9", *_table())


def test_a_folder_without_a_recipe_is_refused(tmp_path):
    with pytest.raises(CorruptArtifact, match=r"recipe\.json is missing"):
        load_recipe(tmp_path)
