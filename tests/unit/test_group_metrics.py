"""Rates of groups of rows, and their differences."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from windvane.errors import InvalidRequest
from windvane.group_metrics import (
    Group,
    Mean,
    NumericGroup,
    Rate,
    compare,
    default_reference,
    difference,
    mean_difference,
    mean_rate,
    ratio,
    spread,
    wilson,
)

PAGE = Path(__file__).parents[2] / "docs" / "reports.md"
A = Group("a", rows=200, positive=100, predicted=90, hits=80)
D = Group("d", rows=100, positive=40, predicted=30, hits=20)
FEW = Group("few", rows=5, positive=5, predicted=0, hits=0)


def test_rates_are_those_of_the_confusion_matrix():
    assert D.base.value == 0.4
    assert D.selection.value == 0.3
    assert D.true_positive.value == 0.5
    assert D.false_positive.value == pytest.approx(10 / 60)
    assert D.precision.value == pytest.approx(20 / 30)
    assert D.accuracy.value == 0.7
    assert FEW.precision.value is FEW.precision.interval is None


def test_a_group_is_compared_with_the_reference_as_clarify_does():
    found = compare(D, A)
    assert found.dppl.value == pytest.approx(0.45 - 0.3)
    assert found.di.value == pytest.approx(0.3 / 0.45)
    assert found.rd.value == pytest.approx(0.8 - 0.5)
    assert found.sd.value == pytest.approx((1 - 10 / 60) - (1 - 10 / 100))
    assert found.dar.value == pytest.approx(80 / 90 - 20 / 30)
    assert found.ad.value == pytest.approx(0.85 - 0.7)
    assert found.dppl.low < found.dppl.value < found.dppl.high
    assert compare(A, A).dppl.value == 0
    assert compare(A, A).di.value == 1


def test_signs_are_those_of_the_worked_example_of_the_developer_guide():
    """Page clarify-post-training-bias-metric-sd, each count twice so that there are enough negative rows."""
    a = Group("a", rows=200, positive=140, predicted=150, hits=130)
    d = Group("d", rows=100, positive=54, predicted=50, hits=40)
    found = compare(d, a)
    assert found.sd.value == pytest.approx(0.1159, abs=1e-4)
    assert found.sd.low < found.sd.value < found.sd.high
    assert found.dppl.value == pytest.approx(0.75 - 0.5)
    assert found.di.value == pytest.approx(0.5 / 0.75)
    assert found.rd.value == pytest.approx(65 / 70 - 20 / 27)
    assert found.dar.value == pytest.approx(65 / 75 - 20 / 25)
    assert found.ad.value == pytest.approx(85 / 100 - 38 / 50)


def test_groups_of_few_rows_are_compared_with_none_and_do_not_widen_the_spread():
    found = compare(FEW, A)
    assert found.dppl is found.di is found.rd is found.ad is None
    told = spread([A, D, FEW])
    assert told == spread([A, D])
    assert told.demographic_parity_difference == pytest.approx(0.15)
    assert told.disparate_impact_ratio == pytest.approx(0.3 / 0.45)
    assert told.equal_opportunity_difference == pytest.approx(0.3)
    assert told.equalized_odds_difference == pytest.approx(0.3)
    assert spread([A, FEW]).demographic_parity_difference is None
    assert default_reference([FEW, A, D]) is A


def test_intervals_are_those_of_the_literature():
    assert wilson(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    newcombe = difference(Rate(56, 70), Rate(48, 80))
    assert (newcombe.low, newcombe.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_the_interval_of_a_mean_of_rates_is_that_of_each_added_in_squares():
    one, other = Rate(30, 40), Rate(20, 60)
    found = mean_rate([one, other, Rate(0, 0)])
    assert found.value == pytest.approx((0.75 + 1 / 3) / 2)
    (low, high), (other_low, other_high) = one.interval, other.interval
    assert found.value - found.low == pytest.approx(math.hypot(0.75 - low, 1 / 3 - other_low) / 2)
    assert found.high - found.value == pytest.approx(
        math.hypot(high - 0.75, other_high - 1 / 3) / 2
    )
    assert mean_rate([one]).low == pytest.approx(low)
    assert mean_rate([Rate(0, 0)]) is None


def test_a_group_of_numbers_is_read_with_its_standard_errors():
    segment = {
        "label": "a",
        "rows": 99,
        "error": 3.0,
        "high": 3.0 + 1.959964,
        "actual": 9.0,
        "bias": -1.0,
        "bias_error": 0.5,
        "rmse": 4.0,
    }
    found = NumericGroup.of(segment)
    assert found.predicted == 10
    assert found.mae.error == pytest.approx(1.0)
    assert found.residual.interval == pytest.approx((-1.98, -0.02), abs=1e-3)
    assert found.rmse.interval is None
    assert mean_difference(found.rmse, found.mae) is None
    apart = mean_difference(Mean(5.0, 3.0), Mean(1.0, 4.0))
    assert (apart.value, apart.high - apart.value) == pytest.approx((4.0, 5 * 1.959964))


def test_the_interval_of_a_ratio_is_symmetric_in_its_logarithm():
    reach = math.exp(1.959964 * math.sqrt(1 / 30 - 1 / 100 + 1 / 20 - 1 / 100))
    found = ratio(Rate(30, 100), Rate(20, 100))
    assert found.value == pytest.approx(1.5)
    assert (found.low, found.high) == pytest.approx((1.5 / reach, 1.5 * reach))
    assert ratio(Rate(0, 100), Rate(20, 100)) is None


@pytest.mark.parametrize("hits", [-1, 31, 41])
def test_counts_that_contradict_each_other_are_refused(hits):
    with pytest.raises(InvalidRequest, match="contradict"):
        Group("x", rows=100, positive=40, predicted=30, hits=hits)


def test_the_example_of_the_documentation_runs(tmp_path, monkeypatch):
    examples = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    [code] = [one for one in examples if "segments.json" in one]
    counts = ("label", "rows", "positive", "predicted", "hits")
    segments = [
        dict(zip(counts, (g.label, g.rows, g.positive, g.predicted, g.hits), strict=True))
        for g in (A, D)
    ]
    (tmp_path / "reports" / "quality").mkdir(parents=True)
    document = {"columns": [{"segments": segments}]}
    (tmp_path / "reports" / "quality" / "segments.json").write_text(json.dumps(document))
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code, names)
    assert names["groups"] == [A, D]
