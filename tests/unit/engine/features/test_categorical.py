import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.features.categorical import (
    Frequency,
    OneHot,
    OrderedCodes,
    OrdinalCodes,
    ScaledTargetMeans,
    TargetMeans,
)
from windvane.errors import RejectColumn

cells = st.lists(st.one_of(st.none(), st.sampled_from("abcdefgh"), st.text(max_size=3)), min_size=1)


def _array(*values):
    return np.array(values, object)


def test_codes_go_from_the_most_frequent_category_on_and_rare_ones_count_as_unseen():
    codes = OrdinalCodes("x")
    codes.fit(_array("b", "a", "a", "c", "b", "a", None), None)
    made = codes.transform(_array("a", "b", "c", None, "new"))[:, 0]
    np.testing.assert_array_equal(made, np.array([0, 1, np.nan, np.nan, np.nan], np.float32))
    assert codes.features()[0].cardinality == 2


def test_each_frequent_category_gets_a_feature_and_the_others_share_one():
    hot = OneHot("x", min_share=0.2)
    hot.fit(_array(*"aaaabbbbcd", None), None)
    assert [feature.name for feature in hot.features()] == [
        "x = a",
        "x = b",
        "x = (other)",
        "x = (missing)",
    ]
    made = hot.transform(_array("a", "b", "c", "new", None))
    assert made.argmax(axis=1).tolist() == [0, 1, 2, 2, 3]
    assert made.sum() == 5


@given(values=cells, width=st.integers(1, 8))
def test_one_hot_never_makes_more_features_than_allowed(values, width):
    hot = OneHot("x", width=width, min_share=0.0)
    try:
        hot.fit(_array(*values), None)
    except RejectColumn:
        return
    assert 1 <= len(hot.features()) <= width
    assert (hot.transform(_array(*values)).sum(axis=1) <= 1).all()


def test_target_means_are_drawn_towards_the_overall_mean():
    means = TargetMeans("x")
    y = np.array([10.0] * 10 + [0.0] * 10)
    means.fit(_array(*"a" * 10, *"b" * 10), y)
    assert means.transform(_array("a", "b", "new"))[:, 0].tolist() == [7.5, 2.5, 5.0]


def test_two_classes_give_one_rate_and_more_give_one_each():
    y = np.array([0, 1, 2] * 10, float)
    three = TargetMeans("x", n_classes=3)
    three.fit(_array(*"aab" * 10), y)
    assert three.transform(_array("a")).shape == (1, 3)
    two = TargetMeans("x", n_classes=2)
    two.fit(_array(*"aab" * 10), np.minimum(y, 1))
    assert two.transform(_array("a")).shape == (1, 1)


def test_a_training_row_is_not_encoded_with_its_own_target():
    generator = np.random.default_rng(0)
    values = _array(*(f"c{i}" for i in generator.integers(0, 300, 600)))
    y = generator.normal(size=600)
    made = TargetMeans("x").fit_transform(values, y, np.arange(600) % 5)[:, 0]
    seen = TargetMeans("x")
    seen.fit(values, y)
    assert np.corrcoef(seen.transform(values)[:, 0], y)[0, 1] > 0.4
    assert abs(np.corrcoef(made, y)[0, 1]) < 0.15


def test_frequency_is_for_columns_of_many_categories():
    with pytest.raises(RejectColumn, match="fewer than 30"):
        Frequency("x").fit(_array(*"abc"), None)
    frequency = Frequency("x", min_categories=2)
    frequency.fit(_array("a", "a", "b", None), None)
    assert frequency.transform(_array("a", "b", None, "new"))[:, 0].tolist() == [0.5, 0.25, 0.25, 0]


@pytest.mark.parametrize("kind", [OrdinalCodes, OrderedCodes, OneHot, TargetMeans, Frequency])
def test_a_column_of_nothing_is_rejected(kind):
    with pytest.raises(RejectColumn, match="every value is missing"):
        kind("x").fit(_array(None, None), np.zeros(2))


def test_places_follow_the_mean_target():
    values, y = _array("b", "a", "c", "b", None), np.array([5.0, 9.0, 1.0, 7.0, 100.0])
    codes = OrderedCodes("x")
    codes.fit(values, y)
    assert codes.transform(_array("c", "b", "a", None, "new"))[:, 0].tolist() == [0, 1, 2, -1, 1]
    assert [feature.cardinality for feature in codes.features()] == [0]


def test_places_of_more_than_two_classes_follow_how_frequent_a_category_is():
    codes = OrderedCodes("x", n_classes=3)
    codes.fit(_array("b", "a", "b"), np.array([2.0, 0.0, 1.0]))
    assert codes.transform(_array("b", "a"))[:, 0].tolist() == [0, 1]


def test_places_are_for_few_categories():
    with pytest.raises(RejectColumn, match="more than 2 categories"):
        OrderedCodes("x", most=2).fit(_array(*"abc"), np.zeros(3))


def test_scaled_target_means_do_not_depend_on_the_units_of_the_target():
    generator = np.random.default_rng(0)
    values = generator.choice(np.array(["a", "b", "c"], object), 200)
    y = generator.normal(size=200) + (values == "a")
    made = []
    for target in (y, 1e9 * y + 5e12):
        means = ScaledTargetMeans("x")
        made.append(
            (means.fit_transform(values, target, np.arange(200) % 5), means.transform(values))
        )
        assert means.transform(np.array(["never met"], object)).item() == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(made[0][0], made[1][0], rtol=0, atol=1e-3)
    np.testing.assert_allclose(made[0][1], made[1][1], rtol=0, atol=1e-3)
