"""Ensembles within a limit of latency or size: members are left out where that loses the least score for what it saves."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from windvane.engine.ensembles.losses import Loss
from windvane.engine.ensembles.weights import fit_weights
from windvane.engine.scoring.metrics import Floats

_MOST_ROWS = 2_000
"""Enough to say which member is missed least; the weights themselves are fitted on all rows."""

_MOST_MODELS = 10
"""The best alone; trying subsets takes the cube of their number."""

_LEAST_COST = 1e-4
"""Smaller ones are all alike."""

Members = frozenset[int]
"""Places among the models."""


def fit_thrifty_weights(whole: Loss, n_rows: int, costs: Floats) -> Floats:
    """`fit_weights` with members whose costs add up to at most 1.

    whole    the loss on all rows
    costs    (n_models,) shares of what all may cost together, each at most 1
    """
    weights = fit_weights(whole)
    used = weights > 0
    if costs[used].sum() <= 1:
        return weights
    few = whole.on(slice(None, None, -(-n_rows // _MOST_ROWS)))

    def loss(members: Members) -> float:
        found = fit_weights(few, np.array(sorted(members)))
        used = np.flatnonzero(found)
        return few.of(used, found[used])

    def is_cheap(members: Members) -> bool:
        return bool(costs[sorted(members)].sum() <= 1)

    alone = [few.of(np.array([model]), np.ones(1)) for model in range(few.n_models)]
    models = [int(model) for model in np.argsort(alone, kind="stable")[:_MOST_MODELS]]
    members = frozenset(models)
    while not is_cheap(members):
        members = _without_one(members, loss, costs)
    return fit_weights(whole, np.array(sorted(_improved(members, loss, is_cheap, models))))


def _without_one(members: Members, loss: Callable[[Members], float], costs: Floats) -> Members:
    """Return the members but for the one with the least loss of score for what it costs."""
    whole = loss(members)

    def worth(member: int) -> float:
        return (loss(members - {member}) - whole) / max(float(costs[member]), _LEAST_COST)

    return members - {min(sorted(members), key=worth)}


def _improved(
    members: Members,
    loss: Callable[[Members], float],
    is_cheap: Callable[[Members], bool],
    models: Iterable[int],
) -> Members:
    """Return the members after additions and exchanges, for as long as one of them helps."""
    reached = loss(members)
    while True:
        others = [model for model in models if model not in members]
        changed = [members | {model} for model in others]
        changed += [members - {old} | {new} for old in sorted(members) for new in others]
        cheap = {one: loss(one) for one in changed if is_cheap(one)}
        if not cheap or (least := min(cheap.values())) >= reached:
            return members
        members, reached = next(one for one in cheap if cheap[one] == least), least
