"""Charts of the leaderboard and of candidates: well-formed, harmless, and with their numbers beside them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from windvane.console.charts.bands import Band, band_chart
from windvane.console.charts.confusion import confusion_chart, pooled
from windvane.console.charts.curve import Curve, curve_chart
from windvane.console.charts.dependence import Answers, Dependence, common_range, dependence_chart
from windvane.console.charts.gantt import Span, gantt_chart
from windvane.console.charts.histogram import histogram_chart
from windvane.console.charts.predicted_actual import predicted_actual_chart
from windvane.console.charts.reliability import Bin, reliability_chart
from windvane.console.charts.scatter import Spot, front_chart
from windvane.console.charts.swarm import Strip, swarm_chart

HOSTILE = ["<script>alert(1)</script>", '"onload="x', "]]>&amp;", "\x00\ud83d\u202e", "a" * 10_000]

_TAGS = {"svg", "text", "path", "line", "rect", "circle", "title"}


def every_chart(name):
    yield front_chart([Spot(name, 0.5, 0.01, True, True)], name, is_minimized=False)
    yield confusion_chart({name: {name: 1, "b": 2}, "b": {"b": 3}})
    yield reliability_chart([Bin(3, 0.2, 0.3, 0.1, 0.5)], name, name)
    yield histogram_chart(name, [1, 2], [0.0, 1.0, 2.0], name, name)
    yield predicted_actual_chart([1.0, 2.0], [1.5, 2.5])
    yield curve_chart(Curve(name, name, name, [(0, 0), (1, 1)], [(0, 0), (1, 1)], (0.5, 0.5)))
    yield band_chart([Band(9, 1.0, [-1.0], [1.0])], [0.5])
    yield swarm_chart([Strip(name, [1.0, -1.0], [None, 0.5])], name)
    one = Dependence(name, [name, ""], [0.5, 0.5], [Answers(name, [0.1, 0.2])])
    yield dependence_chart(one, name, (0.0, 1.0))
    yield dependence_chart(
        Dependence(name, [1.0, 2.0], [0.5, 0.5], [Answers(name, [1.0, 2.0])] * 2), name, (0.0, 3.0)
    )
    yield gantt_chart(name, [Span(name, 0.0, 2.0)])


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_names_stay_text(name):
    for chart in every_chart(name):
        root = ET.fromstring(str(chart.svg))
        found = list(root.iter())
        assert {one.tag for one in found} <= _TAGS
        attributes = {key for one in found for key in one.attrib}
        assert not {key for key in attributes if key.startswith("on") or key == "style"}
        assert "nan" not in str(chart.svg)


def test_every_chart_has_its_table():
    for chart in every_chart("x"):
        assert chart.table.rows
        assert all(len(row) == len(chart.table.head) for row in chart.table.rows)


def test_one_bad_candidate_does_not_squeeze_the_others():
    spots = [Spot(str(i), 0.9 + i / 1000, 0.01, False, False) for i in range(20)]
    chart = front_chart([*spots, Spot("bad", -50.0, 0.01, False, False)], "R2", is_minimized=False)
    assert str(chart.svg).count("beyond") == 1
    assert "1 with much worse scores are drawn at the edge." in chart.table.caption
    losses = [Spot(one.name, -one.score, one.latency_s, False, False) for one in spots]
    chart = front_chart([*losses, Spot("bad", 50.0, 0.01, False, False)], "MSE", is_minimized=True)
    assert str(chart.svg).count("beyond") == 1


def test_equal_scores_can_be_drawn():
    chart = front_chart(
        [Spot(str(i), 0.0, 0.0, False, False) for i in range(5)], "F1", is_minimized=False
    )
    assert "beyond" not in str(chart.svg)


def test_the_most_frequent_classes_are_kept_and_the_others_pooled():
    counts = {str(i): {str(i): 100 - i, str((i + 1) % 20): 1} for i in range(20)}
    labels, cells = pooled(counts)
    assert labels == [*(str(i) for i in range(14)), "all others"]
    assert sum(map(sum, cells)) == sum(sum(row.values()) for row in counts.values())
    assert cells[0][:2] == [100, 1]
    assert cells[13][14] == 1


def test_columns_share_one_scale():
    one = Dependence("a", [1.0], [1.0], [Answers("y", [0.0])])
    other = Dependence("b", [1.0], [1.0], [Answers("y", [10.0])])
    low, high = common_range([one, other])
    assert low < 0 < 10 < high


def test_the_two_figures_of_a_cell_do_not_overlap_in_any_size_of_the_font():
    drawn = str(confusion_chart({"a": {"a": 1121, "b": 311}, "b": {"a": 136, "b": 432}}).svg)
    counts = re.findall(r'y="([0-9.]+)" dy="(-?[0-9.]+)em" class="value"', drawn)
    shares = re.findall(r'y="([0-9.]+)" dy="(-?[0-9.]+)em" class="tick"', drawn)
    assert len(counts) == len(shares) == 4
    for (y, above), (same, below) in zip(counts, shares, strict=True):
        assert y == same
        assert float(below) - float(above) >= 1
