import pytest
from unit.engine.reports.made_up import HOSTILE, report_of

from windvane.engine.reports.files import PAPER, files_of

NAMES = ("a", "b", "c", "d", "e", "f", "g", "h", "i")


def test_every_name_can_be_printed():
    made = files_of(report_of(HOSTILE))[PAPER]
    assert made.startswith(b"%PDF-")
    assert made.rstrip().endswith(b"%%EOF")
    assert b"/JavaScript" not in made
    assert b"/URI" not in made


def test_the_same_report_is_the_same_file():
    assert files_of(report_of(NAMES))[PAPER] == files_of(report_of(NAMES))[PAPER]


@pytest.mark.parametrize("n_names", [1, 7, 8, 60])
def test_tables_of_any_width_fit(n_names):
    report = report_of(tuple(f"name {i}" for i in range(n_names)))
    assert files_of(report)[PAPER].startswith(b"%PDF-")
