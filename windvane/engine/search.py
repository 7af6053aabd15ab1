"""Which candidate comes next.

Proposals are a pure function of what is known, and the plan of index i depends on outcomes of indices up to
i - LOOKBACK alone: with up to LOOKBACK candidates under way at once, the same data, seed and number of
candidates give the same plans whatever the timing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import Analysis

LOOKBACK = 8


@dataclass(frozen=True)
class Tried:
    """A plan and how it went; objective is None if it failed, took_s the wall clock it used."""

    plan: Plan
    objective: float | None
    took_s: float


def recipes_for(analysis: Analysis) -> tuple[str, ...]:
    """The feature recipes that plans for this table will name, the first needed first."""
    raise NotImplementedError


def propose(analysis: Analysis, index: int, tried: Sequence[Tried]) -> Plan:
    """The plan of this index (1, 2, ...): sound defaults of every algorithm first, then variations of what
    went well. `tried` must hold every plan with an index up to index - LOOKBACK; later ones are ignored."""
    raise NotImplementedError


def predicted_s(analysis: Analysis, plan: Plan, tried: Sequence[Tried]) -> float:
    """Expected wall clock of training this plan on one thread, from the data's size and from `tried`."""
    raise NotImplementedError
