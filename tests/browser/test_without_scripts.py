"""Everything but uploads works in a browser that runs no scripts."""

import re

import pytest
from journeys.small import table
from playwright.sync_api import expect

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

JOB, ENDPOINT = "unscripted", "unscripted-live"
_JOB_MS = 900_000


@pytest.fixture
def page(context_of):
    return context_of(signed_in=False, java_script_enabled=False).new_page()


def test_from_a_path_to_predictions_and_back(page, server):
    uri = server.upload("unscripted/table.csv", table(of_classes=True))
    page.goto("/console/")
    page.get_by_label("Access key").fill(server.env["AWS_ACCESS_KEY_ID"])
    page.get_by_label("Secret key").fill(server.env["AWS_SECRET_ACCESS_KEY"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="New job").first.click()
    start(page, uri)
    watch(page)
    deploy(page)
    ask(page)
    change(page)
    delete(page)


def start(page, uri):
    page.get_by_label("S3 location").fill(uri)
    page.get_by_role("button", name="Preview data").click()
    page.get_by_label("Column to predict").select_option("y")
    page.get_by_role("button", name="Update preview").click()
    page.get_by_role("heading", name="Data checks").wait_for()
    page.get_by_label("Maximum candidates").fill("3")
    page.get_by_label("Job name").fill(JOB)
    page.get_by_role("button", name="Start the job", exact=True).click()
    page.wait_for_url(f"**/console/jobs/{JOB}")


def watch(page):
    """It loads itself again until the job is over."""
    page.get_by_role("link", name="Open the best candidate").wait_for(timeout=_JOB_MS)
    page.goto(f"/console/jobs/{JOB}/leaderboard")
    for i in range(2):
        page.locator("input[name=pick]").nth(i).check()
    page.get_by_role("button", name="Compare", exact=True).click()
    page.wait_for_url("**/compare?*")
    assert page.locator("main h1").is_visible()
    page.goto(f"/console/jobs/{JOB}")
    page.get_by_role("link", name="Open the best candidate").click()


def deploy(page):
    page.get_by_label("Endpoint name").fill(ENDPOINT)
    page.locator("#deploy").get_by_role("button", name="Deploy").click()
    page.wait_for_url(f"**/console/endpoints/{ENDPOINT}")
    page.locator(".badge", has_text=re.compile("^In service$")).first.wait_for(timeout=_JOB_MS)


def ask(page):
    page.goto(f"/console/endpoints/{ENDPOINT}/try")
    page.get_by_role("button", name="Predict", exact=True).first.click()
    expect(page.locator(".try-headline")).to_have_text(re.compile("^(yes|no)$"))
    page.locator("#reasons figure").first.wait_for()


def change(page):
    page.goto(f"/console/endpoints/{ENDPOINT}/change")
    page.get_by_label("Weight", exact=True).fill("3")
    page.get_by_role("button", name="Save changes").click()
    page.wait_for_url(f"**/console/endpoints/{ENDPOINT}*")
    page.locator("tbody[sse-swap=variants] td", has_text=re.compile("^3$")).first.wait_for()


def delete(page):
    page.goto(f"/console/endpoints/{ENDPOINT}/delete")
    page.context.watch.allow("/delete: Failed to load resource")
    page.locator("#confirm").fill("another")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("alert").wait_for()
    page.locator("#confirm").fill(ENDPOINT)
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/console/endpoints?*")
