import time
from dataclasses import replace

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel, prepared_of, seasonal_series

from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.forecasting import stages
from windvane.engine.forecasting.forecaster import load_forecaster
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.prepared import read_prepared, write_prepared
from windvane.errors import CandidateFault, CorruptArtifact, DataFault

NAMES = ("seasonal-naive", "theta", "ets")


def limits():
    return FitLimits(time.time() + 240)


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """A folder with series and three models' backtests."""
    folder = tmp_path_factory.mktemp("job")
    (folder / "series").mkdir()
    panel = make_panel([*seasonal_series(12, 72), np.ones(5)])
    write_prepared(prepared_of(panel), folder / "series")
    for name in NAMES:
        (folder / name).mkdir()
        stages.backtest(folder / "series", name, limits(), folder / name)
    return folder


def combined(job, into):
    into.mkdir()
    return stages.combine(job / "series", {name: job / name for name in NAMES}, into)


def sealed(job, ensemble, refits, into):
    into.mkdir()
    made = stages.pack(job / "series", {name: job / name for name in NAMES}, ensemble, refits, into)
    made.seal(into, {})
    return made


def test_the_average_is_scored_on_windows_that_its_weights_did_not_see(job, tmp_path):
    outcome = combined(job, tmp_path / "ensemble")
    weights = stages.read_weights(tmp_path / "ensemble")
    assert sum(weights.values()) == pytest.approx(1)
    assert weights.get("seasonal-naive", 0) < 0.3
    assert len(outcome.windows) == 4
    singles = [
        stages.read_outcome(job / name).metrics["AverageWeightedQuantileLoss"] for name in NAMES
    ]
    assert outcome.metrics["AverageWeightedQuantileLoss"] < 1.05 * min(singles)


def test_of_very_many_series_a_sample_is_compared_in_fewer_windows():
    prepared = prepared_of(make_panel([np.arange(40.0)] * 6_000), horizon=10)
    windows = stages.compared(prepared)
    assert len(windows) == 1
    assert windows[0].history.n_series == 5_000
    few = prepared_of(make_panel([np.arange(100.0)] * 10), horizon=6)
    assert len(stages.compared(few)) == 5


def test_what_is_packed_forecasts_every_series_and_loads_again(job, tmp_path):
    combined(job, tmp_path / "ensemble")
    made = sealed(job, tmp_path / "ensemble", {}, tmp_path / "package")
    forecast = made.forecast()
    assert forecast.quantiles.shape == (13, 6, 3)
    again, _ = load_forecaster(tmp_path / "package")
    assert np.array_equal(again.forecast().quantiles, forecast.quantiles)


def test_without_an_ensemble_the_best_model_answers(job, tmp_path):
    made = sealed(job, None, {}, tmp_path / "package")
    best = min(
        NAMES,
        key=lambda name: stages.read_outcome(job / name).metrics["AverageWeightedQuantileLoss"],
    )
    assert [one.name for one in made.members] == [best]


def test_a_model_that_does_not_suit_the_series_is_a_candidates_fault(job, tmp_path):
    with pytest.raises(CandidateFault, match="too short, or of another kind, for tsb"):
        stages.backtest(job / "series", "tsb", limits(), tmp_path)


def test_a_package_that_was_changed_is_refused(job, tmp_path):
    sealed(job, None, {}, tmp_path / "package")
    file = tmp_path / "package" / "forecaster.json"
    file.write_text(file.read_text().replace("1.0", "0.5"))
    with pytest.raises(CorruptArtifact, match="SHA-256"):
        load_forecaster(tmp_path / "package")


@pytest.mark.parametrize(
    "document",
    [
        '{"members": []}',
        '{"members": [{"name": "os.system", "weight": 1.0}]}',
        '{"members": [{"name": "theta", "weight": -1}]}',
        "{}",
    ],
)
def test_members_that_cannot_be_are_refused(document, job, tmp_path):
    made = sealed(job, None, {}, tmp_path / "package")
    (tmp_path / "package" / "forecaster.json").write_text(document)
    made.seal(tmp_path / "package", {})
    with pytest.raises(CorruptArtifact, match="does not describe a forecaster"):
        load_forecaster(tmp_path / "package")


def test_rows_of_a_file_become_series(tmp_path):
    rows = [
        "id,t,y,price,kind,visits",
        *(
            f"{i},{d:02d}/01/2020,{d * i},{d},{'ab'[i % 2]},{-d}"
            for i in (1, 2)
            for d in range(1, 29)
        ),
    ]
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(rows) + "\n")
    spec = prepared_of(
        make_panel([[1.0]]),
        horizon=3,
        known_covariates=("price",),
        past_covariates=("visits",),
        static=("kind",),
    ).spec
    made = stages.prepare(
        [SourceFile(file, "rows.csv")],
        ReadOptions(tmp_path, min_rows=1),
        replace(spec, frequency=None),
        tmp_path / "series",
    )
    assert str(made.spec.frequency) == "D"
    assert made.time_format == "%d/%m/%Y"
    assert made.panel.items == ("1", "2")
    assert made.panel.known[:, 0].tolist() == [*range(1, 29)] * 2
    assert made.panel.past[:, 0].tolist() == [-d for d in range(1, 29)] * 2
    assert made.panel.static.tolist() == [[0, 1], [1, 0]]


def prepared_from(lines, tmp_path, **more):
    """Prepare the rows 'id,t,y' of a file."""
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(["id,t,y", *lines]) + "\n")
    spec = replace(prepared_of(make_panel([[1.0]], "D")).spec, **{"frequency": None, **more})
    options = ReadOptions(tmp_path, min_rows=1)
    return stages.prepare([SourceFile(file, "rows.csv")], options, spec, tmp_path / "series")


MONTHS = [f"a,2020-{month:02d}-01,{month}" for month in range(1, 13)]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["a,2020-01-01,1"], "no series has two different timestamps"),
        ([f"{i},2020-01-01,1" for i in range(50_000)], "no series has two different timestamps"),
        ([*MONTHS, "a,01/02/2021,3"], r"row 13, the first of them '01/02/2021'"),
        ([*MONTHS, "a,2021-13-01,3"], "row 13"),
        ([*MONTHS, "a,2021-01-01,much"], r"row 13, the first of them 'much'"),
        ([*MONTHS, "a,2021-01-01,inf"], "infinite values: row 13"),
        ([*MONTHS, "a,2020-12-01,3"], "more than one row for 2020-12-01"),
        (
            [f"a,2020-01-01T00:00:{second:02d},1" for second in (0, 7, 20, 31)],
            "frequency cannot be found: only",
        ),
        (["a,2020-01-01,", "a,2020-01-02,"], "no value in any row"),
    ],
)
def test_rows_that_no_forecast_can_be_learned_from_are_refused(lines, told, tmp_path):
    with pytest.raises(DataFault, match=told):
        prepared_from(lines, tmp_path)


def test_series_are_prepared_with_the_holidays_of_a_country(tmp_path):
    days = np.arange(np.datetime64("2020-12-01"), np.datetime64("2021-01-15"))
    made = prepared_from(
        [f"a,{day},{i}" for i, day in enumerate(days)], tmp_path, holiday_country="DE"
    )
    again = read_prepared(tmp_path / "series").panel
    christmas = np.array(["2020-12-25", "2030-12-25"], "datetime64[D]").astype(np.int64)
    kinds = again.holidays.kind_of(christmas)
    assert [again.holidays.names[kind] for kind in kinds] == ["Christmas Day"] * 2
    assert stages.compared(made)[0].history.holidays.names == again.holidays.names


def test_what_can_be_forecast_with_doubts_says_so(tmp_path):
    ended = [f"b,2015-{month:02d}-01,{month}" for month in range(1, 13)]
    short = [f"c,2020-{month:02d}-01,7" for month in (10, 11, 12)]
    made = prepared_from([*MONTHS, *ended, *short], tmp_path)
    found = {one.code: one.message for one in made.findings}
    assert "'b'" in found["series-that-ended"]
    assert "'c'" in found["short-series"]
    assert "'c'" in found["constant-series"]


def test_series_of_less_than_four_values_are_forecast_by_what_needs_no_more(tmp_path):
    made = prepared_from([f"{i},2020-01-0{day},{day}" for i in "ab" for day in (1, 2, 3)], tmp_path)
    assert made.findings[0].code == "short-series"
    assert made.findings[0].severity == "high"
    assert "seasonal-naive" in stages.suited(made)


def test_a_table_of_one_row_a_series_cannot_be_forecast(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("id,t,y\na,2020-01-01,1\nb,2020-01-02,2\n")
    spec = prepared_of(make_panel([[1.0]], "D")).spec
    with pytest.raises(DataFault, match="single step"):
        stages.prepare(
            [SourceFile(file, "rows.csv")],
            ReadOptions(tmp_path, min_rows=1),
            spec,
            tmp_path / "series",
        )
