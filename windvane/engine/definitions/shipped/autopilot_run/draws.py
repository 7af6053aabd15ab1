"""The search: new candidates near those that went well.

One of the best three candidates is taken, the better the likelier. With a chance of 0.3 all of its searched
hyperparameters are drawn anew from their ranges; otherwise about half of them are moved a little, and at least one.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .candidates import Candidate, Result, best_first

Range = dict[str, Any]

PARENTS = 3
AT_LARGE = 0.3
MOVED = 0.5
STEP = 0.18
"""Standard deviation of a step, as a share of the range."""


def propose(results: Sequence[Result], minimize: bool, number: int, seed: int) -> Candidate:
    """Return the candidate of this number: the same for the same results and seed."""
    ordered = best_first(results, minimize)
    finished = [one for one in ordered if one.score is not None and not one.members]
    if not finished:
        raise RuntimeError("No candidate has finished: the search has nothing to start from.")
    chance = random.Random(f"{seed}-{number}")  # noqa: S311 - a search, no secret
    parents = finished[:PARENTS]
    weights = [0.5**rank for rank in range(len(parents))]
    parent = chance.choices(parents, weights)[0].candidate
    if chance.random() < AT_LARGE:
        drawn = {name: at(one, chance.random()) for name, one in parent.ranges.items()}
        why = f"{parent.name} with other hyperparameters"
    else:
        drawn = _moved(parent, chance)
        why = f"a variation of {parent.name}"
    return replace(
        parent,
        name=f"{parent.recipe}-{parent.algorithm}-{number}",
        hyperparameters={**parent.hyperparameters, **drawn},
        seed=chance.randrange(2**31),
        why=why,
    )


def at(one: Range, share: float) -> Any:
    """Return the value at a share (0 <= share < 1) of a range."""
    if "options" in one:
        return one["options"][int(share * len(one["options"]))]
    low, high = _scaled(one, one["low"]), _scaled(one, one["high"])
    place = low + share * (high - low)
    value = math.exp(place) if one["log"] else place
    value = round(value) if one["integer"] else value
    return min(max(value, one["low"]), one["high"])


def near(one: Range, value: Any, chance: random.Random) -> Any:
    """Return a value a step away."""
    if "options" in one:
        return chance.choice(one["options"])
    low, high = _scaled(one, one["low"]), _scaled(one, one["high"])
    inside = _scaled(one, min(max(value, one["low"]), one["high"]))
    share = (inside - low) / (high - low) if high > low else 0.0
    return at(one, min(max(share + chance.gauss(0.0, STEP), 0.0), 1.0))


def _moved(parent: Candidate, chance: random.Random) -> dict[str, Any]:
    names = list(parent.ranges)
    moved = [name for name in names if chance.random() < MOVED]
    if names and not moved:
        moved = [chance.choice(names)]
    return {
        name: near(parent.ranges[name], parent.hyperparameters[name], chance)
        if name in parent.hyperparameters
        else at(parent.ranges[name], chance.random())
        for name in moved
    }


def _scaled(one: Range, value: float) -> float:
    return math.log(value) if one["log"] else float(value)
