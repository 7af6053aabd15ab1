import pytest

from windvane.console.trying.forecasts import read_forecast
from windvane.console.trying.parts import parts_of
from windvane.errors import InvalidRequest

HEAD = "id,t,p10,p50,p90,mean,level,trend,season,"
EFFECTS = ["a", "b", "c", "d", "e"]


def read(text):
    columns, series = read_forecast(text.encode())
    return columns, next(iter(series.values()))


def test_the_largest_effects_have_a_colour_and_the_others_one_together():
    head = HEAD + ",".join(f"{name}_effect" for name in EFFECTS) + ",a_value\n"
    rows = "".join(f"s,2024-01-0{day},1,2,3,115,100,0,0,1,2,3,4,5,9\n" for day in (1, 2))
    made = parts_of(*read(head + rows), "s", "sales")
    assert made.chart.table.head[3:] == ("trend", "season", "e", "d", "3 other covariates")
    assert [row[-1] for row in made.chart.table.rows] == ["6", "6"]
    assert [row.name for row in made.rows] == ["level", "trend", "season", "e", "d", "c", "b", "a"]


def test_what_is_left_of_rounding_is_zero():
    made = parts_of(*read(f"{HEAD}x_effect\ns,2024-01-01,1,2,3,100,100,1e-14,0,0\n"), "s", "sales")
    assert made.rows[1].mean == "0"


def test_an_answer_without_parts_is_refused():
    with pytest.raises(InvalidRequest, match="decomposition"):
        parts_of(*read("id,t,p50,mean\ns,2024-01-01,1,1\n"), "s", "sales")


def test_an_answer_without_the_series_is_refused():
    columns, _ = read(f"{HEAD}x_effect\ns,2024-01-01,1,2,3,100,100,0,0,1\n")
    with pytest.raises(InvalidRequest, match="no forecast of gone"):
        parts_of(columns, (), "gone", "sales")
