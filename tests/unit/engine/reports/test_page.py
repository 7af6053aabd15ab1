from html.parser import HTMLParser

import pytest
from unit.engine.reports.made_up import HOSTILE, report_of

from windvane.engine.reports.files import pictures_of
from windvane.engine.reports.page import page_of


class Shape(HTMLParser):
    """The elements of a page, and everything in it that could run or be fetched."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.harmful, self.texts, self._open = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self._open.append(tag)
        for name, value in attributes:
            if name.startswith("on") or (
                name in ("href", "src", "xlink:href") and not (value or "").startswith("#")
            ):
                self.harmful.append((tag, name, value))

    def handle_endtag(self, tag):
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, text):
        if self._open[-1:] != ["style"]:
            self.texts.append(text)


PLAIN = tuple(f"name {i}" for i in range(len(HOSTILE)))


def page(report):
    return page_of(report, pictures_of(report))


@pytest.fixture(scope="module")
def hostile():
    return Shape(page(report_of(HOSTILE)))


@pytest.mark.slow
def test_names_from_data_add_no_element_and_nothing_that_runs(hostile):
    outside = [
        one
        for one in hostile.elements
        if one in ("script", "img", "iframe", "object", "embed", "link")
    ]
    assert outside == []
    assert hostile.harmful == []
    structure = {"table", "tr", "td", "section", "figure", "article", "p", "h1", "h2", "h3", "svg"}
    plain = Shape(page(report_of(PLAIN)))
    assert [one for one in hostile.elements if one in structure] == [
        one for one in plain.elements if one in structure
    ]


@pytest.mark.slow
def test_names_can_be_read_as_they_are(hostile):
    assert "<script>alert(1)</script>" in hostile.texts
    assert "{{ 7*7 }} {% raw %}" in hostile.texts


def test_a_figure_has_its_numbers_beside_it_and_names_of_its_own():
    drawn = page(report_of(("a", "b")))
    assert drawn.count("<summary>Numbers</summary>") == 2
    clips = [part.split('"')[0] for part in drawn.split('<clipPath id="')[1:]]
    assert clips
    assert len(clips) == len(set(clips))


@pytest.mark.slow
def test_the_same_report_is_the_same_page():
    assert page(report_of(PLAIN)) == page(report_of(PLAIN))


def test_pictures_take_the_colour_of_the_text_around():
    drawn = page(report_of(("a", "b")))
    assert "currentColor" in drawn
    assert "#010203" not in drawn
