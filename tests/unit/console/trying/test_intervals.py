"""Intervals of a regression from the report on a candidate."""

import json

import pytest

from windvane.console.trying.intervals import Intervals, intervals_of, read_intervals

FIGURES = {
    "intervals": {
        "levels": [0.5, 0.8, 0.95],
        "edges": [10.0],
        "low": [[-1, -2, -3], [-4, -5, -6]],
        "high": [[1, 2, 3], [4, 5, 6]],
    }
}


def test_the_interval_is_that_of_predictions_of_this_size():
    found = intervals_of(FIGURES)
    assert found == Intervals(0.8, [10.0], [-2, -5], [2, 5])
    assert (found.around(9.0), found.around(10.0)) == ((7.0, 11.0), (5.0, 15.0))


def test_a_browser_sends_back_what_it_got():
    found = intervals_of(FIGURES)
    assert read_intervals(json.dumps(found.to_json())) == found


@pytest.mark.parametrize(
    "figures",
    [
        *(None, {}, {"intervals": 1}),
        *(
            {"intervals": FIGURES["intervals"] | changes}
            for changes in ({"low": [[1]]}, {"levels": [10**400]}, {"low": [[10**400] * 3] * 2})
        ),
    ],
)
def test_a_report_without_them_has_none(figures):
    assert intervals_of(figures) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "[" * 100_000),
        '{"level": 0.8, "edges": [1], "low": [1], "high": [1]}',
        '{"level": 0.8, "edges": [], "low": [NaN], "high": [1]}',
        f'{{"level": 0.8, "edges": [], "low": [{10**400}], "high": [1]}}',
    ],
)
def test_anything_else_from_a_browser_is_none(text):
    assert read_intervals(text) is None
