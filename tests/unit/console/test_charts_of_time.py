"""Charts that end now: what stands where, and in the table beside."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.console.charts.columns import Column, column_chart
from windvane.console.charts.spread import Measured, spread_chart
from windvane.console.charts.time_axis import LEFT, RIGHT, WIDTH

KINDS = (("Answered", "series-1"), ("Refused", "series-2"))


def columns(*counts, step_s=10.0):
    """The last of them is the one that began last."""
    begins = [-step_s * (len(counts) - place) for place in range(len(counts))]
    return column_chart(
        "Requests",
        KINDS,
        [Column(*pair) for pair in zip(begins, counts, strict=True)],
        span_s=600,
        step_s=step_s,
        y_title="requests",
    )


def drawn(chart, tag):
    return [one for one in ET.fromstring(str(chart.svg)).iter() if one.tag == tag]


def test_columns_are_stacked_and_end_now():
    lower, upper = drawn(columns((3, 1)), "rect")
    assert float(upper.get("y")) + float(upper.get("height")) == pytest.approx(
        float(lower.get("y")), abs=0.02
    )
    assert float(lower.get("height")) == pytest.approx(3 * float(upper.get("height")), abs=0.05)
    right = float(lower.get("x")) + float(lower.get("width"))
    assert WIDTH - RIGHT - 2 < right <= WIDTH - RIGHT
    assert [one.get("class") for one in (lower, upper)] == ["fill series-1", "fill series-2"]


def test_columns_have_a_table_the_newest_first():
    table = columns((0, 0), (3, 1)).table
    assert table.head == ("Start", "Answered", "Refused")
    assert table.rows == [("10 s ago", "3", "1"), ("20 s ago", "0", "0")]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=60))
def test_every_column_is_inside_the_picture(counts):
    for one in drawn(columns(*counts), "rect"):
        left, width = float(one.get("x")), float(one.get("width"))
        assert LEFT - 0.01 <= left <= left + width <= WIDTH - RIGHT + 0.01
        assert float(one.get("y")) >= 0


def test_latencies_break_where_nothing_was_measured():
    three = (0.001, 0.002, 0.003)
    measured = [
        Measured(-40, three),
        Measured(-30, three),
        Measured(-20, None),
        Measured(-10, three),
    ]
    chart = spread_chart("Latency", measured, 600)
    assert len(drawn(chart, "path")) == len(drawn(chart, "circle")) == 3
    assert chart.table.rows[:2] == [
        ("10 s ago", "1 ms", "2 ms", "3 ms"),
        ("20 s ago", "–", "–", "–"),
    ]
    assert [name for name, _ in chart.legend] == ["p50", "p95", "p99"]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.tuples(*[st.floats(6e-5, 64.0)] * 3)), max_size=60),
)
def test_any_latencies_can_be_drawn_with_ticks(values):
    measured = [Measured(-10.0 * (len(values) - i), one) for i, one in enumerate(values)]
    chart = spread_chart("Latency", measured, 600)
    assert "nan" not in str(chart.svg)
    ticks = [one for one in drawn(chart, "text") if one.get("x") == "56"]
    assert ticks
