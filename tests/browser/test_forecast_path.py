"""From a table of series to a forecast: the form finds what makes series, and pages show how good the forecast is."""

import pytest
from playwright.sync_api import expect

from browser.accessible import barriers, sideways
from browser.test_new_job import choose_target, settled

_JOB_MS = 240_000


def sales(n_days=120):
    """A table of three shops with a week each."""
    week = (0, 3, 2, 2, 4, 9, 8)
    lines = [
        f"2024-{1 + day // 28:02d}-{1 + day % 28:02d},{shop},{size * (10 + week[day % 7]) + day % 5}"
        for shop, size in (("north", 1), ("south", 4), ("west", 20))
        for day in range(n_days)
    ]
    return "\n".join(["day,shop,sales", *lines, ""]).encode()


def ask_for_a_forecast(page, server):
    """Choose what is to be forecast; ends with the form as the page has completed it."""
    place = {"Bucket": f"sagemaker-us-east-1-{'0' * 12}", "Key": "look/sales.csv"}
    server.client("s3").put_object(**place, Body=sales())
    page.goto(f"/console/new?uri=s3://{place['Bucket']}/{place['Key']}")
    choose_target(page, "sales")
    page.get_by_label("Problem type").select_option(label="Time series forecasting")
    settled(page)


def test_the_form_of_a_forecast_completes_itself(page, server):
    ask_for_a_forecast(page, server)
    expect(page.get_by_label("Column of times")).to_have_value('"day"')
    expect(page.get_by_label("Column of items")).to_have_value('"shop"')
    expect(page.get_by_label("Frequency")).to_have_value("D")
    expect(page.get_by_label("Horizon in steps")).to_have_value("14")
    assert (barriers(page), sideways(page)) == ([], 0)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_from_a_table_of_series_to_a_forecast(page, server):
    ask_for_a_forecast(page, server)
    page.get_by_label("Maximum candidates").fill("3")
    page.get_by_label("Job name").fill("sales-path")
    page.get_by_label("Deploy the best candidate").check()
    page.get_by_placeholder("endpoint name").fill("sales-path")
    page.get_by_role("button", name="Start the job").click()
    page.wait_for_url("**/console/jobs/sales-path")
    expect(page.get_by_role("link", name="Try the model")).to_be_visible(timeout=_JOB_MS)
    page.get_by_role("link", name="Quality and explanation").click()
    page.get_by_role("link", name="Quality", exact=True).click()
    expect(page.get_by_role("heading", name="Worst series first")).to_be_visible()
    expect(page.get_by_text("future forecast").first).to_be_visible()
    assert (barriers(page), sideways(page)) == ([], 0)
    page.goto("/console/endpoints/sales-path/try")
    page.wait_for_url("**/forecast")
    page.get_by_role("button", name="Forecast").click()
    expect(page.get_by_role("heading", name="Sum over all steps")).to_be_visible()
    expect(page.locator("figcaption").get_by_text("north").first).to_be_visible()
    assert (barriers(page), sideways(page)) == ([], 0)
