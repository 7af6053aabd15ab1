import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from windvane.engine.quality.curves import ranking
from windvane.engine.quality.thresholds import RATIOS, Costs, cheapest, choice, choices

rows_of_both = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.51, 1.0]), st.integers(0, 1)),
    min_size=2,
    max_size=30,
).filter(lambda rows: len({y for _, y in rows}) == 2)


@pytest.mark.slow
@given(rows=rows_of_both, threshold=st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.505, 1.0, 2.0]))
@settings(max_examples=80, deadline=None)
def test_what_a_threshold_does_agrees_with_scikit_learn(judge_two, rows, threshold):
    positive, y = np.array(rows, float).T
    found = choice(ranking(judge_two(positive, y)), threshold)
    said = positive >= threshold
    (_, alarms), (misses, hits) = oracle.confusion_matrix(y, said, labels=[0, 1])
    assert (found.hits, found.alarms) == (hits, alarms)
    assert found.recall == pytest.approx(oracle.recall_score(y, said))
    assert found.f1 == pytest.approx(oracle.f1_score(y, said))
    assert found.share_positive == pytest.approx(said.mean())
    assert found.cost(Costs(3, 1)) == pytest.approx(100 * (3 * alarms + misses) / y.size)
    if said.any():
        assert found.precision == pytest.approx(oracle.precision_score(y, said))
    else:
        assert found.precision is None


@given(rows=rows_of_both, costs=st.sampled_from(RATIOS))
@settings(max_examples=80, deadline=None)
def test_no_threshold_is_cheaper_than_the_cheapest(judge_two, rows, costs):
    positive, y = np.array(rows, float).T
    ranked = ranking(judge_two(positive, y))
    others = [choice(ranked, threshold).cost(costs) for threshold in (*np.unique(positive), 2.0)]
    assert cheapest(ranked, costs).cost(costs) == pytest.approx(min(others))


def test_never_positive_is_cheapest_where_alarms_cost_most(judge_two):
    ranked = ranking(judge_two(np.full(10, 0.3), np.arange(10) < 3))
    assert cheapest(ranked, Costs(10, 1)).threshold == np.inf
    assert cheapest(ranked, Costs(1, 10)).threshold == 0.3


def test_about_twenty_thresholds_differ_and_the_own_one_is_among_them(random_two):
    ranked = ranking(random_two(n_rows=5_000, digits=6))
    found = choices(ranked, 0.437)
    assert 18 <= len(found) <= 22
    assert 0.437 in [one.threshold for one in found]
    assert len({(one.hits, one.alarms) for one in found}) == len(found)
    assert (np.diff([one.threshold for one in found]) > 0).all()


def test_thresholds_reach_down_to_where_a_rare_class_lies(judge_two):
    random = np.random.default_rng(0)
    positive = random.beta(1, 500, 10_000)
    found = choices(ranking(judge_two(positive, random.random(10_000) < positive)), 0.5)
    assert sum(0.005 < one.share_positive < 0.95 for one in found) >= 10


def test_the_threshold_of_exact_probabilities_is_about_the_cheapest(judge_two):
    random = np.random.default_rng(1)
    positive = random.random(200_000)
    ranked = ranking(judge_two(positive, random.random(200_000) < positive))
    for costs in RATIOS:
        assert cheapest(ranked, costs).threshold == pytest.approx(costs.threshold, abs=0.05)
