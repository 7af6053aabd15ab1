"""Users are made, given what they need and deleted, and the audit log is read, with a keyboard alone and by anybody."""

import re

import pytest

from benchmarks.consoled import until
from browser.accessible import barriers, sideways
from browser.hands import Keyboard

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(params=[(1440, "light"), pytest.param((390, "dark"), marks=pytest.mark.long)])
def page(request, context_of):
    width, scheme = request.param
    size = {"width": width, "height": 900}
    return context_of(color_scheme=scheme, viewport=size).new_page()


def assert_fine(page):
    assert barriers(page) == []
    assert sideways(page) <= 0


def test_a_user_from_creation_to_deletion(page):
    name, hands = f"keyboard-{page.viewport_size['width']}", Keyboard(page)
    page.goto("/console/users")
    hands.fill(page.get_by_label("Name", exact=True), name)
    hands.activate(page.get_by_role("button", name="Create user"))
    page.wait_for_url(f"**/console/users/{name}")
    hands.choose(page.get_by_label("Managed policy"), "AmazonS3ReadOnlyAccess")
    hands.activate(page.get_by_role("button", name="Attach policy"))
    page.get_by_role("button", name="Detach AmazonS3ReadOnlyAccess").wait_for()
    hands.activate(page.get_by_role("button", name="Create access key"))
    page.get_by_role("region", name="the new access key").wait_for()
    assert_fine(page)
    page.goto(f"/console/users?name={name}")
    row = page.get_by_role("row", name=name)
    assert "1 active" in row.inner_text()
    assert_fine(page)
    hands.activate(row.get_by_role("link", name=name))
    page.wait_for_url(f"**/console/users/{name}")
    for do, then in (("Deactivate", "Activate"), ("Activate", "Deactivate")):
        hands.activate(page.get_by_role("button", name=re.compile(f"^{do} ")))
        page.get_by_role("button", name=re.compile(f"^{then} ")).wait_for()
    hands.activate(page.get_by_role("button", name="Delete…"))
    page.get_by_role("heading", name=f"Delete the user {name}?").wait_for()
    assert_fine(page)
    hands.fill(page.get_by_label(f"Type {name} to delete"), name)
    hands.activate(page.get_by_role("button", name="Delete", exact=True))
    page.get_by_text(f"Deleted the user {name}.").wait_for()


def rows_of(page, event, n):
    """The rows of so many events at least, once they are written; an account may look twice a second."""
    page.context.watch.allow("Failed to load resource: the server responded with a status of 429")

    def rows():
        page.goto(f"/console/audit?attribute=EventName&value={event}")
        return page.locator("tbody tr:has(summary)")

    return until(rows, lambda found: found.count() >= n, 240)


def test_an_event_is_unfolded_below_its_row(page, server):
    server.client("iam").list_roles()
    hands, row = Keyboard(page), rows_of(page, "ListRoles", 1).first
    assert "root key" in row.inner_text()
    whole = page.get_by_role("region", name="the event ListRoles").first
    assert not whole.is_visible()
    hands.activate(row.locator("summary"))
    whole.wait_for()
    assert "eventVersion" in whole.inner_text()
    assert_fine(page)


def test_a_page_of_events_is_not_tall_on_a_phone(page, server):
    iam = server.client("iam")
    for _ in range(50):
        iam.list_roles()
    rows = rows_of(page, "ListRoles", 50)
    assert max(row.bounding_box()["height"] for row in rows.all()) <= 40
