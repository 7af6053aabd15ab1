"""From a file to a request: uploads in parts, and what follows choices. Keys alone are in test_path.py."""

import gzip
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest
from journeys.running import DATA

from browser.accessible import barriers, sideways
from browser.hands import Mouse
from browser.hostile import FILE_NAMES, TARGET, names, table

BANK = DATA / "train.csv.gz"
LARGE = b"a,b,y\n" + b"".join(
    b"%d,some words to fill it up,%d\n" % (i, i % 2) for i in range(500_000)
)
"""Two parts, about."""


def taken(page):
    """The URI of the file that the page went on with."""
    page.wait_for_url("**/console/new?uri=*")
    return parse_qs(urlsplit(page.url).query)["uri"][0]


def place(uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def choose_target(page, name):
    page.get_by_label("Column to predict").select_option(label=name)
    settled(page)


def settled(page):
    """The page has followed what was chosen: a target."""
    page.locator("#seen:not([aria-busy]) figcaption").get_by_text("Distribution of").wait_for()


def test_a_file_that_is_dropped_is_looked_at(page, server, tmp_path):
    page.goto("/console/new")
    assert barriers(page) == []
    file = tmp_path / "Bank (train).csv"
    file.write_bytes(gzip.decompress(BANK.read_bytes()))
    Mouse(page).hand_over(page.locator("[data-upload]"), file)
    uri = taken(page)
    assert uri.endswith("/Bank-train-.csv")
    stored = server.client("s3").get_object(**place(uri))["Body"].read()
    assert stored == file.read_bytes()
    assert page.get_by_text("12 distinct values in 30,891 rows").is_visible()
    page.evaluate("scrollTo(0, 0)")
    start = page.get_by_role("button", name="Start the job", exact=True)
    box = start.bounding_box()
    assert box["y"] + box["height"] <= page.viewport_size["height"], "it is there without scrolling"


@pytest.mark.long
def test_what_follows_choices_keeps_them(page, server):
    server.client("s3").upload_file(str(BANK), **_uploaded("bank.csv.gz"))
    page.goto(f"/console/new?uri=s3://{_uploaded('bank.csv.gz')['Bucket']}/look/bank.csv.gz")
    page.get_by_label("Time limit").fill("180 s")
    choose_target(page, "y")
    assert page.get_by_text("Binary classification (detected)").count() == 1
    page.get_by_label("Type of age").select_option("categorical")
    page.get_by_label("Type of job").select_option("out")
    settled(page)
    assert page.get_by_label("Type of age").input_value() == "categorical"
    assert page.get_by_label("Type of job").input_value() == "out"
    code = page.locator("#code")
    code.get_by_text("FeatureSpecificationS3Uri").first.wait_for()
    code.get_by_text("'MaxAutoMLJobRuntimeInSeconds': 180").wait_for()
    page.get_by_label("Objective").select_option("AUC")
    code.get_by_text("'MetricName': 'AUC'").wait_for()
    name = page.get_by_label("Job name").input_value()
    page.reload()
    assert page.get_by_label("Column to predict").input_value() == '"y"'
    assert page.get_by_label("Type of age").input_value() == "categorical"
    assert page.get_by_label("Type of job").input_value() == "out"
    assert page.get_by_label("Objective").input_value() == "AUC"
    assert page.get_by_label("Time limit").input_value() == "180 s"
    assert page.get_by_label("Job name").input_value() == name
    assert barriers(page) == []


def _uploaded(name):
    return {"Bucket": "sagemaker-us-east-1-000000000000", "Key": f"look/{name}"}


@pytest.mark.long
def test_a_part_that_is_lost_is_sent_again(page, server, watch):
    watch.allow("status of 503")
    lost = []

    def lose_once(route):
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.fulfill(status=503)

    page.route("**partNumber=2&**", lose_once)
    page.goto("/console/new")
    page.locator("input[type=file]").set_input_files(
        {"name": "large.csv", "mimeType": "text/csv", "buffer": LARGE}
    )
    uri = taken(page)
    assert len(lost) == 1
    stored = server.client("s3").get_object(**place(uri))["Body"].read()
    assert hashlib.sha256(stored).digest() == hashlib.sha256(LARGE).digest()
    assert page.get_by_text("first 50,000 read").is_visible()


@pytest.mark.long
def test_an_upload_that_is_cancelled_leaves_nothing(page, server):
    held = []
    page.route("**partNumber=*", lambda route: held.append(route))
    page.goto("/console/new")
    page.locator("input[type=file]").set_input_files(
        {"name": "cancelled.csv", "mimeType": "text/csv", "buffer": LARGE}
    )
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as aborted:
        page.get_by_role("button", name="Cancel").click()
    assert aborted.value.ok
    page.locator("#said").get_by_text("Cancelled.").wait_for(state="attached")
    assert page.get_by_role("button", name="Choose a file").is_visible()
    found = server.client("s3").list_objects_v2(
        Bucket="sagemaker-us-east-1-000000000000", Prefix="console/uploads/"
    )
    assert not [one for one in found.get("Contents", ()) if "cancelled" in one["Key"]]


@pytest.mark.long
@pytest.mark.parametrize("width", [1440, 360])
def test_names_that_mean_harm_are_shown_as_text(context_of, width):
    page = context_of(viewport={"width": width, "height": 900}).new_page()
    page.goto("/console/new")
    columns = names()
    page.locator("input[type=file]").set_input_files(
        {"name": FILE_NAMES[0], "mimeType": "text/csv", "buffer": table(columns)}
    )
    taken(page)
    choose_target(page, TARGET)
    assert page.locator("#types ~ *, select[name=type]").count() >= len(columns)
    assert sideways(page) <= 0
