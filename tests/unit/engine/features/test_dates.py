from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.features.dates import DateCycles, DateParts, FilledDateParts, calendar
from windvane.errors import RejectColumn

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31, 23, 59, 59)))  # noqa: DTZ001
def test_the_calendar_is_the_standard_librarys(moment):
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    second = (moment - EPOCH) // timedelta(seconds=1)
    expected = (
        moment.year,
        moment.month,
        moment.day,
        moment.weekday(),
        moment.timetuple().tm_yday,
        moment.hour,
    )
    assert calendar(second) == expected
    assert tuple(int(part[0]) for part in calendar(np.array([second]))) == expected


def test_parts_that_never_change_in_training_are_left_out():
    parts = DateParts("d")
    parts.fit(np.array([0.0, 86_400.0, 172_800.0]), None)
    names = [feature.name for feature in parts.features()]
    assert names == ["d (day)", "d (weekday)", "d (day of year)", "d (days since start)"]
    made = parts.transform(np.array([86_400.0, np.nan]))
    assert made[0].tolist() == [2, 4, 2, 1]
    assert np.isnan(made[1]).all()


def test_forests_get_medians_for_missing_dates():
    parts = FilledDateParts("d")
    parts.fit(np.array([0.0, 86_400.0, 172_800.0, np.nan]), None)
    assert parts.transform(np.array([np.nan]))[0].tolist() == [2, 4, 2, 1]


def test_cycles_bring_december_next_to_january():
    cycles = DateCycles("d")
    days = np.arange(365 * 3) * 86_400.0
    cycles.fit(days, None)
    names = [feature.name for feature in cycles.features()]
    month = [i for i, name in enumerate(names) if "month" in name]
    january, july, december = cycles.transform(days[[15, 195, 350]])[:, month]
    assert np.linalg.norm(january - december) < 0.6 < 1.9 < np.linalg.norm(january - july)


def test_a_date_far_outside_training_is_clipped():
    cycles = DateCycles("d")
    cycles.fit(np.array([0.0, 1e6]), None)
    assert abs(cycles.transform_one(1e12)[0]) < 5


@pytest.mark.parametrize("values", [[np.nan, np.nan], [5.0, 5.0]])
def test_dates_without_information_are_rejected(values):
    for kind in (DateParts, FilledDateParts, DateCycles):
        with pytest.raises(RejectColumn):
            kind("d").fit(np.array(values), None)
