"""control/scaling/step_rules: what configurations in steps are refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.control.scaling.step_rules import CONFIG, step_scaling, stepped
from windvane.domain.scaling import Step


def steps(*bounds, adjustment=1):
    names = ("MetricIntervalLowerBound", "MetricIntervalUpperBound")
    return [
        {name: bound for name, bound in zip(names, pair, strict=True) if bound is not None}
        | {"ScalingAdjustment": adjustment}
        for pair in bounds
    ]


def config(*bounds, adjustment=1, **more):
    given = {"AdjustmentType": "ChangeInCapacity"}
    return {**given, "StepAdjustments": steps(*bounds, adjustment=adjustment), **more}


WHOLE = ((None, -5.0), (-5.0, 0.0), (0.0, 5.0), (5.0, None))


@pytest.mark.parametrize(
    "bounds", [WHOLE, WHOLE[::-1], ((0.0, None),), ((None, 0.0),), ((3.0, 9.0), (9.0, None))]
)
def test_intervals_one_after_the_other_in_any_order(bounds):
    assert list(stepped({CONFIG: config(*bounds)})) == []
    found = step_scaling(config(*bounds)).steps
    ordered = sorted(bounds, key=lambda pair: -99 if pair[0] is None else pair[0])
    assert found == tuple(Step(*pair, 1) for pair in ordered)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (config(), "StepAdjustments has 0 steps; it must have 1 to 20."),
        (config(*[(float(n), n + 1.0) for n in range(21)]), "has 21 steps"),
        (
            config((None, None)),
            "A step must have MetricIntervalLowerBound, MetricIntervalUpperBound",
        ),
        (config((float("nan"), None)), "must be finite numbers"),
        (
            config((5.0, 5.0)),
            "MetricIntervalLowerBound (5) must be below MetricIntervalUpperBound (5)",
        ),
        (config((0.0, 5.0), (4.0, None)), "The intervals of steps must not overlap."),
        (config((0.0, None), (5.0, None)), "The intervals of steps must not overlap."),
        (config((None, 0.0), (None, 5.0)), "The intervals of steps must not overlap."),
        (config((0.0, 5.0), (6.0, None)), "There must be no gap between the intervals of steps."),
        (config((-5.0, 0.0)), "A step begins at -5, below the threshold"),
        (config((0.0, 5.0)), "A step ends at 5, above the threshold"),
        (config((0.0, None), Cooldown=-1), "Cooldown is -1"),
        (config((0.0, None), MinAdjustmentMagnitude=1), "goes with the AdjustmentType Percent"),
        (
            config((0.0, None), AdjustmentType="PercentChangeInCapacity", MinAdjustmentMagnitude=0),
            "MinAdjustmentMagnitude is 0",
        ),
        (
            config((0.0, None), adjustment=-1, AdjustmentType="ExactCapacity"),
            "ScalingAdjustment must be 0 or more",
        ),
        ({"StepAdjustments": steps((0.0, None))}, "must have an AdjustmentType"),
    ],
)
def test_what_is_refused(given, why):
    assert any(why in fault for fault in stepped({CONFIG: given}))


BOUND = st.none() | st.floats(-100, 100)


@given(st.lists(st.tuples(BOUND, BOUND), min_size=1, max_size=5))
def test_what_is_accepted_covers_one_interval_once(bounds):
    given = config(*bounds)
    if list(stepped({CONFIG: given})):
        return
    found = step_scaling(given).steps
    assert all(a.upper == b.lower is not None for a, b in pairwise(found))
