"""A page that watches a job goes on through a reload, and through a server that dies and comes back."""

import re

import pytest
from journeys.running import RunningServer, limits
from journeys.several import free_port
from journeys.small import table

from benchmarks.consoled import sign_in, until

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

_JOB_MS = 900_000


@pytest.fixture
def mortal(tmp_path):
    """A server that comes back at the same address."""
    running = RunningServer(tmp_path / "data", "--port", str(free_port()))
    yield running
    running.stop()


def test_a_watched_job_outlives_its_server(mortal, browser):
    context = browser.new_context(base_url=mortal.url)
    context.set_default_timeout(240_000)
    page = context.new_page()
    sign_in(page, mortal.folder)
    uri = mortal.upload("live/table.csv", table(of_classes=True))
    mortal.create_job("live", uri, AutoMLJobConfig=limits(20, 600))
    page.goto("/console/jobs/live")
    candidates = page.locator("th a[href*='/jobs/live/candidates/']")
    candidates.first.wait_for(timeout=_JOB_MS)
    page.reload()
    assert candidates.first.is_visible()
    page.evaluate("window.loadedOnce = true")

    mortal.kill()
    mortal.start()
    sagemaker = mortal.client("sagemaker")
    until(lambda: sagemaker.describe_auto_ml_job(AutoMLJobName="live"), bool)
    page.locator(".badge", has_text=re.compile("^Completed$")).first.wait_for(timeout=_JOB_MS)
    assert page.evaluate("window.loadedOnce"), "the page was loaded again"
    page.get_by_role("link", name="Open the best candidate").click()
    page.wait_for_url("**/candidates/*")
    context.close()
