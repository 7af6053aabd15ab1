"""Points of a search space: drawn at large, or near one that went well. The same generator, the same point."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from windvane.engine.learners.space import Categorical, Dimension, Integer, Real, Space

_STEP = 0.18
"""Standard deviation of a step, as a share of the dimension's (logarithmic) range."""

_CHANGE_SHARE = 0.5
_SWITCH_SHARE = 0.3


def draw(space: Space, random: np.random.Generator) -> dict[str, Any]:
    """Return a point anywhere in the space."""
    return {name: at_share(dimension, random.random()) for name, dimension in space.items()}


def draw_near(
    space: Space, point: Mapping[str, Any], random: np.random.Generator
) -> dict[str, Any]:
    """Return a point with about half of its dimensions moved a little; at least one moves. What the space does not
    name is kept as it is; what the point lacks is drawn anywhere if it is moved."""
    names = list(space)
    moved = [name for name in names if random.random() < _CHANGE_SHARE]
    if names and not moved:
        moved = [names[int(random.integers(len(names)))]]
    return {
        **point,
        **{
            name: _near(space[name], point[name], random)
            if name in point
            else at_share(space[name], random.random())
            for name in moved
        },
    }


def at_share(dimension: Dimension, share: float) -> Any:
    """Return the value at a share (0 <= share <= 1) of the dimension's range."""
    if isinstance(dimension, Categorical):
        n_options = len(dimension.options)
        return dimension.options[min(int(share * n_options), n_options - 1)]
    low, high = _scaled(dimension, dimension.low), _scaled(dimension, dimension.high)
    if isinstance(dimension, Integer):
        found = round(_unscaled(dimension, low + share * (high - low)))
        return min(max(found, dimension.low), dimension.high)
    found_real = _unscaled(dimension, low + share * (high - low))
    return min(max(found_real, dimension.low), dimension.high)


def share_of(dimension: Dimension, value: Any) -> float:
    """Return where in the dimension's range a value is, from 0 to 1; what is outside counts as the nearest end. Of an option
    the middle of its part; what is none of the options counts as the first."""
    if isinstance(dimension, Categorical):
        options = dimension.options
        return ((options.index(value) if value in options else 0) + 0.5) / len(options)
    low, high = _scaled(dimension, dimension.low), _scaled(dimension, dimension.high)
    inside = min(max(value, dimension.low), dimension.high)
    return (_scaled(dimension, inside) - low) / (high - low) if high > low else 0.0


def _near(dimension: Dimension, value: Any, random: np.random.Generator) -> Any:
    if isinstance(dimension, Categorical):
        if random.random() >= _SWITCH_SHARE:
            return value
        return dimension.options[int(random.integers(len(dimension.options)))]
    share = share_of(dimension, value) + random.normal(0.0, _STEP)
    return at_share(dimension, min(max(share, 0.0), 1.0))


def _scaled(dimension: Real | Integer, value: float) -> float:
    return math.log(value) if dimension.log else float(value)


def _unscaled(dimension: Real | Integer, value: float) -> float:
    return math.exp(value) if dimension.log else value
