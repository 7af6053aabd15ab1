import xml.etree.ElementTree as ET

import pytest

from windvane.console.charts.stacked import Made, Part, stacked_chart

DAY = 86_400.0


def drawn(chart, tag):
    return [one for one in ET.fromstring(str(chart.svg)).iter() if one.tag == tag]


def test_what_raises_a_forecast_is_above_its_level_and_what_lowers_it_below():
    made = Made([0.0, DAY], [13.0, 9.0], [10.0, 10.0], [Part("up", [5, 1]), Part("down", [-2, -2])])
    chart = stacked_chart("s", made, "sales")
    up, down = drawn(chart, "rect")[:2]
    zero = float(up.get("y")) + float(up.get("height"))
    assert zero == pytest.approx(float(down.get("y")), abs=0.02)
    assert float(up.get("height")) == pytest.approx(2.5 * float(down.get("height")), rel=0.01)
    assert chart.table.rows[0] == ("1970-01-01", "13", "10", "5", "-2")


def test_long_forecasts_and_names_of_anyone_are_bounded_and_escaped():
    n, name = 500, "<script>" + "x" * 10_000
    made = Made([DAY * i for i in range(n)], [1.0] * n, [1.0] * n, [Part(name, [0.5] * n)])
    chart = stacked_chart(name, made, name)
    assert "<script" not in str(chart.svg)
    assert len(drawn(chart, "rect")) <= 120
    assert len(str(chart.svg)) < 150_000


def test_a_single_step_is_drawn():
    chart = stacked_chart("s", Made([0.0], [1.0], [1.0], [Part("trend", [0.0])]), "sales")
    assert len(drawn(chart, "rect")) == 1
