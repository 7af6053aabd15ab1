import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.wording import UNKNOWN, count, number, share, signed, with_error


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0, "0"),
        (0.83333, "0.8333"),
        (0.99999, "1.000"),
        (0.5, "0.5"),
        (999.96, "1,000"),
        (-12.3456, "-12.35"),
        (12_345.6, "12,346"),
        (123_456, "123,456"),
        (0.00012345, "0.0001234"),
        (0.00001, "1e-05"),
        (2.5e9, "2,500,000,000"),
        (None, UNKNOWN),
        (math.nan, UNKNOWN),
        (-math.inf, UNKNOWN),
    ],
)
def test_numbers_have_four_digits_that_count(value, told):
    assert number(value) == told


@given(st.floats(-1e300, 1e300))
def test_a_number_as_told_is_near_the_number(value):
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=1e-3, abs=1e-300)


@given(st.floats(-1e300, 1e300))
def test_a_difference_is_told_with_its_sign(value):
    told = signed(value)
    assert told[0] in "+-"
    assert float(told.replace(",", "")) == pytest.approx(value, rel=1e-3, abs=1e-300)


@given(st.floats(0, 1))
def test_no_share_that_is_neither_nothing_nor_all_is_told_as_such(value):
    assert (share(value) in ("0 %", "0.0 %")) == (value == 0)
    assert (share(value) in ("100 %", "100.0 %")) == (value == 1)


def test_shares_are_percent_and_counts_have_commas():
    assert share(0.1234) == "12.3 %"
    assert share(None) == UNKNOWN
    assert count(1_234_567) == "1,234,567"


@pytest.mark.parametrize(
    ("value", "error", "told"),
    [
        (0.5, 0.01, "0.500 ± 0.010"),
        (12_345.6, 99.6, "12,350 ± 100"),
        (0.5, 0.0, "0.5 ± 0"),
        (0.5, 1e-6, "0.5 ± 1e-06"),
        (0.5, None, "0.5"),
    ],
)
def test_a_value_has_as_many_decimals_as_its_error_is_worth(value, error, told):
    assert with_error(value, error) == told
