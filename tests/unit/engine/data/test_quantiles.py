import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.data.quantiles import quantiles_of_sorted

NUMBERS = st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=60).map(sorted).map(np.array)
SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@given(NUMBERS, SHARES)
def test_they_are_numpys(values, shares):
    np.testing.assert_array_equal(quantiles_of_sorted(values, shares), np.quantile(values, shares))


def test_the_ends_and_the_middle():
    found = quantiles_of_sorted(np.array([1.0, 2.0, 4.0]), [0, 0.25, 0.5, 0.75, 1])
    assert found.tolist() == [1.0, 1.5, 2.0, 3.0, 4.0]
