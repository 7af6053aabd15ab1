"""When it is known on how many folds candidates are compared."""

from dataclasses import replace

import pytest

from windvane.automl.local.fold_count import FoldCount
from windvane.engine.data.dataset import read_analysis


@pytest.fixture
def said(tmp_path):
    return tmp_path / "said"


@pytest.fixture
def medium(two_classes):
    return replace(read_analysis(two_classes.dataset), n_rows=9_000, n_folds=5)


def test_the_first_candidate_says_it_in_its_own_process(medium, said):
    count = FoldCount(medium, said)
    count.first_begins(further_s=60.0)
    assert not count.has_become_known()
    assert FoldCount(medium, said).agree(4) == 4
    assert count.has_become_known()
    assert not count.has_become_known()
    assert count.known == 4


def test_a_large_table_needs_no_showing(medium, said):
    large = replace(medium, n_rows=60_000, n_folds=1, n_repeats=1)
    assert FoldCount(large, said).known == 1


def test_it_is_one_where_the_first_candidate_takes_long(medium, said):
    count = FoldCount(medium, said)
    count.first_begins(further_s=0.0)
    assert count.has_become_known()
    assert count.known == 1
    assert count.agree(3) == 1  # the first candidate goes no further


def test_what_was_said_before_holds(medium, said):
    count = FoldCount(medium, said)
    count.first_begins(further_s=0.0)
    assert FoldCount(medium, said).agree(3) == 3
    assert count.known == 3


def test_where_more_folds_than_one_must_be_the_first_candidate_is_waited_for(medium, said):
    count = FoldCount(replace(medium, n_rows=300), said)
    count.first_begins(further_s=0.0)
    assert count.known is None


def test_one_that_fails_is_waited_for_no_longer(medium, said):
    count = FoldCount(medium, said)
    count.first_begins(further_s=60.0)
    count.first_ended()
    assert count.known == 1


def test_nothing_is_left_behind(medium, said):
    count = FoldCount(medium, said)
    count.end()
    count.agree(2)
    count.end()
    assert list(said.parent.iterdir()) == []
