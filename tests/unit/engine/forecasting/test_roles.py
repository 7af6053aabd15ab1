import numpy as np
import pyarrow as pa
import pytest

from windvane.domain.features import EVERYTHING, FeatureSpecification, FeatureType
from windvane.domain.forecasting import Fill, Filling, FillMethod, ForecastSpec
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.forecasting.prepared import read_prepared
from windvane.engine.forecasting.reading import CovariateEncoding
from windvane.engine.forecasting.roles import MOST_FEATURES, with_roles
from windvane.engine.forecasting.stages import prepare
from windvane.errors import DataFault

SPEC = ForecastSpec(target="y", timestamp="t", item_id="id", horizon=1)


def table(**further):
    """Two series of three days, the last of them without a value of the target."""
    told = {
        "id": ["a"] * 3 + ["b"] * 3,
        "t": ["2024-01-01", "2024-01-02", "2024-01-03"] * 2,
        "y": [1.0, 2.0, None, 3.0, 4.0, None],
        **further,
    }
    return {name: pa.chunked_array([pa.array(cells)]) for name, cells in told.items()}


def roles(columns, spec=SPEC, features=EVERYTHING):
    found = with_roles(columns, spec, features)
    return {
        "known": found.known_covariates,
        "past": found.past_covariates,
        "static": found.static,
    }


FURTHER = table(
    size=[1, 1, 1, 2, 2, 2],
    kind=["x", "x", None, "z", "z", "z"],
    price=[1.0, 2.0, 3.0, 1.0, 2.0, 3.0],
    weather=["sun", "rain", None, "sun", "sun", None],
    unit=["kg"] * 6,
)


def test_roles_are_found_in_the_rows():
    assert roles(FURTHER) == {
        "known": ("price",),
        "past": ("weather",),
        "static": ("size", "kind"),
    }


def test_one_series_has_nothing_static():
    alone = {name: column.slice(0, 3) for name, column in FURTHER.items()}
    assert roles(alone)["static"] == ()


def test_a_column_whose_future_is_filled_is_known_in_advance():
    filling = {"weather": Filling(future=Fill(FillMethod.MEDIAN)), "size": Filling()}
    spec = ForecastSpec(
        target="y", timestamp="t", item_id="id", horizon=1, filling={**filling, "y": Filling()}
    )
    assert roles(FURTHER, spec) == {
        "known": ("size", "price", "weather"),
        "past": (),
        "static": ("kind",),
    }


def test_features_are_those_that_are_named():
    features = FeatureSpecification(names=("weather",))
    assert roles(FURTHER, features=features) == {"known": (), "past": ("weather",), "static": ()}
    assert roles(FURTHER, features=FeatureSpecification(names=())) == {
        "known": (),
        "past": (),
        "static": (),
    }


def test_columns_of_series_are_no_features():
    spec = ForecastSpec(target="y", timestamp="t", item_id="id", group_columns=("kind",), horizon=1)
    columns = table(kind=["x", "x", "x", "z", "z", "z"])
    assert roles(columns, spec) == {"known": (), "past": (), "static": ()}


def test_a_series_without_any_value_has_no_future():
    columns = table(y=[1.0, 2.0, None, None, None, None], late=[None] * 3 + [1.0, 2.0, 3.0])
    assert roles(columns)["past"] == ("late",)


@pytest.mark.parametrize(
    ("spec", "features", "message"),
    [
        (SPEC, FeatureSpecification(names=("q",)), "The feature 'q' is no column of the data"),
        (
            SPEC,
            FeatureSpecification(types={"q": FeatureType.NUMERIC}),
            "The feature 'q' is no column of the data",
        ),
        (
            ForecastSpec(target="y", timestamp="t", horizon=1, filling={"q": Filling()}),
            EVERYTHING,
            "The column to be filled 'q' is no column of the data",
        ),
        (
            ForecastSpec(target="y", timestamp="t", horizon=1, filling={"price": Filling()}),
            FeatureSpecification(names=("weather",)),
            "The column to be filled 'price' is not among the features",
        ),
    ],
)
def test_what_is_not_there_is_named(spec, features, message):
    with pytest.raises(DataFault, match=message):
        with_roles(FURTHER, spec, features)


def test_too_many_columns_are_refused_with_what_to_do():
    columns = table(**{f"c{i}": np.arange(6.0) for i in range(MOST_FEATURES + 1)})
    with pytest.raises(DataFault, match="have 51 further columns; 50 are the most"):
        with_roles(columns, SPEC, EVERYTHING)


def test_series_are_prepared_with_the_roles_and_types(tmp_path):
    rows = ["id,t,y,price,code"]
    for item in "ab":
        for day in range(1, 13):
            value = "" if day > 10 else str(day)
            rows.append(f"{item},2024-01-{day:02},{value},{day * 2},{day % 2}")
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(rows) + "\n")
    features = FeatureSpecification(types={"code": FeatureType.CATEGORICAL})
    spec = ForecastSpec(target="y", timestamp="t", item_id="id", horizon=2)
    files = [SourceFile(path, "rows.csv")]
    prepare(files, ReadOptions(memory_mb=200, scratch=tmp_path), spec, tmp_path / "out", features)
    prepared = read_prepared(tmp_path / "out")
    assert prepared.spec.known_covariates == ("price", "code")
    assert prepared.known == (CovariateEncoding("price"), CovariateEncoding("code", ("0", "1")))
    assert prepared.panel.lengths.tolist() == [10, 10]
    assert prepared.panel.future[0].tolist() == [[22, 0, 1], [24, 1, 0]]
