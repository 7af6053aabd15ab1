"""The glossary, and the terms that link to it."""

import re
from pathlib import Path

import pytest
from markupsafe import escape

from windvane.console.draw import environment
from windvane.console.terms import anchor_of, term
from windvane.glossary import TERMS

DOCS = Path(__file__).parents[3] / "docs" / "glossary.md"
TEMPLATES = Path(__file__).parents[3] / "windvane" / "console" / "templates"


def test_the_page_has_every_term_under_its_anchor(browser):
    page = browser.get("/console/glossary").text
    for name, meaning in TERMS.items():
        assert f'id="{anchor_of(name)}">{escape(name)}<' in page
        assert str(escape(meaning)) in page


def test_the_document_is_the_same_table():
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| (.+) \|$", DOCS.read_text(), re.MULTILINE)
    assert {name: re.sub("[*`]", "", meaning) for name, meaning in rows} == dict(TERMS)
    assert [name for name, _ in rows] == list(TERMS)


def test_every_term_that_a_template_names_is_known():
    text = "".join(file.read_text() for file in TEMPLATES.rglob("*.html"))
    named = re.findall(r'\bterm\("([^"]+)"', text)
    assert len(named) > 15
    assert [name for name in named if name not in TERMS] == []


def test_a_term_is_a_link_that_shows_its_meaning():
    made = environment().from_string('{{ term("SHAP value", "<b>") }}').render()
    assert made.startswith(
        '<a class="term" href="/console/glossary#shap-value" title="The contribution'
    )
    assert made.endswith("&lt;b&gt;</a>")


def test_a_term_that_the_glossary_has_not_is_an_error():
    with pytest.raises(KeyError):
        term("vibe")
