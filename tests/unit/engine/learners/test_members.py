"""Which rows each of several members learns from."""

import numpy as np
import pytest
from unit.engine.learners.in_threads import ThreadMember, ThreadNetwork, of_all

from windvane.engine.learners.members import is_over_for_all, share


@pytest.mark.parametrize("n_rows", [0, 1, 1_000, 10_007])
def test_each_row_is_learnt_from_by_one_member(n_rows):
    network = ThreadNetwork(3)
    shares = [share(ThreadMember(network, rank), n_rows) for rank in range(3)]
    assert np.array_equal(np.sort(np.concatenate(shares)), np.arange(n_rows))


def test_shares_of_a_sorted_table_are_alike():
    network, y = ThreadNetwork(2), np.arange(100_000)
    means = [y[share(ThreadMember(network, rank), y.size)].mean() for rank in range(2)]
    assert abs(means[0] - means[1]) < 0.01 * y.size


@pytest.mark.parametrize("is_over", [False, True])
def test_what_the_first_member_says_holds_for_all(is_over):
    found = of_all(
        ThreadNetwork(3),
        lambda one: is_over_for_all(one, is_over if one.rank == 0 else not is_over),
    )
    assert found == [is_over] * 3
