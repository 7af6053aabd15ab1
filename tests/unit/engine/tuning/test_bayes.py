"""A model of the points tried finds better ones."""

import numpy as np
import pytest

from windvane.engine.learners.space import Categorical, Integer, Real
from windvane.engine.tuning.bayes import n_good, suggest
from windvane.engine.tuning.sampling import draw

SPACE = {
    "rate": Real(1e-4, 1.0, log=True),
    "depth": Integer(1, 20),
    "share": Real(0.0, 1.0),
    "kind": Categorical(("a", "b", "c")),
}


def _loss(point):
    """Least, 0, at a rate of 0.01, a depth of 7, a share of 0.3 and the kind b."""
    return (
        (np.log10(point["rate"]) + 2) ** 2 / 4
        + ((point["depth"] - 7) / 10) ** 2
        + (point["share"] - 0.3) ** 2
        + (0.0 if point["kind"] == "b" else 0.5)
    )


def _search(seed, n_points, *, is_modelled):
    """The loss of the best of so many points."""
    tried = []
    for index in range(n_points):
        random = np.random.default_rng([seed, index])
        if index < 8 or not is_modelled:
            point = draw(SPACE, random)
        else:
            ranked = sorted(tried, key=_loss)
            n = n_good(len(ranked))
            point, _ = suggest(SPACE, ranked[:n], ranked[n:], random)
        tried.append(point)
    return min(map(_loss, tried))


@pytest.mark.slow
def test_it_finds_better_points_than_drawing_at_large():
    found = [
        (_search(seed, 40, is_modelled=True), _search(seed, 40, is_modelled=False))
        for seed in range(12)
    ]
    modelled, drawn = np.array(found).T
    assert np.median(modelled) < np.median(drawn) / 2
    assert np.mean(modelled < drawn) >= 0.75


def test_what_is_suggested_is_in_the_space():
    points = [draw(SPACE, np.random.default_rng(seed)) for seed in range(9)]
    for seed in range(50):
        point, near = suggest(SPACE, points[:3], points[3:], np.random.default_rng(seed))
        assert set(point) == set(SPACE)
        assert 1e-4 <= point["rate"] <= 1.0
        assert 1 <= point["depth"] <= 20
        assert isinstance(point["depth"], int)
        assert 0.0 <= point["share"] <= 1.0
        assert point["kind"] in ("a", "b", "c")
        assert near in (None, 0, 1, 2)


def test_the_same_points_and_generator_suggest_the_same():
    points = [draw(SPACE, np.random.default_rng(seed)) for seed in range(9)]
    first, second = (
        suggest(SPACE, points[:3], points[3:], np.random.default_rng(1)) for _ in range(2)
    )
    assert first == second


def test_points_may_lack_what_the_space_names_and_lie_outside_of_it():
    good = [{"rate": 0.0, "depth": 99, "kind": "z"}, {"share": 0.5}]
    point, _ = suggest(SPACE, good, [], np.random.default_rng(0))
    assert set(point) == set(SPACE)


@pytest.mark.parametrize(("n_points", "good"), [(0, 0), (1, 1), (4, 2), (8, 2), (9, 3), (40, 10)])
def test_a_quarter_of_the_points_went_well(n_points, good):
    assert n_good(n_points) == good
