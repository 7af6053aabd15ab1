"""The pictures of the documentation are as they are drawn, each for light and dark, and all are shown."""

import xml.etree.ElementTree as ET

import pytest

from scripts import curves, pictures
from scripts.drawing import FOLDER, files_of

DRAWN = {
    "how-it-works.md": pictures.PICTURES,
    "scaling.md": curves.drawings(curves.PAGE.read_text()),
}


def test_every_drawing_is_one_of_a_page():
    names = {name for drawn in DRAWN.values() for name in files_of(drawn)}
    assert {path.name for path in FOLDER.glob("*.svg")} == names


@pytest.mark.parametrize("page", DRAWN)
def test_pictures_are_as_they_are_drawn(page):
    for name, text in files_of(DRAWN[page]).items():
        assert (FOLDER / name).read_text() == text, (
            "run .venv/bin/python -m scripts.pictures, and scripts.curves"
        )
        assert ET.fromstring(text).tag.endswith("svg")


@pytest.mark.parametrize("page", DRAWN)
def test_every_picture_is_shown_with_words_for_those_who_do_not_see_it(page):
    text = (FOLDER.parent / page).read_text()
    shown = {line for line in text.splitlines() if line.startswith("![")}
    assert len(shown) == len(DRAWN[page])
    for name in DRAWN[page]:
        [line] = [one for one in shown if f"(pictures/{name}.svg)" in one]
        assert len(line.split("]")[0]) > 40
