import numpy as np
import pyarrow as pa
import pytest

from windvane.engine.data import times
from windvane.engine.data.times import read_times, read_times_as
from windvane.errors import DataFault


def column(texts):
    return pa.chunked_array([pa.array(texts, pa.string())])


def days(texts):
    return (
        read_times(column(texts), "t").astype("datetime64[s]").astype("datetime64[D]").astype(str)
    )


def test_days_that_can_be_read_in_two_ways_are_read_in_the_way_that_reads_all():
    assert days(["01/02/2024", "13/02/2024"]).tolist() == ["2024-02-01", "2024-02-13"]
    assert days(["01/02/2024", "02/13/2024"]).tolist() == ["2024-01-02", "2024-02-13"]


def test_a_usual_format_is_tried_first_and_is_told():
    seconds, written = read_times_as(column(["01/02/2024"]), "t", "%d/%m/%Y")
    assert (seconds.tolist(), written) == ([1_706_745_600], "%d/%m/%Y")
    assert read_times_as(column(["01/02/2024"]), "t")[1] == "%m/%d/%Y"
    assert read_times_as(column(["2024-02-01"]), "t", "%d/%m/%Y")[1] == ""


def test_of_very_many_times_those_that_decide_are_found(monkeypatch):
    """The only day that tells the order of the parts is none of those that are looked at first."""
    monkeypatch.setattr(times, "_SAMPLED", 5)
    told = [f"01/02/{year}" for year in range(1900, 2000)] + ["25/02/2000"]
    assert days(told)[-1] == "2000-02-25"


def test_texts_that_are_no_times_are_looked_at_a_few_times_only(monkeypatch):
    n_read = 0
    read = times._read

    def counted(*given):
        nonlocal n_read
        n_read += 1
        return read(*given)

    monkeypatch.setattr(times, "_read", counted)
    monkeypatch.setattr(times, "_SAMPLED", 10)
    with pytest.raises(DataFault, match="20,000 rows of the timestamp column 't' cannot be read"):
        read_times(column([f"x{i}" for i in range(20_000)]), "t")
    assert n_read < 21_000


def test_rows_that_are_written_otherwise_are_named():
    with pytest.raises(DataFault, match=r"row 2, the first of them 'soon'.* Most are written as"):
        read_times(column(["01.02.2024", "soon", "03.02.2024"]), "t")
    with pytest.raises(DataFault, match="1 row without a value in the timestamp column 't': row 2"):
        read_times(column(["2024-01-01", None]), "t")
    assert np.array_equal(days(["2024-01-01"]), ["2024-01-01"])


def test_zones_are_read():
    assert read_times(column(["2024-01-01T10+01:00"]), "t").tolist() == [1_704_099_600]


@pytest.mark.parametrize("text", ["-999-01-01", "+200-01-01", "0000-01-01"])
def test_years_of_no_calendar_are_no_times(text):
    with pytest.raises(DataFault, match="cannot be read as times"):
        read_times(column([text]), "t")
