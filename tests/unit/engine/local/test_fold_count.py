"""When it is known on how many folds candidates are compared."""

import math
import time
from dataclasses import replace

import pytest

from windvane.engine.data.dataset import read_analysis
from windvane.engine.local.fold_count import FoldCount, claimed


@pytest.fixture
def claim(tmp_path):
    return tmp_path / "claim"


@pytest.fixture
def medium(two_classes):
    return replace(read_analysis(two_classes.dataset), n_rows=9_000, n_folds=5)


def test_the_first_candidate_shows_it(medium, claim):
    count = FoldCount(medium, claim)
    count.first_begins(further_s=60.0)
    assert count.known is None
    count.first_ended(4)
    assert count.known == 4
    assert count.changes_at == math.inf


def test_a_large_table_needs_no_showing(medium, claim):
    assert FoldCount(replace(medium, n_rows=60_000, n_folds=1), claim).known == 1


def test_it_is_one_where_the_first_candidate_takes_long(medium, claim):
    count = FoldCount(medium, claim)
    count.first_begins(further_s=0.0)
    assert count.changes_at <= time.time()
    assert count.known == 1
    assert not claimed(claim)  # the first candidate goes no further


def test_the_first_candidate_that_has_gone_on_is_waited_for(medium, claim):
    count = FoldCount(medium, claim)
    count.first_begins(further_s=0.0)
    assert claimed(claim)
    assert count.known is None
    assert count.changes_at == math.inf
    count.first_ended(3)
    assert count.known == 3


def test_one_that_fails_is_waited_for_no_longer(medium, claim):
    count = FoldCount(medium, claim)
    count.first_begins(further_s=60.0)
    count.first_ended(None)
    assert count.known == 1
