import numpy as np
import pyarrow as pa
import pytest

from windvane.domain.forecasting import ForecastSpec
from windvane.engine.data.times import read_times
from windvane.engine.forecasting.reading import (
    CovariateEncoding,
    decoded,
    encoded,
    learn_encodings,
    long_table,
    read_items,
)
from windvane.errors import DataFault


def column(values):
    return pa.chunked_array([pa.array(values)])


def days(seconds):
    return seconds.astype("datetime64[s]").astype("datetime64[D]").astype(str).tolist()


@pytest.mark.parametrize(
    "texts",
    [
        ["2020-01-02", "2020-01-03"],
        ["2020-01-02 00:00:00", "2020-01-03T00:00:00"],
        ["02.01.2020", "03.01.2020"],
        ["2020-01-02T00:00:00Z", "2020-01-03T00:00:00Z"],
        ["Jan 2, 2020", "Jan 3, 2020"],
    ],
)
def test_times_are_read_however_they_are_written(texts):
    assert days(read_times(column(texts), "t")) == ["2020-01-02", "2020-01-03"]


def test_times_that_cannot_be_read_are_named_by_their_rows():
    with pytest.raises(
        DataFault, match=r"rows 2, 4, the first of them 'soon'. Most are written as YYYY-MM-DD"
    ):
        read_times(column(["2020-01-01", "soon", "2020-01-03", "later"]), "t")
    with pytest.raises(DataFault, match="row 2"):
        read_times(column(["2020-01-01", None]), "t")


def test_identifiers_are_ascending_and_none_may_be_missing():
    items, series = read_items({"id": column(["b", "a", "b"])}, "id")
    assert items == ("a", "b")
    assert series.tolist() == [1, 0, 1]
    with pytest.raises(DataFault, match="Row 2 has no value"):
        read_items({"id": column(["b", None])}, "id")


def test_rows_of_one_item_in_different_groups_are_different_series():
    columns = {
        "id": column(["tea", "tea", "rice", "tea"]),
        "shop": column(["south", "north", "north", "north"]),
        "size": column([1, 2, 1, 2]),
    }
    items, series = read_items(columns, "id", ["shop", "size"])
    assert items == ("rice | north | 1", "tea | north | 2", "tea | south | 1")
    assert series.tolist() == [2, 1, 0, 1]


def test_a_row_without_a_group_is_named():
    columns = {"id": column(["a", "a"]), "shop": column(["x", None])}
    with pytest.raises(DataFault, match="Row 2 has no value in the grouping column 'shop'"):
        read_items(columns, "id", ["shop"])


def test_covariates_of_texts_become_columns_of_their_values():
    columns = {"w": column(["rain", "sun", "rain", None]), "n": column(["1", "2", "", "nan"])}
    encodings = learn_encodings(columns, ["w", "n"])
    assert encodings == (CovariateEncoding("w", ("rain", "sun")), CovariateEncoding("n"))
    expected = [[1, 0, 1], [0, 1, 2], [1, 0, np.nan], [0, 0, np.nan]]
    assert np.array_equal(encoded(columns, encodings), expected, equal_nan=True)


def test_an_encoding_of_more_categories_than_are_learned_is_refused():
    most = CovariateEncoding("w", tuple(str(i) for i in range(12)))
    assert CovariateEncoding.from_json(most.to_json()) == most
    with pytest.raises(ValueError, match="13 texts; 12 are the most"):
        CovariateEncoding.from_json({"name": "w", "categories": [*most.categories, "x"]})


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (["1", "x", "3"], r"row 2, the first of them 'x'"),
        (["1", "inf", "3"], "infinite"),
        ([None, None, None], "no value in any row"),
    ],
)
def test_a_target_that_is_no_number_is_refused(target, told):
    columns = {
        "t": column(["2020-01-01", "2020-01-02", "2020-01-03"]),
        "y": pa.chunked_array([pa.array(target, pa.string())]),
    }
    with pytest.raises(DataFault, match=told):
        long_table(columns, ForecastSpec(target="y", timestamp="t", horizon=1), (), ())


def test_what_was_encoded_is_told_in_its_own_values():
    columns = {"price": column([1.5, None, 2.0]), "sky": column(["sun", "rain", "fog"])}
    encodings = (CovariateEncoding("price"), CovariateEncoding("sky", ("rain", "sun")))
    made = decoded(encoded(columns, encodings)[None], encodings)
    assert made["price"].tolist() == [[1.5, None, 2.0]]
    assert made["sky"].tolist() == [["sun", "rain", None]]
