"""The next point of a search by a model of those tried: a tree-structured Parzen estimator.

Two densities are estimated over the space, one of the points that went well, one of the others. Of some points drawn from
the first the one at which it exceeds the second by the largest factor is proposed: there an improvement is likeliest.

Each density is a mean of kernels, one at each point and a flat one that stands for what is not known yet; a kernel is a
product over the dimensions, so what goes well together is drawn together.

source    Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization", section 4; bandwidths after
          Falkner et al. 2018, "BOHB"
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from windvane.engine.learners.space import Categorical, Dimension, Space
from windvane.engine.tuning.sampling import at_share, share_of

Point = Mapping[str, Any]

_N_DRAWN = 32
"""Points of which the most promising is taken."""

_WIDTH, _LEAST_WIDTH = 0.25, 0.03
"""Standard deviation of the kernel of a single point, as a share of a dimension's range, and of one among very many."""

_OTHER_OPTIONS = 0.3
"""What a kernel of a single point gives to options that are not its own, together."""

_GOOD_SHARE = 0.25
_FEWEST_GOOD = 2


def n_good(n_points: int) -> int:
    """Return how many of so many points, the best ones, count as those that went well."""
    return min(n_points, max(_FEWEST_GOOD, math.ceil(_GOOD_SHARE * n_points)))


def suggest(
    space: Space, good: Sequence[Point], others: Sequence[Point], random: np.random.Generator
) -> tuple[dict[str, Any], int | None]:
    """Return a point of the space, and the place in `good` of the point near which it was drawn; None if it was drawn
    at large.

    good, others    hyperparameters of what was tried; what a point lacks of the space counts as unknown
    """
    well, badly = _Density(space, good), _Density(space, others)
    drawn = [well.draw(random) for _ in range(_N_DRAWN)]
    gains = [well.log_density(place) - badly.log_density(place) for place, _ in drawn]
    place, origin = drawn[int(np.argmax(gains))]
    values = {
        name: at_share(dimension, share)
        for (name, dimension), share in zip(space.items(), place, strict=True)
    }
    return values, origin


class _Density:
    """Over places: a share of each dimension's range, in the order of the space; of options the middle of their part."""

    def __init__(self, space: Space, points: Sequence[Point]) -> None:
        self._dimensions = tuple(space.values())
        self._centres = [
            [
                share_of(dimension, point[name]) if name in point else math.nan
                for name, dimension in space.items()
            ]
            for point in points
        ]
        shrinking = math.pow(max(len(points), 1), -1 / (len(space) + 4))
        self._width = max(_WIDTH * shrinking, _LEAST_WIDTH)
        self._others = _OTHER_OPTIONS * shrinking

    def draw(self, random: np.random.Generator) -> tuple[list[float], int | None]:
        """Return a place, and the point whose kernel it is from; None for the flat one."""
        at = int(random.integers(len(self._centres) + 1))
        anywhere = [float(share) for share in random.random(len(self._dimensions))]
        if at == len(self._centres):
            return anywhere, None
        drawn = [
            share if math.isnan(centre) else self._near(dimension, centre, share, random)
            for dimension, centre, share in zip(
                self._dimensions, self._centres[at], anywhere, strict=True
            )
        ]
        return drawn, at

    def log_density(self, place: Sequence[float]) -> float:
        """Return the log density of the mean of all kernels."""
        logs = [0.0]
        for centres in self._centres:
            parts = zip(self._dimensions, centres, place, strict=True)
            logs.append(
                sum(
                    0.0 if math.isnan(centre) else self._log_kernel(dimension, centre, share)
                    for dimension, centre, share in parts
                )
            )
        return float(np.logaddexp.reduce(logs) - math.log(len(logs)))

    def _near(
        self, dimension: Dimension, centre: float, anywhere: float, random: np.random.Generator
    ) -> float:
        if isinstance(dimension, Categorical):
            return anywhere if random.random() < self._others else centre
        moved = centre + self._width * float(random.normal())
        # What would leave the range comes back as far as it went beyond.
        moved = abs(moved) % 2
        return 2 - moved if moved > 1 else moved

    def _log_kernel(self, dimension: Dimension, centre: float, share: float) -> float:
        if isinstance(dimension, Categorical):
            n_options = len(dimension.options)
            is_same = int(centre * n_options) == min(int(share * n_options), n_options - 1)
            elsewhere = self._others / n_options
            return math.log(n_options * (elsewhere + (1 - self._others if is_same else 0.0)))
        away = (share - centre) / self._width
        return -0.5 * away * away - math.log(self._width * math.sqrt(2 * math.pi))
