from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.data.dates import FORMATS, date_reader
from windvane.engine.data.temporal import Dates, find_dates, find_epoch


def seconds(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[misc]


def found_in(texts: list[str]) -> Dates | None:
    return find_dates(texts, np.ones(len(texts), dtype=np.int64), 0.95)


@pytest.mark.parametrize(
    ("date_format", "text", "expected"),
    [
        ("%Y-%m-%d", "2013-02-27", seconds(2013, 2, 27)),
        ("%Y-%m-%d", "2013-02-27T16:05:00Z", seconds(2013, 2, 27, 16, 5)),
        ("%Y-%m-%d", "2013-02-27 16:05:09.5+02:00", seconds(2013, 2, 27, 14, 5, 9) + 0.5),
        ("%m/%d/%Y", "2/27/2013 4:05 PM", seconds(2013, 2, 27, 16, 5)),
        ("%m/%d/%Y", "2/27/2013 12:05 am", seconds(2013, 2, 27, 0, 5)),
        ("%d.%m.%Y", "27.02.2013", seconds(2013, 2, 27)),
        ("%d-%b-%y", "27-Feb-13", seconds(2013, 2, 27)),
        ("%b-%y", "Aug-62", seconds(1962, 8, 1)),
        ("%b %d, %Y", "February 27, 2013", seconds(2013, 2, 27)),
        ("%d %b %Y", "Wed, 27 Feb 2013 16:05:00 GMT", seconds(2013, 2, 27, 16, 5)),
        ("%Y, %b", "2010, December", seconds(2010, 12, 1)),
        ("%Y%m%d", "20130227", seconds(2013, 2, 27)),
        ("%H:%M", "16:05:30", 16 * 3600 + 5 * 60 + 30),
        ("epoch-s", "1361980800", 1361980800),
        ("epoch-ms", "1361980800500", 1361980800.5),
        ("%Y-%m-%d", "1903-01-01", seconds(1903, 1, 1)),
        # ISO 8601: basic, week and ordinal dates, hours alone, the end of a day
        ("%Y%m%d", "20150211T160509", seconds(2015, 2, 11, 16, 5, 9)),
        ("%Y%m%d", "20150211T1605Z", seconds(2015, 2, 11, 16, 5)),
        ("%Y%m%d", "20150211T160509+0100", seconds(2015, 2, 11, 15, 5, 9)),
        ("%Y-%m-%d", "2015-02-11t16:05z", seconds(2015, 2, 11, 16, 5)),
        ("%Y-%m-%d", "2015-02-11T16", seconds(2015, 2, 11, 16)),
        ("%Y-%m-%d", "2015-02-11T24:00", seconds(2015, 2, 12)),
        ("%G-W%V-%u", "2015-W07-3", seconds(2015, 2, 11)),
        ("%G-W%V-%u", "2015W073T16:05", seconds(2015, 2, 11, 16, 5)),
        ("%G-W%V", "2015-W07", seconds(2015, 2, 9)),
        ("%Y-%j", "2015-042", seconds(2015, 2, 11)),
        # pandas, Go, Java, Oracle, SQL Server, Unix, Apache
        ("%Y-%m-%d", "2015-02-11 16:05:09.000000001+00:00", seconds(2015, 2, 11, 16, 5, 9)),
        ("%Y-%m-%d", "2015-02-11 16:05:09.5 +0000 UTC", seconds(2015, 2, 11, 16, 5, 9) + 0.5),
        ("%Y-%m-%d", "2015-02-11T16:05+01:00[Europe/Berlin]", seconds(2015, 2, 11, 15, 5)),
        ("%d-%b-%y", "11-FEB-15 04.05.09.000000 PM", seconds(2015, 2, 11, 16, 5, 9)),
        ("%b %d %Y", "Feb 11 2015  4:05PM", seconds(2015, 2, 11, 16, 5)),
        ("%b %d %H:%M %Y", "Wed Feb 11 16:05:09 UTC 2015", seconds(2015, 2, 11, 16, 5, 9)),
        ("%d/%b/%Y", "11/Feb/2015:16:05:09 +0000", seconds(2015, 2, 11, 16, 5, 9)),
    ],
)
def test_a_date_is_read(date_format: str, text: str, expected: float) -> None:
    assert date_reader(date_format)(text) == expected


@pytest.mark.parametrize(
    ("date_format", "text"),
    [
        ("%Y-%m-%d", "2013-13-01"),
        ("%Y-%m-%d", "2013-02-30"),
        ("%Y-%m-%d", "2013-02-27 25:00"),
        ("%d-%b-%y", "27-Foo-13"),
        ("%m/%d/%Y", "2/27/2013 13:05 PM"),
        ("%Y-%m-%d", "2013"),
        ("%Y-%m-%d", "2013-02-27T24:01"),
        ("%G-W%V-%u", "2015-W54-1"),
        ("%Y-%j", "2015-366"),
        ("%Y-%j", "2015-000"),
        ("%H:%M", "16.05"),
    ],
)
def test_what_is_no_date_is_refused(date_format: str, text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        date_reader(date_format)(text)


def test_one_cell_tells_day_from_month() -> None:
    found = found_in(["03/04/2020", "05/06/2020", "25/12/2020"])
    assert found is not None
    assert found.formats == ("%d/%m/%Y",)
    assert "day first: confirmed by other values" in found.described


def test_dates_that_tell_nothing_are_read_month_first_and_said_so() -> None:
    found = found_in(["03/04/2020", "05/06/2020", "01/12/2020"])
    assert found is not None
    assert found.formats == ("%m/%d/%Y",)
    assert "no value shows whether the day or the month comes first" in found.described


def test_two_formats_in_one_column_are_both_read() -> None:
    found = found_in(["2010, December", "1997, July", "Aug-62", "Sep-75"])
    assert found is not None
    assert set(found.formats) == {"%Y, %b", "%b-%y"}


@pytest.mark.parametrize(
    ("texts", "date_format"),
    [
        (["20150211T000000", "20150212T010000"], "%Y%m%d"),
        (["2015-W07-3", "2015-W08-1"], "%G-W%V-%u"),
        (["2015-042", "2015-043"], "%Y-%j"),
        (["Wed Feb 11 16:05:09 2015", "Thu Feb 12 16:05:09 2015"], "%b %d %H:%M %Y"),
    ],
)
def test_dates_of_few_values_are_found(texts, date_format) -> None:
    found = found_in(texts)
    assert found is not None
    assert found.formats == (date_format,)


def test_years_among_dates_are_dates() -> None:
    found = found_in([*(f"{1950 + i}, May" for i in range(40)), "1961", "1972"])
    assert found is not None
    assert found.formats == ("%Y, %b", "%Y")
    assert found.unreadable == {}


@pytest.mark.parametrize(
    "texts",
    [
        ["1999", "2000", "2001"],
        ["12345678", "87654321", "20200101"],
        ["1.2.3", "4.5.6"],
        ["May", "June"],
        ["12-34", "56-78"],
    ],
)
def test_other_texts_are_no_dates(texts: list[str]) -> None:
    assert found_in(texts) is None


def test_epochs_are_told_by_the_name_of_the_column() -> None:
    texts = [str(1_500_000_000 + 86_400 * i) for i in range(20)]
    found = find_epoch("created_at", texts, 20)
    assert found is not None
    assert found.formats == ("epoch-s",)
    assert find_epoch("amount", texts, 20) is None


@pytest.mark.slow
@given(
    st.datetimes(datetime(1937, 1, 1), datetime(2035, 12, 31)),  # noqa: DTZ001 - made UTC below
    st.sampled_from([name for name in FORMATS if "%d" in name or name in ("%G-W%V-%u", "%Y-%j")]),
)
def test_every_format_reads_what_it_writes(moment: datetime, date_format: str) -> None:
    has_time = "%H" in date_format
    text = moment.strftime(date_format.replace("%M", "%M:%S") if has_time else f"{date_format} %T")
    expected = moment.replace(tzinfo=UTC, microsecond=0) - datetime(1970, 1, 1, tzinfo=UTC)
    assert timedelta(seconds=date_reader(date_format)(text)) == expected
