"""Monotone constraints: what they mean for the features of a recipe. Which learners keep them says the catalogue.

An answer that must not fall (or rise) as a raw column grows keeps that promise if it does not fall as the one feature
grows that is that column, however it is scaled, and if nothing else is made of the column but a mark of missing values.
A target's logarithm, a temperature and a mean with weights >= 0 all keep the order of answers.
"""

from __future__ import annotations

from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Setting
from windvane.errors import CandidateFault


def directions(setting: Setting) -> list[int]:
    """Return (n_features,) 1 or -1 for a feature that is a constrained column, else 0.

    raises    CandidateFault if more is made of such a column
    """
    return [_direction(feature, setting) for feature in setting.features]


def _direction(feature: Feature, setting: Setting) -> int:
    bound = [source for source in feature.sources if source in setting.monotone]
    if not bound or (feature.name == f"{feature.source} is missing" and not feature.others):
        return 0
    if feature.name == feature.source and not feature.others and not feature.cardinality:
        return setting.monotone[feature.source]
    raise CandidateFault(
        f"Predictions must be monotone in the column '{bound[0]}', which this recipe's feature "
        f"'{feature.name}' does not allow. Choose a recipe that keeps the number unchanged, such "
        "as dpp0."
    )
