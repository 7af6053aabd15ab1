"""Ensembles that answer within a latency: members are left out where that costs the least score for the time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from windvane.domain.problem import MetricName
from windvane.engine.ensembles.weights import fit_weights, loss_of
from windvane.engine.scoring.metrics import Floats

_MOST_ROWS = 2_000
"""Enough to say which member is missed least; the weights themselves are fitted on all rows."""

_MOST_MODELS = 10
"""The best alone; trying subsets takes the cube of their number."""

_LEAST_S = 1e-6
"""No clock tells less apart."""

Members = frozenset[int]
"""Places among the models."""


def fit_quick_weights(
    said: Floats, y: Floats, objective: MetricName, latencies_s: Floats, max_latency_s: float
) -> Floats:
    """`fit_weights` with members whose latencies add up to at most `max_latency_s`.

    latencies_s    (n_models,) of one row, each at most `max_latency_s`
    """
    weights = fit_weights(said, y, objective)
    used = weights > 0
    if latencies_s[used].sum() <= max_latency_s:
        return weights
    stride = -(-y.size // _MOST_ROWS)
    few, few_y = said[:, ::stride], y[::stride]

    def loss(members: Members) -> float:
        chosen = sorted(members)
        found = fit_weights(few[chosen], few_y, objective)
        return loss_of(found @ few[chosen], few_y, objective)

    def is_quick(members: Members) -> bool:
        return bool(latencies_s[sorted(members)].sum() <= max_latency_s)

    alone = [loss_of(one, few_y, objective) for one in few]
    models = [int(model) for model in np.argsort(alone, kind="stable")[:_MOST_MODELS]]
    members = frozenset(models)
    while not is_quick(members):
        members = _without_one(members, loss, latencies_s)
    chosen = sorted(_improved(members, loss, is_quick, models))
    weights = np.zeros(len(said))
    weights[chosen] = fit_weights(said[chosen], y, objective)
    return weights


def _without_one(
    members: Members, loss: Callable[[Members], float], latencies_s: Floats
) -> Members:
    """The members but for the one with the least loss of score per second saved."""
    whole = loss(members)

    def cost(member: int) -> float:
        return (loss(members - {member}) - whole) / max(float(latencies_s[member]), _LEAST_S)

    return members - {min(sorted(members), key=cost)}


def _improved(
    members: Members,
    loss: Callable[[Members], float],
    is_quick: Callable[[Members], bool],
    models: Iterable[int],
) -> Members:
    """The members after additions and exchanges, for as long as one of them helps."""
    reached = loss(members)
    while True:
        others = [model for model in models if model not in members]
        changed = [members | {model} for model in others]
        changed += [members - {old} | {new} for old in sorted(members) for new in others]
        quick = {one: loss(one) for one in changed if is_quick(one)}
        if not quick or (least := min(quick.values())) >= reached:
            return members
        members, reached = next(one for one in quick if quick[one] == least), least
