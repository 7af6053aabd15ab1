"""What a browser has to load. How long it takes is measured by hand: python -m benchmarks.console"""

from pathlib import Path

import pytest

import windvane.console
from benchmarks.consoled import served, sign_in
from benchmarks.seeded import LARGE, seed

FIRST_LOAD_BYTES = 300_000
ASSETS_BYTES = 1_500_000
STATIC = Path(windvane.console.__file__).parent / "static"


def first_load(context, path):
    """Bytes as they came over the wire, compressed, by what was loaded; nothing was kept from an earlier visit."""
    page = context.new_page()
    finished = []
    page.on("requestfinished", lambda request: finished.append(request))
    page.goto(path, wait_until="load")
    loaded = {request.url: request.sizes()["responseBodySize"] for request in finished}
    page.close()
    assert any("console.css" in url for url in loaded), loaded
    return loaded


def test_all_assets_are_small():
    files = [file for file in STATIC.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= ASSETS_BYTES


@pytest.mark.parametrize("path", ["/console/", "/console/new", "/console/endpoints"])
def test_the_first_load_is_small(context_of, path):
    loaded = first_load(context_of(), path)
    assert sum(loaded.values()) <= FIRST_LOAD_BYTES, loaded


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_first_load_is_small_after_much_work(browser, tmp_path):
    with served(tmp_path / "data") as server:
        seed(server.data_dir, n_jobs=100, n_candidates=50, n_large=750)
        board = f"/console/jobs/{LARGE}/leaderboard"
        for path in ("/console/", board, f"/console/jobs/{LARGE}"):
            context = browser.new_context(base_url=server.url)
            sign_in(context.new_page(), server.data_dir)
            context.new_cdp_session(context.pages[0]).send("Network.clearBrowserCache")
            loaded = first_load(context, path)
            assert sum(loaded.values()) <= FIRST_LOAD_BYTES, loaded
            context.close()
