"""Curves are read from the tables of a page, and drawn where their values belong."""

import re

import pytest

from scripts.curves import CHARTS, PAGE, by_column, by_row, drawings, tables_of
from scripts.drawing import files_of

PAGE_OF_TWO = """# Growth

## Jobs

| ms   | 10 jobs | 1,000 jobs |
| ---- | ------: | ---------: |
| list |     4.4 |        8.0 |
| page |    14.5 |       19.0 |

Later:

| ms   | 100,000 jobs |
| ---- | -----------: |
| list |      1,005.9 |

## Hosts

| hosts | lost, s | load |
| ----: | ------: | ---: |
| 1     |       – |    8 |
| 2     |     9.7 |    8 |
| 4     |     9.9 |    9 |
"""


def test_rows_go_on_in_later_tables_of_a_section():
    tables = tables_of(PAGE_OF_TWO)["Jobs"]
    assert by_row("list")(tables) == {"list": [(10, 4.4), (1000, 8.0), (100_000, 1005.9)]}


def test_columns_leave_out_what_was_not_measured_and_rows_of_other_kinds():
    tables = tables_of(PAGE_OF_TWO)["Hosts"]
    assert by_column("hosts", ("lost, s",))(tables) == {"lost, s": [(2, 9.7), (4, 9.9)]}
    assert by_column("hosts", ("lost, s",), where={"load": "8"})(tables) == {"lost, s": [(2, 9.7)]}


@pytest.mark.parametrize("name", CHARTS)
def test_every_curve_of_the_page_has_three_points_or_more(name):
    chart = CHARTS[name]
    curves = chart.curves(tables_of(PAGE.read_text())[chart.section])
    assert all(len(points) >= 3 for points in curves.values()), curves


def test_a_larger_value_stands_higher_and_a_larger_count_further_right():
    picture = files_of(drawings(PAGE.read_text()))["growth-endpoints.svg"]
    memory = re.search(r'<polyline points="([^"]+)"', picture)[1]
    points = [tuple(map(float, point.split(","))) for point in memory.split()]
    assert points == sorted(points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
