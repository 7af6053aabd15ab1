"""From a file to predictions and back to nothing: the whole path through the console, with either hand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import expect

from browser.hands import Keyboard, Mouse

_JOB_MS = 900_000
_READY_MS = 240_000

_SMALLEST_TEXT = """
() => Array.from(document.querySelectorAll(".chart svg text"), (one) =>
  [parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a, one.textContent]).sort((a, b) => a[0] - b[0])[0]
"""
"""Its height, in pixels of the screen, and what it says."""


@dataclass(frozen=True)
class Errand:
    """What is to be made of which file.

    time_limit, candidates    limits as typed; "" for none
    """

    file: Path
    target: str
    job: str
    time_limit: str = ""
    candidates: str = ""

    @property
    def endpoint(self):
        return f"{self.job}-live"


class Walk:
    """Each step begins on the page where the one before it ends."""

    def __init__(self, page, hands: Mouse | Keyboard, errand):
        self._page = page
        self._hands = hands
        self._errand = errand

    def bring_the_file(self):
        """From the list of jobs to a table that is looked at."""
        page = self._page
        self._hands.activate(page.get_by_role("link", name="New job").first)
        page.wait_for_url("**/console/new")
        self._hands.hand_over(page.locator("[data-upload]"), self._errand.file)
        page.wait_for_url("**/console/new?uri=*")
        page.locator("table.cells").wait_for()

    def ask_for_the_job(self):
        """Choose target and limits; ends on the page of the job."""
        page, errand, hands = self._page, self._errand, self._hands
        hands.choose(page.get_by_label("Column to predict"), errand.target)
        page.get_by_role("heading", name="Data checks").wait_for()
        assert "(detected)" in page.get_by_label("Problem type").inner_text()
        hands.fill(page.get_by_label("Time limit"), errand.time_limit)
        hands.fill(page.get_by_label("Maximum candidates"), errand.candidates)
        hands.fill(page.get_by_label("Job name"), errand.job)
        code = page.locator("#code")
        code.get_by_text(f'"{errand.job}"').first.wait_for()
        hands.activate(page.get_by_role("button", name="Start the job", exact=True))
        page.wait_for_url(f"**/console/jobs/{errand.job}")

    def watch_it_complete(self):
        """The page that was loaded once tells of candidates while they come, and of the end."""
        page = self._page
        page.evaluate("window.loadedOnce = true")
        page.locator(f"th a[href*='/jobs/{self._errand.job}/candidates/']").first.wait_for(
            timeout=_JOB_MS
        )
        page.locator(".badge", has_text=re.compile("^Completed$")).first.wait_for(timeout=_JOB_MS)
        best = page.get_by_role("link", name="Open the best candidate")
        best.wait_for()
        assert page.evaluate("window.loadedOnce"), "the page was loaded again"
        self._hands.activate(best)
        page.wait_for_url("**/candidates/*")

    def see_the_candidate(self):
        """All its parts, and back to the first."""
        page = self._page
        for part in ("Quality", "Explanation", "Steps", "Files", "Overview"):
            tab = page.get_by_role("navigation", name="Parts of this candidate").get_by_role("link")
            self._hands.activate(tab.filter(has_text=part))
            page.locator(f"nav.tabs a[aria-current=page]:has-text('{part}')").wait_for()

    def move_the_threshold(self):
        """The mark of the threshold follows the slider; no text of a chart is small. Ends on the candidate's first part."""
        page = self._page
        parts = page.get_by_role("navigation", name="Parts of this candidate")
        parts.get_by_role("link", name="Quality").click()
        line, slider = page.locator("line[data-x]"), page.get_by_label("Threshold", exact=True)
        before = line.get_attribute("x1")
        slider.fill("0.9" if float(slider.input_value()) < 0.5 else "0.1")
        expect(line).not_to_have_attribute("x1", before)
        assert (
            page.locator(".chart circle[data-x] title")
            .first.text_content()
            .startswith(f"At the threshold {slider.input_value()}")
        )
        height, text = page.evaluate(_SMALLEST_TEXT)
        assert round(height, 2) >= 12, text
        parts.get_by_role("link", name="Overview").click()

    def deploy(self):
        page, name = self._page, self._errand.endpoint
        self._hands.fill(page.get_by_label("Endpoint name"), name)
        self._hands.activate(page.locator("#deploy").get_by_role("button", name="Deploy"))
        page.wait_for_url(f"**/console/endpoints/{name}")
        self._wait_in_service()

    def try_a_row(self, labels):
        """Ask for the typical row, see an answer and its reasons, and come back to the endpoint."""
        page = self._page
        self._hands.activate(page.get_by_role("link", name="Try it"))
        page.wait_for_url("**/try")
        self._hands.activate(page.get_by_role("button", name="Predict", exact=True).first)
        page.locator(".try-headline").wait_for()
        assert page.locator(".try-headline").inner_text() in labels
        page.locator("#reasons figure").first.wait_for(timeout=_READY_MS)
        expect(page.locator("#earlier")).to_be_hidden()
        self._hands.fill(page.locator("#row-form input[type=number]").first, "1")
        expect(page.locator("#earlier")).to_contain_text("earlier values")
        self._hands.activate(page.get_by_role("link", name=self._errand.endpoint).first)
        page.wait_for_url(f"**/{self._errand.endpoint}")

    def change_weights(self):
        page = self._page
        self._hands.activate(page.get_by_role("link", name="Traffic and scaling"))
        page.wait_for_url("**/change")
        self._hands.fill(page.get_by_label("Weight", exact=True), "3")
        self._hands.fill(page.get_by_label("Instances", exact=True), "2")
        self._hands.activate(page.get_by_role("button", name="Save changes"))
        page.wait_for_url(f"**/{self._errand.endpoint}*")
        [weight, _, instances, processes] = page.locator("tbody[sse-swap=variants] td").all()[:4]
        for cell, told in ((weight, "3"), (instances, "2"), (processes, "2")):
            expect(cell).to_have_text(told, timeout=_READY_MS)
        self._wait_in_service()

    def delete(self):
        """Another name does not delete it; its own does."""
        page, name = self._page, self._errand.endpoint
        self._hands.activate(page.get_by_role("link", name="Delete"))
        page.wait_for_url("**/delete")
        confirm, button = page.locator("#confirm"), page.get_by_role("button", name="Delete")
        self._hands.fill(confirm, f"{name}-x")
        self._hands.activate(button)
        assert page.url.endswith("/delete")
        assert not confirm.evaluate("one => one.validity.valid")
        self._hands.fill(confirm, name)
        self._hands.activate(button)
        page.wait_for_url("**/console/endpoints?*")
        page.get_by_text(f"Endpoint {name} is being deleted").wait_for()
        page.get_by_role("row").filter(has_text=name).wait_for(state="detached")

    def _wait_in_service(self):
        badge = self._page.locator(".badge", has_text=re.compile("^In service$|^InService$"))
        badge.first.wait_for(timeout=_READY_MS)
