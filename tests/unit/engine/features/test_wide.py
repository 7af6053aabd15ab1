from __future__ import annotations

import numpy as np
import pytest

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.features.cards import RECIPES
from windvane.engine.features.plan import fit_transform_recipe
from windvane.engine.features.recipe_data import RecipeData
from windvane.engine.features.wide import FEWEST

N_ROWS = 80


def _table(
    n_columns: int, n_categories: int = 1
) -> tuple[list[ColumnSpec], dict[str, np.ndarray], np.ndarray]:
    random = np.random.default_rng(n_columns)
    columns: dict[str, np.ndarray] = {}
    specs = []
    for number in range(n_columns):
        values = random.normal(size=N_ROWS) * 10.0 ** random.integers(-3, 12)
        if number % 3 == 0:
            values[random.random(N_ROWS) < 0.2] = np.nan
        if number % 7 == 0:
            values = np.round(values)
        columns[f"n{number}"] = values
        specs.append(ColumnSpec(f"n{number}", ColumnType.NUMERIC, "", {}))
    for number in range(n_categories):
        known = np.array([*"abcdefgh"[: 2 + number % 6], None], dtype=object)
        columns[f"c{number}"] = random.choice(known, N_ROWS)
        spec = ColumnSpec(f"c{number}", ColumnType.CATEGORICAL, "", {})
        specs.insert((number * 5) % len(specs), spec)
    return specs, columns, (random.random(N_ROWS) > 0.5).astype(np.float64)


@pytest.mark.parametrize("card", [card.name for card in RECIPES])
@pytest.mark.parametrize(
    ("n_columns", "n_categories"),
    [(3, 1), (FEWEST - 1, 1), (FEWEST, 1), (3 * FEWEST, 1), (3, FEWEST), (FEWEST, 2 * FEWEST)],
)
def test_a_row_is_made_as_many_rows_are(card: str, n_columns: int, n_categories: int) -> None:
    specs, columns, y = _table(n_columns, n_categories)
    recipe = fit_transform_recipe(card, RecipeData(specs, columns, y, 2, seed=0))[0]
    unseen = {
        name: np.array(["a", None, "new"], dtype=object)
        if name.startswith("c")
        else np.array([np.nan, -1e300, 0.3])
        for name in columns
    }
    for rows in (columns, unseen):
        matrix = recipe.transform(rows)
        for i, expected in enumerate(matrix):
            row = recipe.transform_row({name: values[i] for name, values in rows.items()})
            np.testing.assert_array_equal(row[0], expected)


def test_nothing_known_of_a_number_is_a_missing_one() -> None:
    specs, columns, y = _table(2 * FEWEST)
    recipe = fit_transform_recipe("dpp0", RecipeData(specs, columns, y, 2, seed=0))[0]
    nothing = dict.fromkeys(columns)
    is_number = [feature.source != "c0" for feature in recipe.features]
    assert np.isnan(recipe.transform_row(nothing)[0][is_number]).all()
