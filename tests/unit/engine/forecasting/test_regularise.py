from dataclasses import replace

import numpy as np
import pytest

from windvane.domain.forecasting import Aggregation, Fill, Filling, FillMethod, ForecastSpec
from windvane.domain.frequency import Frequency
from windvane.engine.forecasting.regularise import LongTable, regularise
from windvane.errors import DataFault

SPEC = ForecastSpec(
    target="y", timestamp="t", item_id="id", horizon=2, frequency=Frequency.parse("D")
)


def table(rows, known=None, past=None):
    """Rows of (series, day, target) in any order."""
    series = np.array([row[0] for row in rows])
    days = np.array([row[1] for row in rows], "datetime64[s]").astype(np.int64)
    target = np.array([row[2] for row in rows], float)
    n = series.max() + 1
    covariates = np.empty((len(rows), 0)) if known is None else np.array(known, float)[:, None]
    names = () if known is None else ("x",)
    items = tuple(f"s{i}" for i in range(n))
    earlier = np.empty((len(rows), 0)) if past is None else np.array(past, float)[:, None]
    past_names = () if past is None else ("z",)
    static = np.empty((n, 0))
    return LongTable(items, series, days, target, covariates, names, static, earlier, past_names)


DAYS = [f"2020-01-{day:02d}" for day in range(1, 11)]


def test_rows_are_sorted_and_absent_steps_are_missing():
    made = regularise(
        table([(1, DAYS[0], 9), (0, DAYS[3], 4), (0, DAYS[0], 1), (1, DAYS[1], 8)]), SPEC
    )
    assert np.array_equal(made.panel.values, [1, np.nan, np.nan, 4, 9, 8], equal_nan=True)
    assert made.n_absent == 2
    assert made.panel.bounds.tolist() == [0, 4, 6]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Aggregation.SUM, 6),
        (Aggregation.AVERAGE, 3),
        (Aggregation.FIRST, 4),
        (Aggregation.MIN, 2),
        (Aggregation.MAX, 4),
    ],
)
def test_rows_of_one_step_become_one(how, expected):
    rows = [(0, "2020-01-01T10:00", 2), (0, "2020-01-01T08:00", np.nan), (0, "2020-01-01T09:00", 4)]
    rows.append((0, "2020-01-02T09:00", 1))
    made = regularise(table(rows), replace(SPEC, aggregation=how))
    assert made.panel.values.tolist() == [expected, 1]
    assert made.n_aggregated == 2


def test_two_rows_of_one_time_are_refused_unless_an_aggregation_is_named():
    rows = [(0, DAYS[0], 1), (0, DAYS[0], 2), (0, DAYS[1], 3)]
    with pytest.raises(DataFault, match=r"'s0' has more than one row for 2020-01-01T00:00:00"):
        regularise(table(rows), SPEC)
    assert regularise(table(rows), replace(SPEC, aggregation=Aggregation.SUM)).panel.values[0] == 3


def test_blank_rows_at_the_end_are_missing_values_without_known_covariates():
    rows = [(0, DAYS[0], 1), (0, DAYS[1], 2), (0, DAYS[2], np.nan)]
    assert regularise(table(rows), SPEC).panel.lengths.tolist() == [3]


def test_blank_rows_at_the_end_are_the_future_with_known_covariates():
    rows = [(0, DAYS[0], 1), (0, DAYS[1], 2), (0, DAYS[2], np.nan), (0, DAYS[3], np.nan)]
    made = regularise(table(rows, [10, 20, 30, 40]), replace(SPEC, known_covariates=("x",)))
    assert made.panel.lengths.tolist() == [2]
    assert made.panel.known[:, 0].tolist() == [10, 20]
    assert made.panel.future[0, :, 0].tolist() == [30, 40]


def test_front_middle_and_back_are_filled_as_asked():
    rows = [(0, DAYS[0], 1), (0, DAYS[5], 6), (1, DAYS[1], 4), (1, DAYS[3], 8)]
    filling = Filling(
        front=Fill(FillMethod.VALUE, -1.0), middle=Fill(FillMethod.MEAN), back=Fill(FillMethod.ZERO)
    )
    made = regularise(table(rows), replace(SPEC, filling={"y": filling})).panel
    assert made.values[made.bounds[1] :].tolist() == [-1, 4, 6, 8, 0, 0]


def test_covariates_are_filled_by_name():
    rows = [(0, DAYS[0], 1), (0, DAYS[2], 2), (0, DAYS[4], np.nan)]
    filling = {"x": Filling(middle=Fill(FillMethod.ZERO), future=Fill(FillMethod.VALUE, 5.0))}
    spec = replace(SPEC, known_covariates=("x",), filling=filling)
    made = regularise(table(rows, [1, 2, 3]), spec).panel
    assert made.known[:, 0].tolist() == [1, 0, 2]
    assert made.future[0, :, 0].tolist() == [5, 3]


def test_past_covariates_end_with_the_last_value_of_their_series():
    rows = [(0, DAYS[0], 1), (0, DAYS[2], 2), (0, DAYS[3], np.nan)]
    spec = replace(SPEC, known_covariates=("x",), past_covariates=("z",))
    made = regularise(table(rows, [1, 2, 3], [7, 8, 9]), spec).panel
    assert np.array_equal(made.past[:, 0], [7, np.nan, 8], equal_nan=True)
    filling = {"z": Filling(middle=Fill(FillMethod.ZERO))}
    filled = regularise(table(rows, [1, 2, 3], [7, 8, 9]), replace(spec, filling=filling)).panel
    assert filled.past[:, 0].tolist() == [7, 0, 8]


def test_the_ends_of_a_covariate_are_filled_as_its_middle_unless_asked_otherwise():
    rows = [(0, day, 1) for day in DAYS[:4]]
    spec = replace(SPEC, known_covariates=("x",))

    def known(filling):
        made = regularise(table(rows, [np.nan, 2, np.nan, np.nan]), replace(spec, filling=filling))
        return made.panel.known[:, 0].tolist()

    assert known({"x": Filling(middle=Fill(FillMethod.ZERO))}) == [0, 2, 0, 0]
    ends = Filling(front=Fill(FillMethod.MAX), back=Fill(FillMethod.VALUE, 7.0))
    assert known({"x": ends}) == [2, 2, 7, 7]


def test_a_frequency_that_makes_series_endless_is_refused():
    rows = [(0, "1000-01-01", 1), (0, "2020-01-01", 2)]
    with pytest.raises(DataFault, match="coarser frequency"):
        regularise(table(rows), replace(SPEC, frequency=Frequency.parse("1min")))
