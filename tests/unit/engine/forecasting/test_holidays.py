import json
from dataclasses import replace

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel, prepared_of

from windvane.engine.forecasting.holidays import NO_HOLIDAYS, holidays_of
from windvane.engine.forecasting.prepared import read_prepared, write_prepared
from windvane.engine.manifest import write_manifest
from windvane.errors import CorruptArtifact, InvalidRequest


def seconds(*days):
    return np.array(days, "datetime64[s]").astype(np.int64)


def days(*texts):
    return np.array(texts, "datetime64[D]").astype(np.int64)


GERMAN = holidays_of("DE", seconds("2020-02-03"), seconds("2023-05-05"))


def test_a_calendar_has_the_years_of_the_data_and_those_that_follow():
    wanted = days("2020-12-25", "2023-05-01", "2030-10-03", "2023-05-02")
    named = [GERMAN.names[kind] if kind >= 0 else None for kind in GERMAN.kind_of(wanted)]
    assert named == ["Christmas Day", "Labor Day", "German Unity Day", None]
    assert (np.diff(GERMAN.days) > 0).all()


def test_holidays_that_move_are_one_kind_and_kinds_follow_the_year():
    easter = GERMAN.kind_of(days("2020-04-13", "2021-04-05", "2022-04-18"))
    assert set(easter) == {GERMAN.names.index("Easter Monday")}
    assert GERMAN.names[0] == "New Year's Day"
    assert GERMAN.names[-1] == "Second Day of Christmas"


def test_days_that_stand_in_for_a_holiday_are_of_its_kind():
    american = holidays_of("US", seconds("2021-01-01"), seconds("2022-12-31"))
    kinds = american.kind_of(days("2021-12-25", "2021-12-24"))
    assert [american.names[kind] for kind in kinds] == ["Christmas Day", "Christmas Day"]


def test_the_last_one_of_the_same_name_is_found():
    at = int(np.searchsorted(GERMAN.days, days("2022-04-18")[0]))
    assert GERMAN.days[GERMAN.earlier[at]] == days("2021-04-05")[0]
    assert GERMAN.earlier[0] == -1


def test_holidays_between_days_are_counted():
    low, high = days("2022-12-01", "2022-12-25"), days("2023-01-01", "2022-12-27")
    assert GERMAN.count(low, high).tolist() == [2, 2]


@pytest.mark.parametrize("country", ["JP", "BR", "IN", "SA", "IL", "CN"])
def test_countries_of_other_calendars_have_holidays_by_name(country):
    found = holidays_of(country, seconds("2015-01-01"), seconds("2022-12-31"))
    assert len(found.names) >= 4
    assert len(found.days) >= 4 * 8


def test_a_country_without_a_calendar_is_refused():
    with pytest.raises(InvalidRequest, match="'XX'"):
        holidays_of("XX", seconds("2020-01-01"), seconds("2021-01-01"))


def test_holidays_are_kept_with_the_series(tmp_path):
    panel = replace(make_panel([np.arange(30.0)], "D"), holidays=GERMAN)
    write_prepared(prepared_of(panel, holiday_country="DE"), tmp_path)
    again = read_prepared(tmp_path)
    assert again.spec.holiday_country == "DE"
    assert again.panel.holidays.names == GERMAN.names
    assert np.array_equal(again.panel.holidays.days, GERMAN.days)
    assert np.array_equal(again.panel.only(np.array([0])).holidays.kinds, GERMAN.kinds)
    told = json.loads((tmp_path / "series.json").read_text())
    (tmp_path / "series.json").write_text(json.dumps({**told, "holidays": ["one"]}))
    write_manifest(tmp_path, "series", {})
    with pytest.raises(CorruptArtifact, match="holiday_kinds"):
        read_prepared(tmp_path)


def test_without_a_calendar_no_day_is_one():
    assert NO_HOLIDAYS.kind_of(days("2020-12-25")).tolist() == [-1]
    assert NO_HOLIDAYS.to_arrays() == {}
