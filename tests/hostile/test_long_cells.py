"""Cells of thousands of spaces or digits that are no number, or no date, after all: in how many ways they could be taken
apart was tried out. A request of 100 KB kept a model process busy until it was ended, and a table with one such cell the
worker that reads the tables of all accounts."""

from __future__ import annotations

import time

import pytest

from windvane.console.trying.downloads import safe_cell
from windvane.engine.data.dates import FORMATS, date_reader
from windvane.engine.data.numerals import NOTATIONS, Notation, number_reader

N = 30_000
SPACES, DIGITS = " " * N, "1" * N
WITHIN_S = 1.0


@pytest.mark.parametrize("notation", [*NOTATIONS, Notation(affix="kg")], ids=str)
def test_no_cell_takes_long_to_be_no_number(notation: Notation) -> None:
    read = number_reader(notation)
    cells = (
        f"{DIGITS}x",
        f"${SPACES}x1",
        f"-{SPACES}x1",
        f"1{SPACES}x",
        f"0.{DIGITS}x",
        f"1e{DIGITS}x",
        f"1{',111' * N}x",
        f"1{'.111' * N}x",
    )
    began = time.thread_time()
    for cell in cells:
        with pytest.raises(ValueError):  # noqa: PT011 - what is raised is the cell
            read(cell)
    assert time.thread_time() - began < WITHIN_S


@pytest.mark.parametrize("date_format", FORMATS)
def test_no_cell_takes_long_to_be_no_date(date_format: str) -> None:
    read = date_reader(date_format)
    dates = ("2020-01-02", "1 Jan 2020", "Jan 1, 2020", "01/02/2020", "20200102", "10:10")
    began = time.thread_time()
    for date in dates:
        for cell in (
            f"{date},{SPACES}x",
            f"{date},{SPACES}10:10:10{SPACES}PM{SPACES}x",
            f"Monday,{SPACES}{date}{SPACES}x",
        ):
            with pytest.raises(ValueError):  # noqa: PT011 - what is raised is the cell
                read(cell)
    assert time.thread_time() - began < WITHIN_S


def test_no_cell_of_a_download_takes_long() -> None:
    """A row that somebody pasted: while its cell was looked at nobody else had the interpreter, so that the whole server
    stood still for minutes."""
    began = time.thread_time()
    assert safe_cell(f"-{DIGITS * 10}x") == f"'-{DIGITS * 10}x"
    assert time.thread_time() - began < WITHIN_S
    assert safe_cell("-1.5e3") == "-1.5e3"


def test_what_was_a_number_or_a_date_is_one() -> None:
    assert number_reader(Notation(",", ".", "money"))("-$ 1,234.50") == -1234.5
    assert number_reader(Notation(" ", ","))("1 234 567,5") == 1234567.5
    assert number_reader(Notation(affix="kg"))("12.5   kg") == 12.5
    assert number_reader(Notation())("1.") == 1.0
    assert date_reader("%Y-%m-%d")("2020-01-02,  10:20 PM UTC") == 1578003600.0
    assert date_reader("%d %b %Y")("Thu,  2  Jan  2020") == 1577923200.0
