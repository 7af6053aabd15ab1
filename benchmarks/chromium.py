"""The distribution's Chromium, driven by Playwright. Run it to hear where the browser is (exit code 1: nowhere)."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def path_of_chromium() -> str | None:
    """The first of `NAMES` that the machine has."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own, with a new profile that is deleted afterwards. While it is open, the thread has an event
    loop that runs: no `asyncio.run` beside it.

    raises    FileNotFoundError if the machine has no Chromium
    """
    path = path_of_chromium()
    if path is None:
        raise FileNotFoundError(
            f"There is none of {', '.join(NAMES)}: install your distribution's package chromium."
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def main() -> int:
    path = path_of_chromium()
    if path is None:
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
