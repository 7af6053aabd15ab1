"""Application Auto Scaling put together: targets, policies and activities over one store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from windvane.control.scaling.activities import ScalingActivities
from windvane.control.scaling.policies import ScalingPolicies
from windvane.control.scaling.targets import ScalableTargets
from windvane.names import PageTokens
from windvane.store.base import Store


@dataclass(frozen=True)
class Scaling:
    """The parts that operations of Application Auto Scaling call."""

    targets: ScalableTargets
    policies: ScalingPolicies
    activities: ScalingActivities


def new_scaling(store: Store, tokens: PageTokens, clock: Callable[[], datetime]) -> Scaling:
    return Scaling(
        ScalableTargets(store, tokens, clock),
        ScalingPolicies(store, tokens, clock),
        ScalingActivities(store, tokens, clock),
    )
