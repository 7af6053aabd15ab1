"""Nobody is shut out: axe-core on every page, light and dark, and no page wider than a phone."""

import gzip
from datetime import UTC, datetime

import pytest
from journeys.running import DATA

from benchmarks.consoled import pages_of
from benchmarks.screens import furnish
from browser.accessible import barriers, sideways
from windvane.api.authenticator import new_link

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

_INK = "getComputedStyle(document.body).color"


@pytest.fixture(scope="module")
def pages(server):
    """Of a server with jobs and endpoints of all sorts, one job still running."""
    furnish(server)
    sagemaker = server.client("sagemaker")
    yield pages_of(server.client)
    sagemaker.stop_auto_ml_job(AutoMLJobName="bank-running")
    server.wait_for_job("bank-running")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_no_serious_barrier_on_any_page(pages, context_of, scheme, width):
    context = context_of(color_scheme=scheme, viewport={"width": width, "height": 900})
    context.watch.allow("there-is-none: Failed to load resource")
    page = context.new_page()
    found = {}
    for name, path in pages.items():
        page.goto(path)
        assert page.locator("main h1").count() == 1, name
        wide = sideways(page)
        found[name] = barriers(page) + ([f"{wide} px too wide"] if wide > 0 else [])
    assert not {name: faults for name, faults in found.items() if faults}


@pytest.fixture(params=[(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
def page(request, context_of):
    """A page of each width and scheme."""
    width, scheme = request.param
    size = {"width": width, "height": 900}
    return context_of(color_scheme=scheme, viewport=size).new_page()


def assert_fine(page):
    assert barriers(page) == []
    assert sideways(page) <= 0


def test_no_serious_barrier_in_groups_and_metrics_of_labelled_rows(pages, page):
    page.goto(pages["completed-binaryclassification-candidate-quality"])
    page.get_by_role("region", name="Metrics by marital").wait_for()
    page.get_by_label("Group by").select_option("age")
    page.locator("#groups").get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("region", name="Metrics by age").wait_for()
    assert_fine(page)
    page.goto(pages["endpoint-try"])
    page.get_by_label("One row per line").fill(labelled_rows())
    page.get_by_role("button", name="Predict rows").click()
    page.get_by_role("heading", name="Metrics on these rows").wait_for()
    assert_fine(page)
    page.goto(pages["completed-regression-again"])
    page.get_by_label("Column to predict").select_option("median_house_value")
    page.get_by_role("heading", name="Data checks").wait_for()
    page.locator("input[name=sensitive]").first.check()
    page.wait_for_url("**sensitive=*")
    page.locator("#seen:not([aria-busy])").wait_for()
    assert_fine(page)


def test_no_serious_barrier_where_something_is_deleted_or_replaced(pages, page):
    for name, box in (("uploads", "uri"), ("models", "model")):
        page.goto(pages[name])
        page.locator(f"input[name={box}]").first.check()
        page.get_by_role("button", name="Delete selected").click()
        page.wait_for_url(f"**/console/{name}/delete")
        assert_fine(page)
    for where in ("in place of the model", "as a challenger", "as a shadow"):
        page.goto(pages["completed-binaryclassification-candidate"])
        deploying = page.locator("#deploy")
        deploying.get_by_label(where).check()
        assert_fine(page)
        deploying.get_by_role("button", name="Deploy").click()
        page.wait_for_url("**/deploy")
        page.get_by_role("heading", name="For clients").wait_for()
        assert_fine(page)


def test_no_serious_barrier_where_there_is_nothing_yet(server, keys, context_of):
    """In a region that nobody has used: sample tables, and lists of nothing."""
    own = (keys.access_key, keys.secret_key)
    for scheme, width in (("light", 1440), ("dark", 390)):
        size = {"width": width, "height": 900}
        page = context_of(signed_in=False, color_scheme=scheme, viewport=size).new_page()
        link = new_link(keys.token_secret, own, "eu-west-3", datetime.now(UTC))
        page.goto(f"/console/enter?link={link}")
        page.get_by_role("heading", name="No jobs yet").wait_for()
        assert page.get_by_role("button", name="Use telco-churn").is_visible()
        assert_fine(page)
        for name in ("new", "models", "projects", "endpoints"):
            page.goto(f"/console/{name}")
            assert_fine(page)


def labelled_rows():
    lines = gzip.decompress((DATA / "train.csv.gz").read_bytes()).decode().splitlines()
    return "\n".join(lines[:41])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier_in_what_pages_become(pages, context_of, scheme):
    page = context_of(color_scheme=scheme).new_page()
    page.goto(pages["endpoint-try"])
    page.get_by_role("button", name="Predict", exact=True).first.click()
    page.locator("#reasons figure").first.wait_for()
    assert barriers(page) == []
    page.goto(pages["completed-regression-again"])
    page.get_by_label("Column to predict").select_option("median_house_value")
    page.get_by_role("heading", name="Data checks").wait_for()
    assert barriers(page) == []
    page.goto("/console/jobs/bank-running")
    page.get_by_role("button", name="Stop job").click()
    page.get_by_role("dialog", name="Stop this job?").wait_for()
    assert barriers(page) == []
    page.goto("/console/")
    page.get_by_role("row", name="bank-running").get_by_role("checkbox").check()
    page.get_by_role("button", name="Stop selected jobs").click()
    page.wait_for_url("**/console/stop")
    assert barriers(page) == []


@pytest.mark.parametrize("theme", ["Light theme", "Dark theme"])
def test_the_switch_wins_over_the_system(context_of, theme):
    page = context_of(color_scheme="dark" if theme == "Light theme" else "light").new_page()
    page.goto("/console/")
    before = page.evaluate(_INK)
    page.get_by_role("button", name=theme).click()
    page.locator(f"button[aria-pressed=true][title='{theme}']").wait_for()
    assert page.evaluate(_INK) != before
    page.goto("/console/endpoints")
    assert page.get_by_role("button", name=theme).get_attribute("aria-pressed") == "true"
    assert page.evaluate(_INK) != before
    assert barriers(page) == []


def test_strangers_can_sign_in_whatever_they_see(context_of):
    for scheme in ("light", "dark"):
        context = context_of(signed_in=False, color_scheme=scheme)
        page = context.new_page()
        page.goto("/console/sign-in")
        assert barriers(page) == []
