"""Numbers for readers."""

import numpy as np

from windvane.engine.explain.shown import error_text, spread_text


def test_errors_tell_exactness():
    assert error_text(0.0) == "exact"
    assert error_text(0.01234) == "± 0.012"


def test_a_spread_is_three_quantiles():
    assert spread_text(np.arange(11.0) - 5) == ["-4", "+0", "+4"]
