"""The weights of an ensemble: those of the least loss, for few members."""

from __future__ import annotations

import numpy as np

from windvane.engine.ensembles.losses import Loss, Places
from windvane.engine.scoring.metrics import Floats

MAX_MEMBERS = 8
LEAST_WEIGHT = 0.02
"""A member of less costs its latency and its refit, and hardly moves an answer."""

LIGHT_WEIGHT, LEAST_PART = 0.06, 0.03
"""Light members, if all of them together add less than this part of what the ensemble gains over its best member, cost
more latency, size and time than they are worth."""


def fit_weights(loss: Loss, among: Places | None = None) -> Floats:
    """Return (n_models,) the weights >= 0, sum 1, at most MAX_MEMBERS of them above 0, none of those below
    LEAST_WEIGHT, nor below LIGHT_WEIGHT but for a LEAST_PART.

    among    the models that may be members; all if None
    """
    members = np.arange(loss.n_models) if among is None else among
    found = loss.fit(members)
    while (kept := _worth_keeping(found)).size < members.size:
        members = members[kept]
        found = loss.fit(members)
    members, found = _without_light_ones(members, found, loss)
    weights = np.zeros(loss.n_models)
    weights[members] = found
    return weights


def _without_light_ones(members: Places, weights: Floats, loss: Loss) -> tuple[Places, Floats]:
    """Return the members that stay, and their weights."""
    reached = loss.of(members, weights)
    alone = min(loss.of(members[[place]], np.ones(1)) for place in range(members.size))
    enough = reached + LEAST_PART * max(0.0, alone - reached)
    while members.size > 1 and weights.min() < LIGHT_WEIGHT:
        fewer = np.delete(members, int(np.argmin(weights)))
        without = loss.fit(fewer)
        if loss.of(fewer, without) > enough:
            break
        members, weights = fewer, without
    return members, weights


def _worth_keeping(weights: Floats) -> Places:
    """Return places of the members to go on with: those above LEAST_WEIGHT, and of too many not the lightest half of
    the surplus."""
    places = np.flatnonzero(weights >= min(LEAST_WEIGHT, float(weights.max())))
    surplus = places.size - MAX_MEMBERS
    if surplus <= 0:
        return places
    lightest = np.argsort(weights[places], kind="stable")[: -(-surplus // 2)]
    return np.delete(places, lightest)
