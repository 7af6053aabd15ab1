from __future__ import annotations

import numpy as np

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.features.plan import fit_transform_recipe
from windvane.engine.features.recipe_data import RecipeData
from windvane.engine.splits import Split, SplitKind


def test_a_category_of_one_group_is_encoded_without_the_targets_of_the_group() -> None:
    generator = np.random.default_rng(0)
    groups = generator.permutation(np.repeat(np.arange(60), 10)).astype(np.int32)
    names = np.array([f"g{i}" for i in range(60)], object)[groups]
    y = generator.normal(size=60)[groups]
    spec = ColumnSpec("who", ColumnType.CATEGORICAL, "")
    seen = []
    for split in (Split(), Split(kind=SplitKind.GROUPS, units=groups)):
        data = RecipeData([spec], {"who": names}, y, 0, seed=1, parts=split.parts)
        recipe, X = fit_transform_recipe("dpp2", data)
        [place] = [i for i, one in enumerate(recipe.features) if "mean target" in one.name]
        seen.append(abs(np.corrcoef(X[:, place], y)[0, 1]))
    assert seen[0] > 0.9
    assert seen[1] < 0.3
