import pytest
from unit.engine.reports.made_up import HOSTILE, report_of

from windvane.engine.reports.paper import pdf_of

NAMES = ("a", "b", "c", "d", "e", "f", "g", "h", "i")


def test_every_name_can_be_printed():
    made = pdf_of(report_of(HOSTILE))
    assert made.startswith(b"%PDF-")
    assert made.rstrip().endswith(b"%%EOF")
    assert b"/JavaScript" not in made
    assert b"/URI" not in made


def test_the_same_report_is_the_same_file():
    assert pdf_of(report_of(NAMES)) == pdf_of(report_of(NAMES))


@pytest.mark.parametrize("n_names", [1, 7, 8, 60])
def test_tables_of_any_width_fit(n_names):
    assert pdf_of(report_of(tuple(f"name {i}" for i in range(n_names)))).startswith(b"%PDF-")
