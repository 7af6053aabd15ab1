from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from unit.engine.forecasting.conftest import make_panel, prepared_of

from windvane.domain.forecasting import Aggregation, Fill, Filling, FillMethod
from windvane.engine.data.analysis import Finding
from windvane.engine.forecasting.prepared import PreparedSeries
from windvane.engine.forecasting.reading import CovariateEncoding
from windvane.engine.forecasting.requested import requested_series
from windvane.errors import DataFault, InvalidRequest

DAYS = [f"1970-01-{day:02d}" for day in range(1, 32)]


def plain(**more):
    """Two daily series, s000 and s001, of ten and twelve values."""
    panel = make_panel([np.arange(10.0), np.arange(12.0)], "D")
    return prepared_of(panel, horizon=2, **more)


def with_covariate(**more):
    panel = make_panel([[1, 2], [3, 4, 5]], "D", known=np.ones((5, 1)), future=np.empty((2, 0, 1)))
    spec = replace(prepared_of(panel, horizon=2).spec, known_covariates=("x",), **more)
    return PreparedSeries(panel, spec, (CovariateEncoding("x"),), ())


def columns(rows, names=("id", "t", "y", "x")):
    """Rows of texts, None where a cell is empty."""
    cells = zip(*rows, strict=True) if rows else [()] * len(names)
    return {
        name: pa.chunked_array([pa.array(list(one), pa.string())])
        for name, one in zip(names, cells, strict=False)
    }


def history(item, values, start=0, x=None):
    return [
        (item, DAYS[start + i], None if value is None else str(value), *(() if x is None else (x,)))
        for i, value in enumerate(values)
    ]


def test_items_alone_have_the_history_that_is_kept_with_the_model():
    made = requested_series(plain(), columns([("s001",)], ("id",)))
    assert made.items == ("s001",)
    assert made.values.tolist() == np.arange(12.0).tolist()


def test_an_item_with_values_has_the_history_of_the_request_and_nothing_else():
    rows = columns([*history("s000", [7, 8, 9], 20), *history("new", [1, 2])])
    made = requested_series(plain(), rows)
    assert made.items == ("new", "s000")
    assert made.values.tolist() == [1, 2, 7, 8, 9]
    assert made.last.tolist() == [1, 22]


def test_items_with_and_without_values_may_stand_together():
    rows = columns([("s001", DAYS[12], None), *history("s000", [7, 8]), ("s001", DAYS[13], None)])
    made = requested_series(plain(), rows)
    assert made.items == ("s000", "s001")
    assert made.lengths.tolist() == [2, 12]


def test_rows_after_the_last_value_are_the_steps_ahead_and_no_missing_history():
    made = requested_series(plain(), columns(history("a", [1, 2, None, None])))
    assert made.values.tolist() == [1, 2]


def test_covariates_of_the_steps_ahead_come_from_the_rows_without_a_value():
    rows = columns(
        [*history("a", [1, 2, 3], x="0"), ("a", DAYS[3], None, "5"), ("a", DAYS[4], None, "6")]
    )
    made = requested_series(with_covariate(), rows)
    assert made.known[:, 0].tolist() == [0, 0, 0]
    assert made.future[0, :, 0].tolist() == [5, 6]


def test_an_item_without_values_takes_covariates_of_the_request_for_its_kept_history():
    rows = [("s000", DAYS[2], None, "5"), ("s000", DAYS[3], None, "6")]
    alone = requested_series(with_covariate(), columns(rows))
    beside = [*history("a", [1, 2], x="0"), ("a", DAYS[2], None, "7"), ("a", DAYS[3], None, "8")]
    both = requested_series(with_covariate(), columns([*rows, *beside]))
    assert alone.future[0, :, 0].tolist() == [5, 6]
    assert both.future[:, :, 0].tolist() == [[7, 8], [5, 6]]
    assert both.values.tolist() == [1, 2, 1, 2]


def test_a_covariate_that_is_missing_ahead_is_told_with_item_and_step():
    rows = columns([*history("a", [1, 2, 3], x="0"), ("a", DAYS[3], None, "5")])
    with pytest.raises(
        InvalidRequest, match=r"'x' has no value for the item 'a' at 1970-01-05.*step 2 of 2"
    ):
        requested_series(with_covariate(), rows)
    with pytest.raises(InvalidRequest, match=r"'x' has no value for the item 's001'.*step 1 of 2"):
        requested_series(with_covariate(), columns([("s001",)], ("id",)))
    filled = with_covariate(filling={"x": Filling(future=Fill(FillMethod.VALUE, 3.0))})
    assert requested_series(filled, rows).future[0, :, 0].tolist() == [5, 3]


def test_covariates_ahead_that_came_with_the_training_data_are_kept():
    prepared = with_covariate()
    kept = prepared.panel.with_future(np.array([[[1.0], [2.0]], [[3.0], [4.0]]]))
    made = requested_series(replace(prepared, panel=kept), columns([("s001",)], ("id",)))
    assert made.future[0, :, 0].tolist() == [3, 4]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("x", DAYS[0], None)], "no history of the item 'x': the model was not fitted to such"),
        ([(name, DAYS[0], None) for name in "abcde"], "items 'a', 'b', 'c' and 2 more"),
        ([("a", DAYS[0], "1"), ("b", DAYS[0], None)], "no history of the item 'b'"),
    ],
)
def test_an_unknown_item_without_history_is_named(rows, told):
    with pytest.raises(InvalidRequest, match=told):
        requested_series(plain(), columns(rows))


@pytest.mark.parametrize(
    ("rows", "names", "told"),
    [
        ([("1970-01-01", "1")], ("t", "y"), r"no column 'id' \(the item identifier\)"),
        ([("a", "1")], ("id", "y"), r"no column 't' \(the timestamp\). The columns are: id, y"),
        (
            [],
            ("id", "t", "y"),
            "There are no rows. Name the items to be forecast in the column 'id'",
        ),
        ([("a",)], ("item",), r"no column 'id' \(the item identifier\)"),
    ],
)
def test_a_column_that_is_missing_is_named(rows, names, told):
    with pytest.raises(InvalidRequest, match=told):
        requested_series(plain(), columns(rows, names))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("a", DAYS[0], "1"), ("a", "soon", "2")], "row 2, the first of them 'soon'"),
        (
            [("a", DAYS[0], "1"), ("a", None, "2")],
            "row without a value in the timestamp column 't': row 2",
        ),
        ([("a", DAYS[0], "1"), (None, DAYS[1], "2")], "Row 2 has no value in the item identifier"),
        ([("a", DAYS[0], "1"), ("a", DAYS[1], "many")], "'y' must have numbers.* row 2"),
        ([("a", DAYS[0], "1"), ("a", DAYS[1], "inf")], "'y' has 1 infinite"),
        ([("a", DAYS[0], "1"), ("a", DAYS[0], "2")], "more than one row for 1970-01-01"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_with_its_row(rows, told):
    with pytest.raises(DataFault, match=told):
        requested_series(plain(), columns(rows))


def test_days_that_can_be_read_in_two_ways_are_read_as_those_of_the_training():
    rows = [("a", f"0{month}/02/1970", str(month)) for month in range(1, 8)]
    day_first = replace(plain(), time_format="%d/%m/%Y")
    made = requested_series(day_first, columns(rows))
    assert made.lengths.tolist() == [7]
    with pytest.raises(DataFault, match="no values are that close"):
        requested_series(replace(plain(), time_format="%m/%d/%Y"), columns(rows))
    iso = requested_series(day_first, columns(history("a", [1, 2])))
    assert iso.grid.times(iso.last, np.zeros(1, int)).tolist() == [86_400]


def test_rows_closer_than_a_step_are_refused_unless_the_training_rows_were():
    rows = columns([("a", f"1970-01-01 {hour:02d}:00:00", "1") for hour in (0, 6, 12)])
    told = "frequency of the model is D, and the item 'a' has more than one row for the step at 1970-01-01"
    with pytest.raises(DataFault, match=told):
        requested_series(plain(), rows)
    assert requested_series(plain(aggregation=Aggregation.SUM), rows).values.tolist() == [3]
    found = Finding("rows-aggregated", "medium", (), "", "")
    was_finer = replace(plain(), findings=(found,))
    assert requested_series(was_finer, rows).values.tolist() == [3]


def test_values_further_apart_than_a_step_are_refused_where_gaps_are_not_filled():
    weekly = columns([("a", DAYS[day], "1") for day in (0, 7, 14, 21)])
    with pytest.raises(DataFault, match="those of the item 'a' are 7 steps apart"):
        requested_series(plain(), weekly)
    filled = plain(filling={"y": Filling(middle=Fill(FillMethod.ZERO))})
    assert requested_series(filled, weekly).values.sum() == 4


def test_more_steps_than_there_may_be_are_refused_before_they_are_made():
    far = columns([("a", "0001-01-01", "1"), ("a", "9999-01-01", "2")])
    with pytest.raises(DataFault, match="3,651,695 steps together; 1,000 are the most"):
        requested_series(plain(), far, most_steps=1000)


def test_the_only_series_of_a_model_needs_no_name():
    panel = replace(make_panel([np.arange(10.0)], "D"), items=("series",))
    prepared = prepared_of(panel, horizon=2)
    prepared = replace(prepared, spec=replace(prepared.spec, item_id=None))
    assert requested_series(prepared, columns([], ("t", "y"))).values.tolist() == list(range(10))
    own = columns([(DAYS[0], "5"), (DAYS[1], "6")], ("t", "y"))
    assert requested_series(prepared, own).values.tolist() == [5, 6]


def test_items_in_groups_are_named_by_all_of_their_key():
    panel = replace(make_panel([[1.0, 2.0], [3.0, 4.0]], "D"), items=("tea | a", "tea | b"))
    prepared = prepared_of(panel, horizon=2, group_columns=("shop",))
    made = requested_series(prepared, columns([("tea", "b")], ("id", "shop")))
    assert made.values.tolist() == [3, 4]
    with pytest.raises(InvalidRequest, match=r"no column 'shop' \(the grouping column\)"):
        requested_series(prepared, columns([("tea",)], ("id",)))
