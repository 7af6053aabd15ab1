"""Charts: well-formed, harmless, and with their numbers beside them."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.console.charts.bars import bar_chart
from windvane.console.charts.base import Scale, log_ticks, ticks
from windvane.console.charts.lines import Line, line_chart

HOSTILE = ["<script>alert(1)</script>", '"onload="x', "]]>&amp;", "\x00\ud83d\u202e", "a" * 10_000]


def elements(chart):
    root = ET.fromstring(str(chart.svg))
    return [root, *root.iter()]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_text(name):
    for chart in (
        bar_chart(name, [(name, 1.0)], name, name),
        line_chart(name, [Line(name, [(0, 0), (1, 1)])], name, name),
    ):
        assert {one.tag for one in elements(chart)} <= {
            "svg",
            "text",
            "path",
            "line",
            "rect",
            "title",
        }
        assert not any(key.startswith("on") for one in elements(chart) for key in one.attrib)


def test_every_point_stands_in_the_table():
    chart = line_chart("t", [Line("a", [(0, 1), (1, 3)]), Line("b", [(2, 5)])], "x", "y")
    assert chart.table.rows == [("a", "0", "1"), ("a", "1", "3"), ("b", "2", "5")]
    assert [name for name, _ in chart.legend] == ["a", "b"]


@pytest.mark.parametrize("values", [[], [0.0], [-1.0, 2.0], [1e-12], [1e300, -1e300]])
def test_any_values_can_be_drawn(values):
    chart = bar_chart("t", [(str(v), v) for v in values], "n", "v")
    assert "nan" not in str(chart.svg)
    chart = line_chart("t", [Line("l", list(enumerate(values)))], "x", "y")
    assert "nan" not in str(chart.svg)


@given(st.floats(-1e5, 1e5), st.floats(1e-3, 1e9))
def test_ticks_are_few_and_inside(low, width):
    found = ticks(low, low + width)
    assert len(found) <= 7
    assert all(low - width * 1e-6 <= one <= low + width * (1 + 1e-6) for one in found)


@given(st.floats(1e-9, 1e9), st.floats(1.5, 1e6))
def test_ticks_of_a_logarithmic_axis_are_inside(low, times):
    assert all(low * 0.99 <= one <= low * times * 1.01 for one in log_ticks(low, low * times))


def test_a_scale_runs_from_end_to_end():
    assert [Scale(0, 10, 100, 0).at(one) for one in (0, 5, 10)] == [100, 50, 0]
    assert math.isclose(Scale(1, 100, 0, 1, is_log=True).at(10), 0.5)
    assert Scale(3, 3, 0, 10).at(3) == 5
