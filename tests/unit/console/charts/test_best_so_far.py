"""The curve of a search: what is drawn of the scores, and what its table says."""

from __future__ import annotations

import re

import pytest

from windvane.console.charts.best_so_far import NARROW, WIDE, Mark, best_so_far, n_outside
from windvane.console.charts.time_plan import Part, time_plan


def marks(scores: list[float], is_minimized: bool = False) -> list[Mark]:
    sign = 1 if is_minimized else -1
    found: list[Mark] = []
    best = float("inf")
    for place, score in enumerate(scores):
        found.append(Mark(f"c-{place}", 10.0 * (place + 1), score, sign * score < best))
        best = min(best, sign * score)
    return found


def dots(svg: str) -> int:
    return svg.count("<circle")


def heights(svg: str) -> list[float]:
    """Of the stairs, from the left."""
    [told] = re.findall(r'<path d="M([^"]+)" class="line series-1"', svg)
    return [float(point.split(" ")[1]) for point in told.split("L")]


def test_stairs_rise_at_each_better_score_and_reach_the_last_candidate() -> None:
    chart = best_so_far(marks([0.5, 0.4, 0.8]), "F1", False, 60)
    seen = heights(chart.svg)
    assert seen == sorted(seen, reverse=True), "a place higher up has a smaller y"
    assert len(set(seen)) == 2
    assert dots(chart.svg) == 3
    assert chart.table.rows == [
        ("c-0", "10.0 s", "0.5000", "yes"),
        ("c-1", "20.0 s", "0.4000", ""),
        ("c-2", "30.0 s", "0.8000", "yes"),
    ]
    assert "F1, higher is better" in chart.svg


def test_where_less_is_better_the_stairs_fall() -> None:
    chart = best_so_far(marks([5.0, 7.0, 2.0], is_minimized=True), "RMSE", True, 60)
    seen = heights(chart.svg)
    assert seen == sorted(seen)
    assert "RMSE, lower is better" in chart.svg


@pytest.mark.parametrize(
    ("scores", "is_minimized", "expected"),
    [
        ([0.9, 0.91, 0.92, 0.93, -40.0], False, 1),
        ([0.9, 0.91, 0.92, 0.93, 40.0], True, 1),
        ([0.9, 0.91, 0.92, 0.93], False, 0),
        ([-40.0, 0.9], False, 0),
        ([], False, 0),
    ],
)
def test_a_far_worse_score_does_not_squash_the_others(
    scores: list[float], is_minimized: bool, expected: int
) -> None:
    found = marks(scores, is_minimized)
    assert n_outside(found, is_minimized) == expected
    chart = best_so_far(found, "R2", is_minimized, 60)
    assert dots(chart.svg) >= len(scores) - expected
    assert len(chart.table.rows) == len(scores)


@pytest.mark.parametrize(
    ("scores", "is_minimized"),
    [([804.0, 504.0, 505.0, 514.0, 491.0, 485.0], True), ([-40.0, 0.90, 0.91, 0.92, 0.93], False)],
)
def test_the_line_stays_within_the_picture_if_the_first_best_score_does_not(
    scores: list[float], is_minimized: bool
) -> None:
    found = marks(scores, is_minimized)
    assert n_outside(found, is_minimized) == 1
    seen = heights(best_so_far(found, "MSE", is_minimized, 60).svg)
    assert all(0 <= one <= WIDE.height for one in seen)
    assert seen == sorted(seen, reverse=not is_minimized)


def test_much_better_scores_are_always_seen() -> None:
    assert n_outside(marks([0.1, 0.1, 0.1, 0.1, 0.1, 0.99]), False) == 0


def test_the_table_of_many_candidates_has_all_that_were_the_best() -> None:
    scores = [0.5 + (place % 50 == 0) * place / 2000 for place in range(750)]
    found = marks(scores)
    chart = best_so_far(found, "F1", False, 10_000)
    listed = [row[0] for row in chart.table.rows]
    assert len(listed) == 100
    assert {one.name for one in found if one.is_best} <= set(listed)
    assert listed[-1] == "c-749"
    assert "the leaderboard lists all 750" in chart.table.caption
    assert len(chart.svg) < 90_000


@pytest.mark.parametrize(
    ("until_s", "unit"), [(60, "Seconds"), (600, "Minutes"), (86_400, "Hours")]
)
def test_time_is_told_in_its_unit(until_s: float, unit: str) -> None:
    assert f"{unit} since the start" in best_so_far(marks([0.5]), "F1", False, until_s, NARROW).svg


def test_a_hostile_name_is_a_text_of_the_picture() -> None:
    chart = best_so_far([Mark("<script>", 1, 0.5, True)], '"><script>', False, 60)
    assert "<script>" not in chart.svg


def test_the_bar_of_time_is_filled_as_far_as_it_went() -> None:
    bar = time_plan([Part("a", 0, 30), Part("b", 30, 60)], [90.0], 120, "<60 s> of 2 min")
    widths = re.findall(r'width="([0-9.]+)"[^>]*class="part', bar)
    assert widths == ["250", "250"]
    assert 'x1="750"' in bar
    assert "&lt;60 s&gt; of 2 min" in bar
