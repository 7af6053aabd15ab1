"""Prediction intervals of a regression, as the report on the candidate has them: what predictions of this size were off by."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from windvane.console.candidate.files import folder_of
from windvane.console.candidate.reading import read_json
from windvane.console.endpoint.origin import origin_of
from windvane.console.request_context import RequestContext
from windvane.errors import CallerFault

_WANTED = 0.8
_MOST_BINS = 100


@dataclass(frozen=True)
class Intervals:
    """Residuals (actual minus predicted) by the size of the prediction.

    level      share of new rows that intervals hold
    edges      (n_bins - 1,) predictions at which the next bin begins
    low, high  (n_bins,) ends, to be added to the prediction
    """

    level: float
    edges: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]

    def around(self, prediction: float) -> tuple[float, float]:
        place = bisect_right(self.edges, prediction)
        return prediction + self.low[place], prediction + self.high[place]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def read_intervals(text: str) -> Intervals | None:
    """Read what `Intervals.to_json` made; None for anything else: it comes from a browser."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    return _checked(told.get("level"), told.get("edges"), told.get("low"), told.get("high"))


def _checked(level: Any, edges: Any, low: Any, high: Any) -> Intervals | None:
    lists = edges, low, high
    if not _is_number(level) or not all(isinstance(one, list) for one in lists):
        return None
    if not all(_is_number(value) for one in lists for value in one):
        return None
    n_bins = len(low)
    if not 1 <= n_bins <= _MOST_BINS or len(high) != n_bins or len(edges) != n_bins - 1:
        return None
    return Intervals(level, edges, low, high)


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # a whole number beyond those of floats
        return False


def intervals_of(figures: Mapping[str, Any] | None) -> Intervals | None:
    """Return the intervals of the level nearest to 80 %.

    figures    figures.json of a model insights report; those of earlier versions have no edges
    """
    made = (figures or {}).get("intervals")
    if not isinstance(made, dict) or "edges" not in made:
        return None
    try:
        levels = made["levels"]
        place = min(range(len(levels)), key=lambda i: abs(levels[i] - _WANTED))
        low, high = ([ends[place] for ends in made[name]] for name in ("low", "high"))
        return _checked(levels[place], made["edges"], low, high)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return None


async def find_intervals(context: RequestContext, endpoint: str, variant: str) -> Intervals | None:
    """Return the intervals of the candidate that a variant runs.

    returns    None if it is not known which that is, it has no report, or whoever is signed in may not read it
    """
    try:
        described = await context.ask("sagemaker", "DescribeEndpoint", {"EndpointName": endpoint})
        origin = await origin_of(context, described["EndpointConfigName"])
        model = next((one for one in origin.models if one.variant == variant), None)
        if model is None or not model.candidate:
            return None
        named = {"AutoMLJobName": model.job, "CandidateName": model.candidate}
        candidate = await context.ask("windvane", "DescribeCandidate", named)
        if not (folder := folder_of(candidate, "quality")):
            return None
        async with context.objects.large():
            return intervals_of(await read_json(context.objects, f"{folder}/figures.json"))
    except CallerFault:
        return None
