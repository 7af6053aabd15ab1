"""The pictures of the documentation are as they are drawn, each for light and dark, and all are shown."""

import xml.etree.ElementTree as ET

from scripts.pictures import FOLDER, PICTURES, files


def test_pictures_are_as_they_are_drawn():
    drawn = files()
    assert {path.name for path in FOLDER.glob("*.svg")} == set(drawn)
    for name, text in drawn.items():
        assert (FOLDER / name).read_text() == text, "run .venv/bin/python -m scripts.pictures"
        assert ET.fromstring(text).tag.endswith("svg")


def test_every_picture_is_shown_with_words_for_those_who_do_not_see_it():
    page = (FOLDER.parent / "how-it-works.md").read_text()
    shown = {line for line in page.splitlines() if line.startswith("![")}
    assert len(shown) == len(PICTURES)
    for name in PICTURES:
        [line] = [one for one in shown if f"(pictures/{name}.svg)" in one]
        assert len(line.split("]")[0]) > 40
