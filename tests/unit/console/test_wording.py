"""Numbers and times as people read them."""

import pytest

from windvane.console.wording import seconds, sentence


@pytest.mark.parametrize(
    ("value", "told"), [(0, "0 s"), (0.0, "0 s"), (0.0012, "1.2 ms"), (12.34, "12.3 s")]
)
def test_no_time_at_all_is_told_in_seconds(value, told):
    assert seconds(value) == told


@pytest.mark.parametrize("text", ["scored on 3 of 5 folds", "Scored on 3 of 5 folds."])
def test_a_note_that_stands_alone_is_a_sentence(text):
    assert sentence(text) == "Scored on 3 of 5 folds."


def test_nothing_stays_nothing():
    assert sentence("") == ""
