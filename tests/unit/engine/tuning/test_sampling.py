import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.engine.learners.space import Categorical, Integer, Real
from windvane.engine.tuning.sampling import draw, draw_near

SPACE = {
    "rate": Real(1e-3, 0.3, log=True),
    "share": Real(0.5, 1.0),
    "leaves": Integer(4, 256, log=True),
    "depth": Integer(1, 1),
    "kind": Categorical(("gini", "entropy", True)),
}


def _is_inside(point):
    return (
        1e-3 <= point["rate"] <= 0.3
        and 0.5 <= point["share"] <= 1.0
        and 4 <= point["leaves"] <= 256
        and isinstance(point["leaves"], int)
        and point["depth"] == 1
        and point["kind"] in SPACE["kind"].options
    )


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_points_lie_in_the_space_however_they_are_drawn(seed):
    random = np.random.default_rng(seed)
    point = draw(SPACE, random)
    assert _is_inside(point)
    for _ in range(5):
        point = draw_near(SPACE, point, random)
        assert _is_inside(point)


def test_logarithmic_dimensions_are_drawn_on_their_scale():
    random = np.random.default_rng(0)
    rates = [draw(SPACE, random)["rate"] for _ in range(400)]
    assert 0.01 < np.median(rates) < 0.03


def test_neighbours_are_near_and_keep_what_is_not_searched():
    random = np.random.default_rng(0)
    point = {"rate": 0.02, "share": 0.8, "leaves": 31, "depth": 1, "kind": "gini", "rounds": 500}
    neighbours = [draw_near(SPACE, point, random) for _ in range(200)]
    assert all(one["rounds"] == 500 for one in neighbours)
    assert np.mean([one["rate"] == 0.02 for one in neighbours]) > 0.3
    assert 0.01 < np.median([one["rate"] for one in neighbours]) < 0.04


def test_a_value_outside_the_space_is_brought_back():
    random = np.random.default_rng(0)
    point = {"rate": 0.0 + 1e-9, "share": 3.0, "leaves": 1, "depth": 7, "kind": "gini"}
    for _ in range(50):
        moved = draw_near(SPACE, point, random)
        assert moved["leaves"] == 1 or 4 <= moved["leaves"] <= 256


def test_the_same_generator_draws_the_same_points():
    assert draw(SPACE, np.random.default_rng(3)) == draw(SPACE, np.random.default_rng(3))


def test_what_a_point_lacks_may_be_added():
    random = np.random.default_rng(0)
    seen = [draw_near(SPACE, {"rate": 0.1}, random) for _ in range(20)]
    assert any("kind" in point for point in seen)
