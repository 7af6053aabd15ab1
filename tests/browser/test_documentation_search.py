"""The search of the documentation, asked as people ask: the page that has the answer is the first or second hit."""

import re
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import quote

import pytest
from journeys.running import ROOT
from playwright.sync_api import expect

SPHINX = ROOT / ".venv" / "docs" / "bin" / "sphinx-build"

ASKED = {
    # who knows neither machine learning nor AWS
    "What file do I need?": "questions",
    "What does ± mean?": "questions",
    "How do I get predictions for a file?": "questions",
    "Can I trust the model?": "questions",
    "Where is my data stored?": "questions",
    "How do I start over?": "tutorial-browser",
    "What is a candidate?": "questions",
    "How long does a job take?": "questions",
    "How do I stop a job and keep the best?": "questions",
    "How do I remove Windvane?": "questions",
    # a data scientist
    "How do I keep it from using column X?": "questions",
    "exclude a column": "questions",
    "Why did my job stop early?": "questions",
    "How do I split by time?": "data",
    "feature importance": "questions",
    "imbalanced classes": "questions",
    "How do I weight rows?": "questions",
    "How do I classify texts?": "questions",
    "How do I forecast many series?": "questions",
    "cross_val_score": "scikit-learn",
    # who runs a server
    "How do I back it up?": "questions",
    "backup": "backup",
    "How do I give a colleague access?": "questions",
    "What happens when the disk is full?": "questions",
    "How do I monitor it?": "questions",
    "reset password": "questions",
    "How do I set up TLS?": "clients",
    "How do I verify the audit log?": "audit",
    "Where are the metrics?": "configuration",
    "How do I run it on Kubernetes?": "install",
}
"""Words typed into the search, and the page that has the answer."""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not SPHINX.exists(), reason="`make docs` makes .venv/docs, which it needs"),
]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing of requests."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of the site of these pages, built anew."""
    folder = tmp_path_factory.mktemp("site")
    build = [SPHINX, "--quiet", "-b", "html", "-d", folder / "doctrees", ROOT / "docs"]
    subprocess.run([*build, folder / "pages"], check=True)
    handler = partial(_Quiet, directory=folder / "pages")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def page(browser):
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("words", "answer"), ASKED.items())
def test_the_answer_is_the_first_or_second_hit(site, page, words, answer):
    page.goto(f"{site}/search.html?q={quote(words)}")
    expect(page.locator(".search-summary")).to_have_text(re.compile("found|did not match"))
    hits = page.locator("#search-results ul.search > li > a")
    found = [hit.get_attribute("href") for hit in hits.all()[:2]]
    assert f"{answer}.html" in {hit.split("?")[0].split("#")[0] for hit in found}
