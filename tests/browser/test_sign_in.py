"""Who gets in, how, and for how long."""

import subprocess
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from journeys.running import BIN

from benchmarks.consoled import sign_in
from browser.plain import Plain
from windvane.api.authenticator import LINK_LIFETIME, SessionToken, Signer, new_link

OVER = "already been used or has expired"


@pytest.fixture
def stranger(context_of):
    """A page of somebody who is not signed in."""
    return context_of(signed_in=False).new_page()


def test_a_link_opens_one_session(stranger, server, link, context_of):
    stranger.goto(link)
    stranger.wait_for_url("**/console/")
    stranger.reload()
    assert stranger.get_by_role("button", name="Sign out").is_visible()

    other = context_of(signed_in=False)
    other.watch.allow("status of 401")
    page = other.new_page()
    page.goto(link)
    assert OVER in page.get_by_role("alert").inner_text()
    page.goto("/console/")
    assert page.url.endswith("/console/sign-in")


def test_the_link_of_windvane_env_opens_a_session(stranger, server):
    sign_in(stranger, server.folder)
    assert stranger.get_by_role("button", name="Sign out").is_visible()


def test_the_link_of_windvane_login_opens_a_session(stranger, server):
    command = [BIN / "windvane", "login", "--data-dir", server.folder]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    [link] = [word for word in printed.split() if "/console/enter?link=" in word]
    stranger.goto(link)
    stranger.wait_for_url("**/console/")


def test_no_link_goes_into_the_log_of_a_server(server):
    assert "/console/enter?link=" not in server.log()


def test_a_link_on_a_page_of_another_site_signs_in_whoever_says_so(context_of, server, link):
    """Strict cookies are not sent where the link stood on another site, and nobody is signed in from there unasked."""
    context = context_of(signed_in=False)
    context.watch.allow("asked another host: http://elsewhere.test/")
    body = f'<a href="{link}">console</a>'
    context.route(
        "http://elsewhere.test/", lambda route: route.fulfill(body=body, content_type="text/html")
    )
    page = context.new_page()
    page.goto("http://elsewhere.test/")
    page.get_by_role("link", name="console").click()
    page.get_by_role("link", name="Sign in").click()
    page.wait_for_url("**/console/")
    assert page.get_by_role("button", name="Sign out").is_visible()


def test_links_that_never_were_any_good(server, keys, link):
    now = datetime.now(UTC)
    own, too_old = (keys.access_key, keys.secret_key), now - LINK_LIFETIME - timedelta(seconds=1)
    expired = new_link(keys.token_secret, own, "us-east-1", too_old)
    of_another_server = new_link(b"another secret", own, "us-east-1", now)
    of_no_key = new_link(keys.token_secret, ("AKIANOSUCHKEY", keys.secret_key), "us-east-1", now)
    of_another_secret = new_link(
        keys.token_secret, (keys.access_key, "replaced since"), "us-east-1", now
    )
    token = SessionToken("x", keys.access_key, "", "us-east-1", now + LINK_LIFETIME)
    a_session = Signer(keys.token_secret, "session").close(token)
    good = link.rpartition("=")[2]
    changed = good[:-1] + ("A" if good[-1] != "A" else "B")
    for text in (
        expired,
        of_another_server,
        of_no_key,
        of_another_secret,
        a_session,
        changed,
        good[:40],
        "",
        "é",
        "%00",
    ):
        client = Plain(server.url)
        answer = client.enter(f"/console/enter?link={quote(text)}")
        assert answer.status == 401, text
        assert OVER in answer.text
        assert client.cookie == "", text


def test_keys(stranger, server):
    stranger.context.watch.allow("status of 401")
    stranger.goto("/console/?name=a")
    stranger.get_by_label("Access key").fill(server.env["AWS_ACCESS_KEY_ID"])
    stranger.get_by_label("Secret key").fill("wrong")
    stranger.get_by_role("button", name="Sign in").click()
    assert "the secret key is wrong" in stranger.get_by_role("alert").inner_text()
    assert stranger.get_by_label("Access key").input_value() == server.env["AWS_ACCESS_KEY_ID"]
    assert stranger.get_by_label("Secret key").input_value() == ""
    stranger.get_by_label("Secret key").fill(server.env["AWS_SECRET_ACCESS_KEY"])
    stranger.get_by_role("button", name="Sign in").click()
    stranger.wait_for_url("**/console/?name=a")


def test_signing_out_ends_the_session_for_whoever_kept_its_cookie(stranger, server, link):
    stranger.goto(link)
    stranger.wait_for_url("**/console/")
    kept = Plain(server.url, _cookie(stranger))
    assert kept.get("/console/").status == 200
    stranger.get_by_role("button", name="Sign out").click()
    stranger.wait_for_url("**/console/sign-in")
    assert _cookie(stranger) == ""
    stranger.goto("/console/")
    stranger.wait_for_url("**/console/sign-in")
    refused = kept.get("/console/")
    assert (refused.status, refused.headers["Location"]) == (303, "/console/sign-in")


def test_sessions_that_never_were_any_good(server, keys, session):
    name, _, good = session.cookie.partition("=")
    token = SessionToken(
        "x", keys.access_key, "", "us-east-1", datetime.now(UTC) - timedelta(seconds=1)
    )
    expired = Signer(keys.token_secret, "session").close(token)
    a_link = new_link(
        keys.token_secret, (keys.access_key, keys.secret_key), "us-east-1", datetime.now(UTC)
    )
    for text in (expired, a_link, good[:-1] + ("A" if good[-1] != "A" else "B"), "", "x", "==="):
        answer = Plain(server.url, f"{name}={text}").get("/console/")
        assert answer.status == 303, text
        assert answer.headers["Location"] == "/console/sign-in"
    assert session.get("/console/").status == 200


def test_the_cookie_is_for_this_server_alone(server, link):
    answer = Plain(server.url).enter(link)
    cookie, *flags = answer.headers["Set-Cookie"].split("; ")
    assert cookie.startswith("windvane-session-")
    said = {flag.lower() for flag in flags}
    assert {"httponly", "samesite=strict", "path=/console"} <= said
    assert not any(flag.startswith("domain") for flag in said)
    [age] = [int(flag.partition("=")[2]) for flag in said if flag.startswith("max-age=")]
    assert 0 < age <= 12 * 3600


@pytest.mark.parametrize(
    "then",
    [
        "http://elsewhere.test/",
        "//elsewhere.test/",
        "/\\elsewhere.test/",
        "/console/\\..\\..\\elsewhere.test",
        "javascript:windvaneRan(1)",
        "data:text/html,x",
        "/healthz",
        "",
    ],
)
def test_signing_in_never_leads_elsewhere(server, then):
    fields = {
        "then": then,
        "access_key": server.env["AWS_ACCESS_KEY_ID"],
        "secret_key": server.env["AWS_SECRET_ACCESS_KEY"],
    }
    answer = Plain(server.url).post("/console/sign-in", fields)
    assert (answer.status, answer.headers["Location"]) == (303, "/console/")


def _cookie(page):
    kept = [one for one in page.context.cookies() if one["name"].startswith("windvane-session")]
    return "; ".join(f"{one['name']}={one['value']}" for one in kept)
