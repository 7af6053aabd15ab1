"""The documentation site: what is answered where it was built and where not, and what its pages may do."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from windvane.console.notes import remedy_anchor
from windvane.documentation import HEADERS, INLINE_SCRIPT_SHA256, PAGES, DocumentationSite, is_built
from windvane.notes.sentences import SENTENCES

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "windvane" / "console" / "templates"
WITH_THE_HELP_OF_WHAT_THEY_EXTEND = {
    "candidate/forecast.html",
    "candidate/forecast_explanation.html",
    "entered.html",
}


def got(site: DocumentationSite, path: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return await asyncio.Future()  # who asked stays, and says nothing more

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    asyncio.run(site(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent[1:])


@pytest.fixture
def site(tmp_path):
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.html").write_text("<h1>Windvane</h1>")
    (pages / "_static").mkdir()
    (pages / "jobs.html").write_text("<h1>Jobs</h1>")
    (tmp_path / "secret.txt").write_text("secret")
    return DocumentationSite(pages)


@pytest.mark.parametrize(("path", "body"), [("/docs/", b"Windvane"), ("/docs/jobs.html", b"Jobs")])
def test_pages_are_answered_and_may_load_nothing_from_elsewhere(site, path, body):
    status, headers, answer = got(site, path)
    assert (status, body in answer) == (200, True)
    assert headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "path",
    [
        "/docs/none.html",
        "/docs/../secret.txt",
        "/docs//etc/passwd",
        "/docs/_static",
        "/docs/_static/..",  # no redirect, which would lead to the host that the request names
    ],
)
def test_nothing_else_is_answered(site, path):
    status, headers, answer = got(site, path)
    assert (status, b"no such page" in answer) == (404, True)
    assert "content-security-policy" in headers


def test_an_installation_without_pages_says_how_to_build_them(tmp_path):
    status, _, answer = got(DocumentationSite(tmp_path / "none"), "/docs/")
    assert (status, b"make docs" in answer) == (404, True)
    assert not is_built(tmp_path / "none")


def anchors(page: str) -> set[str]:
    """The anchors of a page of docs/: of its headings as on GitHub, and those that it names."""
    text = (ROOT / "docs" / f"{page}.md").read_text()
    titles = re.findall(r"^#{1,4} (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r'<a id="([^"]+)"></a>', text))


def linked() -> set[tuple[str, str]]:
    """Pages of the documentation that templates link, with anchors ("" for none)."""
    link = r"([\w-]+)\.html(?:#([\w-]*))?"
    found = set()
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        for block in re.findall(r"block documentation %}(.*?){% endblock", text):
            found |= set(re.findall(link, block))
        for anchor in re.findall(r"m\.remedy\((.*?)\) }}", text):
            found |= {("errors", one) for one in re.findall(r'"([\w-]+)"', anchor)}
        found |= set(re.findall(rf"/docs/{link}", text)) - {("errors", "")}
    return found


def test_links_from_the_console_lead_to_places_in_the_documentation():
    found = linked()
    assert len(found) > 15
    assert ("errors", "the-end-of-a-job") in found
    pages = {page for page, _ in found}
    there = {page: anchors(page) for page in pages}
    assert {(page, at) for page, at in found if at and at not in there[page]} == set()


def test_every_page_of_the_console_says_where_its_help_is():
    whole = [one for one in TEMPLATES.rglob("*.html") if "{% extends" in one.read_text()]
    lacking = {
        str(one.relative_to(TEMPLATES))
        for one in whole
        if "{% block documentation %}" not in one.read_text()
    }
    assert lacking <= WITH_THE_HELP_OF_WHAT_THEY_EXTEND


def test_what_a_job_lacks_is_explained_at_its_own_anchor():
    there = anchors("errors")
    assert {remedy_anchor(code.value) for code in SENTENCES} <= there


@pytest.mark.skipif(not is_built(), reason="`make docs` has not built the documentation")
def test_the_one_script_within_built_pages_is_the_one_that_is_allowed():
    found = {
        "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for page in PAGES.rglob("*.html")
        for script in re.findall(
            r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page.read_text(), re.DOTALL
        )
    }
    assert found == {INLINE_SCRIPT_SHA256}


@pytest.mark.skipif(not is_built(), reason="`make docs` has not built the documentation")
def test_every_built_page_leads_back_to_the_console():
    built = [PAGES / f"{page.stem}.html" for page in (ROOT / "docs").glob("*.md")]
    assert [page for page in built if 'href="../console/"' not in page.read_text()] == []


def test_the_page_of_searches_has_a_field_and_says_what_to_type():
    page = (ROOT / "docs" / "_templates" / "search.html").read_text()
    assert re.search(r'<form [^>]*action="search.html" method="get"', page)
    assert re.search(r'<input type="search" name="q" aria-label="[^"]+"', page)
    assert "Type a word or several" in page
    assert "{{ super() }}" in page
