"""Names and numbers for readers."""

import numpy as np
import pytest

from windvane.engine.explain.shown import error_text, label_text, spread_text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain", "plain"),
        ("cost $ and $", r"cost \$ and \$"),
        ("two\nlines\tand \x00", "two lines and ?"),
        ("half \ud83d", "half ?"),
        ("", "(no name)"),
        ("x" * 40, "x" * 27 + "…"),
    ],
)
def test_names_are_made_harmless(name, text):
    assert label_text(name) == text


def test_errors_tell_exactness():
    assert error_text(0.0) == "exact"
    assert error_text(0.01234) == "± 0.012"


def test_a_spread_is_three_quantiles():
    assert spread_text(np.arange(11.0) - 5) == ["-4", "+0", "+4"]
