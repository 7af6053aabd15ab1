"""What the record of an ensemble says of a second layer."""

import pytest
from unit.engine.evaluation.made_up import blended, member, numbers

from windvane.engine.ensembles.stacking import Stacking
from windvane.engine.evaluation.stacking_gain import Layered
from windvane.notes.note import said


class Layer:
    size_bytes = 900


BLEND = blended({1: 0.5, 2: 0.5}, numbers())
RECORD = member(3, notes=(said("a"),))


def test_an_ensemble_that_has_one_says_how_it_was_fitted():
    stacking = Stacking(rounds=7)
    outcome = Layered(BLEND, Layer(), stacking, said("b")).added_to(RECORD).outcome
    assert outcome.second_layer == stacking.to_json()
    assert outcome.size_bytes == RECORD.outcome.size_bytes + 900
    assert outcome.notes == (said("a"), said("b"))


@pytest.mark.parametrize(("note", "told"), [(None, ()), (said("c"), (said("c"),))])
def test_one_that_has_none_says_why_if_that_is_known(note, told):
    outcome = Layered(BLEND, note=note).added_to(RECORD).outcome
    assert (outcome.second_layer, outcome.size_bytes) == ({}, RECORD.outcome.size_bytes)
    assert outcome.notes == (said("a"), *told)
