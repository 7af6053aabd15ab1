"""One feature recipe of an AutoML job: which columns become what.

The transformers named here are executed by the service's own image (or by windvane, for a run without a service), not
by this module: it says what they are, and makes the hyperparameters that choose them. Change WITHOUT to leave columns
out, save, and run the notebook again from the cell that sets it up.
"""

import json
from typing import Any

RECIPE = ""
TITLE = ""
DESCRIPTION = ""
TARGET = ""
LABELS: list[str] = []
HEADER: list[str] = []
COLUMN_TYPES: dict[str, str] = {}
TRANSFORMERS: dict[str, list[str]] = {}
MEANINGS: dict[str, str] = {}
WITHOUT: list[str] = []

# From here on every recipe's module is the same.

_LONGEST = 2500
"""Characters of a hyperparameter's value that CreateTrainingJob takes."""


def build_feature_transform() -> dict[str, str]:
    """Return the hyperparameters of training jobs that fit these transformers, or train on what they make."""
    unknown = [name for name in WITHOUT if name not in TRANSFORMERS]
    if unknown:
        raise ValueError(f"WITHOUT names {unknown[0]!r}, which is not a column that {RECIPE} uses.")
    if not WITHOUT:
        return {"_recipe": RECIPE}
    left_out = json.dumps(WITHOUT)
    if len(left_out) > _LONGEST:
        raise ValueError(
            f"WITHOUT is {len(left_out)} characters long; {_LONGEST} fit into a hyperparameter."
        )
    return {"_recipe": RECIPE, "_without": left_out}


def build_label_transform() -> list[str]:
    """Return the labels in the order of their class indices; none if the target is a number."""
    return list(LABELS)


def transformers() -> list[tuple[str, str, str]]:
    """Column, transformer and its meaning, for every column that is used."""
    return [
        (column, name, MEANINGS[name])
        for column, names in TRANSFORMERS.items()
        if column not in WITHOUT
        for name in names
    ]


def read_features(row: dict[str, Any]) -> list[Any]:
    """Return the cells of a row by column, in the order in which an endpoint reads them; those that are not given are
    missing."""
    names = [name for name in HEADER if name != TARGET]
    unknown = row.keys() - set(names)
    if unknown:
        raise ValueError(f"There is no column {min(unknown)!r} that an endpoint reads.")
    return [row.get(name, "") for name in names]
