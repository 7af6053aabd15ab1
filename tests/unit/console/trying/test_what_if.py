import pytest

from windvane.console.trying.forecasts import Columns
from windvane.console.trying.schema import Schema
from windvane.console.trying.what_if import changed_rows, changes_of, known_of, rows_of, what_if_of

COLUMNS = Columns(("shop",), "day", {"p50": 0.5})
ROWS = [
    {"shop": "a", "day": f"2024-01-0{day}", "price_value": "1.0", "sky_value": "rain"}
    for day in (3, 4)
]
SCHEMA = Schema(
    "v",
    "sales",
    "TimeSeriesForecasting",
    "theta",
    (),
    [
        {"Name": "day", "Typical": ""},
        {"Name": "shop", "Typical": ""},
        {"Name": "price", "Typical": "", "Role": "known-covariate"},
        {"Name": "sky", "Typical": "", "Role": "known-covariate", "Values": ["rain", "sun"]},
        {"Name": "sales", "Typical": "", "Role": "target"},
    ],
    False,
)
KNOWN = known_of(SCHEMA)


def test_only_what_differs_is_a_change():
    fields = {"step-0-0": "1", "step-1-0": "2", "step-0-1": "rain"}
    assert changes_of(fields, ROWS, KNOWN) == {(1, 0): "2"}
    assert changes_of({"all-1": "sun"}, ROWS, KNOWN) == {(0, 1): "sun", (1, 1): "sun"}


def test_fields_have_the_values_of_the_forecast_and_those_that_were_typed_in():
    made = what_if_of(COLUMNS, ROWS, KNOWN, {(1, 0): "2"})
    assert [one.name for one in made.covariates] == ["price", "sky"]
    assert made.steps[0].values == [("1", False), ("rain", False)]
    assert made.steps[1].values == [("2", True), ("rain", False)]


def test_many_steps_and_covariates_have_no_field_each():
    known = [KNOWN[0]] * 20
    made = what_if_of(COLUMNS, ROWS * 300, known, {})
    assert (made.n_steps, made.n_covariates) == (600, 20)
    assert len(made.steps) * len(made.covariates) <= 500


def test_a_request_is_cut_to_one_series():
    text = "\ufeffsales, shop\n1,a\n2,b\n"
    assert rows_of(text, ("b",), ["shop"]) == "sales,shop\n2,b\n"
    assert rows_of("day\n1\n", ("item",), ["shop"]) == "day\n1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shop\na\n", "shop,day,price,sky,sales\na,2024-01-03,1.0,rain,\na,2024-01-04,2,rain,\n"),
        (
            "shop,day,sales,price,sky\na,2024-01-02,7,1,sun\na,2024-01-03,,9,sun\n",
            "shop,day,sales,price,sky\na,2024-01-02,7,1,sun\na,2024-01-03,,1.0,rain\na,2024-01-04,,2,rain\n",
        ),
    ],
)
def test_changed_values_replace_those_ahead_and_history_stays(text, expected):
    assert changed_rows(text, COLUMNS, ROWS, SCHEMA, {(1, 0): "2"}) == expected
