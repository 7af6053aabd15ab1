import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.features.numeric import (
    FilledNumber,
    Number,
    NumberRank,
    RobustNumber,
    ScaledNumber,
)
from windvane.errors import RejectColumn

numbers = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize("kind", [Number, FilledNumber, ScaledNumber, RobustNumber, NumberRank])
@given(training=st.lists(numbers, min_size=2, max_size=25), cells=st.lists(numbers, max_size=9))
def test_a_cell_gives_the_same_number_alone_and_among_others(kind, training, cells):
    transformer = kind("x")
    try:
        transformer.fit(np.array(training), None)
    except RejectColumn:
        return
    whole = transformer.transform(np.array(cells, np.float64))
    alone = [transformer.transform_one(cell) for cell in cells]
    np.testing.assert_array_equal(np.array(alone, np.float32).reshape(whole.shape), whole)
    assert not np.isinf(whole).any()


def test_large_numbers_that_differ_by_little_stay_apart():
    times = 1.7e9 + np.arange(5)
    number = Number("x")
    number.fit(times, None)
    assert number.transform(times)[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_numbers_that_float32_holds_stay_as_they_are():
    number = Number("x")
    number.fit(np.array([1.5, -7.0, np.nan]), None)
    np.testing.assert_array_equal(
        number.transform(np.array([3.25, np.nan]))[:, 0], np.array([3.25, np.nan], np.float32)
    )


def test_missing_becomes_the_median_and_a_flag():
    filled = FilledNumber("x")
    filled.fit(np.array([1.0, 2.0, 9.0, np.nan]), None)
    assert filled.transform(np.array([np.nan, 5.0])).tolist() == [[2.0, 1.0], [5.0, 0.0]]
    assert [feature.name for feature in filled.features()] == ["x", "x is missing"]


def test_without_room_for_a_second_feature_there_is_no_flag():
    filled = FilledNumber("x", width=1)
    filled.fit(np.array([1.0, 2.0, np.nan]), None)
    assert len(filled.features()) == 1


def test_one_extreme_value_does_not_set_the_scale():
    values = np.append(np.random.default_rng(0).normal(size=5_000), 1e12)
    scaled = ScaledNumber("x")
    scaled.fit(values, None)
    made = scaled.transform(values)[:, 0]
    assert made[:-1].std() == pytest.approx(1, abs=0.05)
    assert made[-1] < 10


@pytest.mark.parametrize("kind", [Number, FilledNumber, ScaledNumber, RobustNumber, NumberRank])
@pytest.mark.parametrize("values", [[np.nan] * 3, [4.0] * 3])
def test_columns_without_information_are_rejected_with_the_reason(kind, values):
    with pytest.raises(RejectColumn, match=r"missing|value is 4|ranks"):
        kind("x").fit(np.array(values), None)


def test_extreme_numbers_are_bent_and_the_quartiles_are_one_apart():
    values = np.append(np.arange(101.0), 1e12)
    robust = RobustNumber("x")
    robust.fit(values, None)
    made = robust.transform(np.array([25.0, 50.0, 76.0, 1e12, -1e12]))[:, 0]
    assert made[2] - made[0] == pytest.approx(1, abs=0.05)
    assert abs(made[1]) < 0.02
    assert made[3] == pytest.approx(3, abs=1e-3)
    assert made[4] == robust.transform(np.array([0.0]))[0, 0]


def test_a_number_that_is_mostly_zero_is_scaled_by_its_other_values():
    values = np.append(np.zeros(90), np.full(10, 500.0))
    robust = RobustNumber("x")
    robust.fit(values, None)
    assert robust.transform(np.array([0.0]))[0, 0] == 0
    assert robust.transform(np.array([500.0]))[0, 0] == pytest.approx(1, abs=0.06)


def test_ranks_are_even_whatever_the_shape_of_the_numbers():
    values = np.random.default_rng(0).lognormal(0, 3, 5_000)
    rank = NumberRank("x")
    rank.fit(values, None)
    made = rank.transform(np.sort(values))[:, 0]
    assert made.std() == pytest.approx(1, abs=0.02)
    np.testing.assert_allclose(made, np.linspace(-(3**0.5), 3**0.5, 5_000), atol=0.02)
    assert rank.transform(np.array([np.nan])).item() == 0
