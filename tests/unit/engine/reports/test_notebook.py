import json
import re

import nbformat
import pytest
from nbformat.validator import validate
from unit.engine.reports.made_up import HOSTILE, report_of
from unit.engine.reports.test_page import Shape

from windvane.engine.reports.document import Report, Section, Table
from windvane.engine.reports.files import NOTEBOOK, files_of
from windvane.engine.reports.notebook import markdown


@pytest.fixture(scope="module")
def hostile():
    return nbformat.reads(files_of(report_of(HOSTILE))[NOTEBOOK].decode(), as_version=4)


@pytest.mark.slow
def test_it_is_a_notebook_in_which_nothing_runs(hostile):
    validate(hostile)
    assert {cell.cell_type for cell in hostile.cells} == {"markdown"}


@pytest.mark.slow
def test_names_from_data_are_no_markup(hostile):
    for cell in hostile.cells:
        shape = Shape(cell.source)
        assert set(shape.elements) <= {"details", "summary"}
        told = re.sub(r"\]\((attachment:figure\.png|#[A-Za-z0-9-]+)\)", "", cell.source)
        assert "](" not in told
        assert "$" not in cell.source
        assert "`" not in cell.source


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stays_one_cell_of_a_table(name):
    assert "|" not in markdown(name)
    assert len(markdown(name).splitlines()) <= 1


def test_contents_lead_to_sections_and_numbers_of_pictures_are_folded_away():
    made = nbformat.reads(files_of(report_of(("a", "b")))[NOTEBOOK].decode(), as_version=4)
    head, *others = (cell.source for cell in made.cells)
    links = re.findall(r"- \[([^\]]+)\]\(#([^)]+)\)", head)
    assert links
    for title, anchor in links:
        assert f"## {title}" in others
        assert anchor == title.replace(" ", "-")
    pictures = [one for one in others if "attachment:figure.png" in one]
    assert pictures
    for one in pictures:
        assert one.endswith("\n\n</details>")
        assert "\n\n<details><summary>Numbers</summary>\n\n" in one


def test_a_number_stays_on_one_line_with_its_unit():
    table = Table(("Name", "Share"), [("a b", "99.7 %")], frozenset({1}))
    report = Report("Title", "Lead", (), (Section("Shares", [table]),))
    made = nbformat.reads(files_of(report)[NOTEBOOK].decode(), as_version=4)
    assert "| a b | 99.7\N{NO-BREAK SPACE}% |" in made.cells[-1].source


def test_pictures_are_in_the_file(hostile):
    pictures = [cell for cell in hostile.cells if cell.get("attachments")]
    assert len(pictures) == 2
    assert all("attachment:figure.png" in cell.source for cell in pictures)


@pytest.mark.slow
def test_the_same_report_is_the_same_file():
    report = report_of(("a", "b"))
    assert files_of(report)[NOTEBOOK] == files_of(report)[NOTEBOOK]
    json.loads(files_of(report)[NOTEBOOK])
