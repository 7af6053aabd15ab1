"""Candidates against the best, on the same rows."""

from __future__ import annotations

import random

import pytest

from windvane.console.comparing.paired import holm, paired_of


def _figures(value, blocks, objective="AUC", rows="a"):
    told = {"objective": objective, "value": value, "rows": rows, "n_rows": 4, "n_units": 4}
    return {"paired": {**told, "blocks": blocks}}


def _noise(seed, size, n=200):
    drawn = random.Random(seed)
    return [drawn.gauss(0, size / n**0.5) for _ in range(n)]


def test_what_both_have_in_common_cancels():
    common, own = _noise(1, 0.05), _noise(2, 0.001)
    best, other = (
        _figures(0.9, common),
        _figures(0.89, [a + b for a, b in zip(common, own, strict=True)]),
    )
    [found] = paired_of({"best": best, "other": other}, "best").differences
    assert found.error == pytest.approx(0.001, rel=0.2)
    assert found.verdict == "clearly worse"
    assert found.low < -0.01 < found.high < 0


def test_a_lower_loss_is_better():
    figures = {
        name: _figures(value, _noise(seed, 0.001), objective="LogLoss")
        for seed, (name, value) in enumerate((("best", 0.5), ("lower", 0.4), ("higher", 0.6)))
    }
    found = {one.name: one.verdict for one in paired_of(figures, "best").differences}
    assert found == {"lower": "clearly better", "higher": "clearly worse"}


def test_more_tests_need_a_larger_difference():
    """A difference that is clear alone is not among seven."""
    figures = {"best": _figures(0.9, [0.0] * 200)}
    for number in range(7):
        figures[f"other {number}"] = _figures(0.8975, _noise(number, 0.001))
    alone = paired_of({"best": figures["best"], "other": figures["other 0"]}, "best")
    together = paired_of(figures, "best")
    assert together.differences[0].p_value > alone.differences[0].p_value
    assert together.differences[0].low < alone.differences[0].low


def test_holm_never_turns_the_order():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": "b"},
        {"objective": "F1"},
        {"blocks": [0.1] * 3},
        {"blocks": ["x"] * 4},
        {"blocks": 7},
    ],
)
def test_what_cannot_be_compared_is_named(changes):
    figures = {
        "best": _figures(0.9, [0.0] * 4),
        "other": _figures(**{"value": 0.8, "blocks": [0.0] * 4, **changes}),
    }
    found = paired_of(figures, "best")
    assert (found.differences, found.others) == ([], ["other"])


def test_without_a_report_of_the_best_there_is_no_test():
    assert paired_of({"best": {}, "other": _figures(0.8, [0.0] * 4)}, "best") is None
