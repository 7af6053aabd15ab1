"""A job is watched in a browser: its page changes by itself, with scripts and without, and outlives its server."""

import re

import pytest
from journeys.running import RunningServer, limits
from journeys.small import table

CANDIDATE = "main .table a[href*='/candidates/']"
CONFIG = limits(200, 600)


WATCH_NOTIFICATIONS = """
window.asked = 0;
window.notified = [];
window.Notification = class {
  static permission = "default";
  static async requestPermission() { window.asked++; return (this.permission = "granted"); }
  constructor(title) { window.notified.push(title); }
  addEventListener() {}
};
"""


def started(server, name):
    uri = server.upload(f"{name}/train.csv", table(of_classes=True))
    server.create_job(name, uri, AutoMLJobConfig=CONFIG)


def status(page, text):
    return page.locator("main .page-head .status", has_text=text)


@pytest.mark.long
def test_a_job_is_watched_without_loading_the_page_again_and_stopped_from_it(server, context_of):
    started(server, "watched")
    page, plain = context_of().new_page(), context_of(java_script_enabled=False).new_page()
    page.goto("/console/")
    page.get_by_role("link", name="watched").click()
    plain.goto("/console/jobs/watched")
    page.evaluate("window.kept = true")
    page.locator(".phases .now", has_text="Model tuning").wait_for()
    page.locator(CANDIDATE).nth(1).wait_for()
    assert page.evaluate("window.kept") is True
    plain.locator(CANDIDATE).nth(1).wait_for()

    page.locator(".chart details summary").click()
    seen = page.locator("main .stats").inner_text()
    page.wait_for_function(
        "seen => document.querySelector('main .stats').innerText !== seen", arg=seen
    )
    assert page.locator(".chart details").get_attribute("open") is not None, "it stays unfolded"

    other = page.context.new_page()
    other.add_init_script(WATCH_NOTIFICATIONS)
    other.goto("/console/jobs/watched")
    assert other.evaluate("asked") == 0, "nothing is asked unasked"
    other.get_by_role("button", name="Notify me when it ends").click()
    other.locator("[data-notify][aria-pressed=true]").wait_for()

    page.evaluate("scrollTo(0, 40)")
    stop = page.get_by_role("button", name="Stop job")
    place, scrolled = stop.bounding_box(), page.evaluate("scrollY")
    stop.click()
    page.get_by_role("dialog", name="Stop this job?").wait_for()
    assert (stop.bounding_box(), page.evaluate("scrollY")) == (place, scrolled), "nothing moves"
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").wait_for(state="hidden")
    assert status(page, re.compile("^Stop")).count() == 0
    stop.click()
    page.get_by_role("button", name="Stop watched").click()
    status(page, re.compile("^Stopped")).wait_for()
    status(plain, re.compile("^Stopped")).wait_for()
    assert page.get_by_text("Stop job").count() == 0
    other.wait_for_function("() => notified.length > 0")
    assert other.evaluate("[asked, notified]") == [1, ["watched: Stopped"]]
    assert not other.get_by_role("button", name="Notify me when it ends").is_visible()
    page.locator(".phases .stopped", has_text="Model tuning").wait_for()
    a_candidate_is_found_by_either_name(page)


def a_candidate_is_found_by_either_name(page):
    """On the leaderboard of a job; the one that is ticked is called as people say it."""
    page.get_by_role("link", name="Leaderboard", exact=True).click()
    link = page.locator("tbody th a").nth(1)
    full, spoken = link.get_attribute("title"), link.inner_text()
    assert full != spoken
    for name in (full, spoken):
        page.get_by_label("Search").fill(name)
        page.locator("#shown", has_text=re.compile("^1 of ")).wait_for()
    page.get_by_label(f"Compare {spoken}").check()
    assert page.locator("#compare-hint").inner_text() == f"{spoken}; select one more"


def test_jobs_are_stopped_from_the_list_without_scripts(server, context_of):
    for name in ("listed-1", "listed-2"):
        started(server, name)
    page = context_of(java_script_enabled=False).new_page()
    page.goto("/console/?name=listed&sort=name&order=asc")
    assert page.locator("main tbody th").all_inner_texts() == ["listed-1", "listed-2"]
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Stop selected jobs").click()
    page.get_by_role("button", name="Stop them").click()
    page.get_by_text("Stopping 2 jobs.").wait_for()
    assert "name=listed" in page.url
    for name in ("listed-1", "listed-2"):
        assert server.wait_for_job(name)["AutoMLJobStatus"] == "Stopped"


@pytest.fixture
def servers(tmp_path):
    """Starts servers on one folder, one after the other; the last one is stopped at the end."""
    running = []

    def start(*options):
        running[:] = [RunningServer(tmp_path / "data", *options)]
        return running[0]

    yield start
    for server in running:
        server.stop()


@pytest.mark.long
def test_a_watched_page_outlives_its_server(servers, context_of):
    server = servers()
    started(server, "outlived")
    context = context_of(signed_in=False)
    for expected in ("Failed to load resource", "[object Event]", "asked another host"):
        context.watch.allow(expected)
    page = context.new_page()
    page.goto(server.env["WINDVANE_CONSOLE_URL"])
    page.goto(f"{server.url}/console/jobs/outlived")
    page.evaluate("window.kept = true")
    page.locator(CANDIDATE).first.wait_for()
    server.kill()
    lost = page.get_by_text("The server is not responding.")
    lost.wait_for()
    n_before = page.locator(CANDIDATE).count()
    server = servers("--port", server.url.rpartition(":")[2])
    lost.wait_for(state="hidden")
    page.locator(CANDIDATE).nth(n_before).wait_for()
    assert page.evaluate("window.kept") is True
    server.client("sagemaker").stop_auto_ml_job(AutoMLJobName="outlived")
    status(page, re.compile("^Stopped")).wait_for()
