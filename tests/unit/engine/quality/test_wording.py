import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.quality.measured import Measured
from windvane.engine.quality.wording import count, number, share, with_deviation


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0, "0"),
        (0.83333, "0.8333"),
        (0.99999, "1.000"),
        (-12.3456, "-12.35"),
        (12_345.6, "12,346"),
        (0.00012345, "0.0001234"),
        (123_456.0, "1.235e+05"),
        (0.00001, "1e-05"),
        (None, "–"),
    ],
)
def test_numbers_have_four_digits_that_count(value, told):
    assert number(value) == told


@given(st.floats(-1e300, 1e300))
def test_a_number_as_told_is_near_the_number(value):
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=1e-3, abs=1e-300)


def test_shares_are_percent_and_counts_have_commas():
    assert share(0.1234) == "12.3 %"
    assert count(1_234_567) == "1,234,567"


def test_a_deviation_is_told_if_there_is_one():
    assert with_deviation(Measured(0.5, 0.01)) == "0.5000 ± 0.01000"
    assert with_deviation(Measured(0.5, None)) == "0.5000"
