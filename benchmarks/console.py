"""Measure how soon pages of the console can be used: python -m benchmarks.console [--visits N]

A server in a temporary folder holds 100 ended jobs of 50 candidates each and one of 750 (benchmarks/seeded.py); the
distribution's Chromium visits it over loopback. Milliseconds from the click to: the first byte; first paint; interactive
(the page is parsed and its scripts have run: every control works); loaded. Bytes are what comes over the wire on a first
visit. Then it scrolls through the leaderboard and tells how long frames take.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, Request

from benchmarks.chromium import chromium
from benchmarks.consoled import Served, served, sign_in
from benchmarks.markdown import markdown_table
from benchmarks.seeded import LARGE, seed

_PAGES = {
    "jobs": "/console/",
    "jobs, filtered": "/console/?name=seeded-0",
    "leaderboard of 750": f"/console/jobs/{LARGE}/leaderboard",
    "job of 750": f"/console/jobs/{LARGE}",
    "new job": "/console/new",
    "endpoints": "/console/endpoints",
}
_TIMES = """
() => {
  const [visit] = performance.getEntriesByType("navigation");
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return [visit.responseStart, paint ? paint.startTime : visit.domInteractive,
          visit.domContentLoadedEventEnd, visit.loadEventEnd];
}
"""
_SCROLL = """
async () => {
  const board = document.querySelector(".board-wrap");
  const times = [];
  let before = await new Promise(requestAnimationFrame);
  const scrolls = (at) => at.scrollHeight > at.clientHeight + 1;
  const whole = document.scrollingElement;
  for (let i = 0; i < 240; i++) {
    (scrolls(board) ? board : whole).scrollBy(0, 100);
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  return times;
}
"""


@dataclass(frozen=True)
class Visit:
    """Milliseconds since the click, and bytes over the wire."""

    first_byte: float
    painted: float
    interactive: float
    loaded: float
    n_bytes: int


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="windvane-console-") as name,
        served(Path(name) / "data") as server,
        chromium() as browser,
    ):
        seed(server.data_dir, n_jobs=100, n_candidates=50, n_large=750)
        rows = [
            _row(name, [_visit(browser, server, path) for _ in range(asked.visits)])
            for name, path in _PAGES.items()
        ]
        head = ["page", "first byte", "painted", "interactive", "worst", "loaded", "kB"]
        print(markdown_table(head, rows))
        print(_scrolling(browser, server))
    return 0


def _row(name: str, visits: Sequence[Visit]) -> list[str]:
    def median(figures: list[float]) -> str:
        return f"{statistics.median(figures):.0f}"

    return [
        name,
        median([one.first_byte for one in visits]),
        median([one.painted for one in visits]),
        median([one.interactive for one in visits]),
        f"{max(one.interactive for one in visits):.0f}",
        median([one.loaded for one in visits]),
        median([one.n_bytes / 1000 for one in visits]),
    ]


def _visit(browser: Browser, server: Served, path: str) -> Visit:
    """The first one of a browser that knows nothing of the server."""
    page = _page(browser, server)
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))
    page.goto(server.url + path, wait_until="load")
    n_bytes = sum(request.sizes()["responseBodySize"] for request in finished)
    times = page.evaluate(_TIMES)
    page.context.close()
    return Visit(*times, n_bytes)


def _scrolling(browser: Browser, server: Served) -> str:
    page = _page(browser, server)
    page.goto(server.url + _PAGES["leaderboard of 750"], wait_until="load")
    times = sorted(page.evaluate(_SCROLL))
    page.context.close()
    middle, late = times[len(times) // 2], times[int(len(times) * 0.95)]
    return (
        f"Scrolling through 750 candidates, 100 px a frame: frames of {middle:.1f} ms at the "
        f"median, {late:.1f} ms at the 95th percentile, {times[-1]:.1f} ms at worst."
    )


def _page(browser: Browser, server: Served) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    sign_in(page, server.data_dir)
    return page


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=5, help="of each page")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
