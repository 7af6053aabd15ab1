"""Who gets into the console, and who does not."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from unit.console.browsing import Browser

from windvane.api.authenticator import LINK_LIFETIME, SESSION_LIFETIME
from windvane.console.site import Site

PAGE = "/console/nowhere"
"""Answered with 404 to whoever is signed in, so with something else to whoever is not."""


def is_in(browser) -> bool:
    return browser.get(PAGE).status == 404


def test_a_stranger_is_sent_to_sign_in_and_brought_back(console):
    browser = console.browser()
    answer = browser.get("/console/jobs/a%20b?x=1")
    assert answer.status == 303
    assert answer.headers["location"] == "/console/sign-in?then=/console/jobs/a%2520b%3Fx%3D1"


def test_a_link_opens_one_session(console):
    link, first, second = console.link(), console.browser(), console.browser()
    answer = first.get(link)
    assert 'http-equiv="refresh" content="0; url=/console/"' in answer.text
    assert is_in(first)
    assert second.get(link).status == 401
    assert not is_in(second)


def test_a_look_at_a_link_does_not_use_it_up(console):
    link, browser = console.link(), console.browser()
    assert browser.head(link).set_cookies == []
    assert browser.get(link).status == 200


def test_a_link_expires(console):
    link, browser = console.link(), console.browser()
    console.advance(LINK_LIFETIME)
    assert browser.get(link).status == 401


@pytest.mark.parametrize("forged", ["", "x", "AAAA", "é", "=" * 50])
def test_what_is_no_link_opens_nothing(console, forged):
    browser = console.browser()
    assert browser.get("/console/enter?link=" + forged.encode().hex()).status == 401


def test_every_flipped_character_of_a_link_makes_it_void(console):
    link, browser = console.link(), console.browser()
    start = link.index("=") + 1
    for place in range(start, len(link), 7):
        other = "A" if link[place] != "A" else "B"
        assert browser.get(link[:place] + other + link[place + 1 :]).status == 401
    assert browser.get(link).status == 200


def test_a_session_ends_with_its_time(console, browser):
    assert is_in(browser)
    console.advance(SESSION_LIFETIME + timedelta(seconds=1))
    assert not is_in(browser)


def test_whoever_signs_out_is_out_wherever_the_cookie_was_copied(console, browser):
    copied = console.browser()
    copied.cookies = dict(browser.cookies)
    browser.get(PAGE)
    assert browser.post("/console/sign-out").headers["location"] == "/console/sign-in"
    assert browser.cookies == {}
    assert not is_in(copied)


def test_keys_open_a_session_of_their_region(console):
    browser = console.browser()
    fields = {
        "access_key": "AKIA1",
        "secret_key": "one",
        "region": "eu-west-1",
        "then": "/console/endpoints",
    }
    answer = browser.post("/console/sign-in", fields)
    assert (answer.status, answer.headers["location"]) == (303, "/console/endpoints")
    assert "111122223333 · eu-west-1" in browser.get(PAGE).text


@pytest.mark.parametrize(
    "fields",
    [
        {"access_key": "AKIA1", "secret_key": "two"},
        {"access_key": "AKIA9", "secret_key": "one"},
        {"access_key": "", "secret_key": ""},
        {"access_key": "AKIA1", "secret_key": "one", "region": "<script>"},
    ],
)
def test_wrong_keys_open_nothing(console, fields):
    browser = console.browser()
    answer = browser.post("/console/sign-in", fields)
    assert answer.status in (400, 401)
    assert "<script>" not in re.sub(r"<script src=[^>]*>", "", answer.text)
    assert not is_in(browser)


@pytest.mark.parametrize(
    "then",
    ["https://evil.example/", "//evil.example/", "/\\evil.example/", "/elsewhere", "javascript:1"],
)
def test_nobody_is_sent_elsewhere_after_signing_in(console, then):
    browser = console.browser()
    fields = {"access_key": "AKIA1", "secret_key": "one", "then": then}
    assert browser.post("/console/sign-in", fields).headers["location"] == "/console/"


def test_the_cookie_is_for_this_server_alone(console):
    browser = console.browser()
    (line,) = browser.get(console.link()).set_cookies
    for part in ("HttpOnly", "SameSite=strict", "Path=/console", "Max-Age=43200"):
        assert part in line
    assert line.startswith("windvane-session-8470=")


def over_tls(console, host="ml.example.org"):
    return Browser(console.site, host, "https")


def behind_tls(console, host="ml.example.org"):
    """What a proxy hands on that spoke TLS with the browser."""
    parts = replace(console.site._parts, behind_tls=True)
    return Browser(Site(parts), host)


@pytest.mark.parametrize("opened", [over_tls, behind_tls])
def test_over_tls_the_cookie_goes_no_other_way_and_no_other_host_can_have_set_it(console, opened):
    """The attack: somebody on the way reads the session of one request to `http://`, or a neighbouring host plants one."""
    browser = opened(console)
    (line,) = browser.get(console.link()).set_cookies
    assert line.startswith("__Host-windvane-session-https=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=strict"} <= set(line.split("; "))
    assert "domain" not in line.lower()
    assert is_in(browser)
    (theme,) = browser.post("/console/theme", {"theme": "dark"}).set_cookies
    assert theme.startswith("__Secure-windvane-theme=dark;")
    assert "Secure" in theme.split("; ")
    assert 'data-theme="dark"' in browser.get(PAGE).text
    assert browser.post("/console/sign-out").status == 303
    assert not any("session" in name for name in browser.cookies)


def test_a_session_that_came_without_tls_is_none_over_it(console, browser):
    """The attack: a cookie without the prefix, which any neighbouring host can set, signs a victim in as the attacker."""
    other = over_tls(console, browser.host)
    other.cookies = dict(browser.cookies)
    assert is_in(browser)
    assert not is_in(other)


@pytest.mark.parametrize(
    ("host", "is_told"),
    [
        ("ml.example.org", True),
        ("ml.example.org:8470", True),
        ("localhost:8470", False),
        ("127.0.0.1:8470", False),
        ("[::1]:8470", False),
    ],
)
def test_a_host_of_its_own_is_to_stay_with_tls(console, host, is_told):
    name = "strict-transport-security"
    for path in (PAGE, "/console/sign-in", "/console/static/none.css"):
        assert (name in over_tls(console, host).get(path).headers) == is_told
        assert (name in behind_tls(console, host).get(path).headers) == is_told
        assert name not in Browser(console.site, host).get(path).headers


def test_signing_out_makes_the_browser_forget_what_it_stored(browser):
    browser.get(PAGE)
    assert browser.post("/console/sign-out").headers["clear-site-data"] == '"storage"'


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("127.0.0.1:8470", True),
        ("[::1]:8470", True),
        ("localhost", True),
        ("192.168.1.5:8470", True),
        ("ML.example.org", True),
        ("evil.example", False),
        ("ml.example.org.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1:port", False),
        ("", False),
    ],
)
def test_only_known_hosts_are_answered_to(console, host, is_known):
    browser = console.browser()
    browser.host = host
    assert browser.get("/console/sign-in").status == (200 if is_known else 403)


def test_a_form_of_another_site_changes_nothing(browser):
    browser.get(PAGE)
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"origin": ""}):
        assert browser.post("/console/sign-out", **headers).status == 403
    assert is_in(browser)
    assert browser.post("/console/sign-out", origin="", sec_fetch_site="same-origin").status == 303


@pytest.mark.parametrize("token", ["", "00" * 32, "x", "00" * 16, "00" * 33])
def test_a_form_without_its_token_changes_nothing(browser, token):
    browser.csrf = token
    assert browser.post("/console/sign-out").status == 403
    assert is_in(browser)


def test_the_token_of_another_session_is_no_token(console, browser):
    other = console.browser()
    other.get(console.link())
    other.get(PAGE)
    browser.csrf = other.csrf
    assert browser.post("/console/sign-out").status == 403


def test_the_token_may_come_in_a_header_and_is_another_text_each_time(browser):
    browser.get(PAGE)
    first = browser.csrf
    browser.get(PAGE)
    assert browser.csrf != first
    browser.csrf, token = "", first
    assert browser.post("/console/sign-out", x_csrf_token=token).status == 303


@pytest.mark.parametrize("path", ["/console/sign-in", PAGE, "/console/files?uri=s3://b/missing"])
def test_every_page_says_what_it_may_load_and_that_it_is_not_to_be_framed(browser, path):
    headers = browser.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_pages_have_no_script_of_their_own(browser):
    for path in ("/console/sign-in", PAGE):
        text = browser.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)
        assert not re.search(r"\son\w+=|\sstyle=", text)


def test_an_object_is_saved_and_never_shown(console, browser):
    console.put("s3://data/a/x.html", b"<script>alert(1)</script>")
    answer = browser.get("/console/files?uri=s3://data/a/x.html")
    assert answer.text == "<script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''x.html"


@pytest.mark.parametrize(
    ("uri", "status"),
    [("s3://other/x", 403), ("s3://data/missing", 404), ("file:///etc/passwd", 400), ("", 400)],
)
def test_an_object_of_others_is_not_handed_out(console, browser, uri, status):
    console.put("s3://other/x", b"secret")
    console.put("s3://data/x", b"mine")
    answer = browser.get(f"/console/files?uri={uri}")
    assert (answer.status, "secret" in answer.text) == (status, False)


def test_a_theme_is_kept(browser):
    assert "data-theme" not in browser.get(PAGE).text
    answer = browser.post("/console/theme", {"theme": "dark", "then": "/console/endpoints"})
    assert answer.headers["location"] == "/console/endpoints"
    assert '<html lang="en" data-theme="dark">' in browser.get(PAGE).text
    browser.post("/console/theme", {"theme": '"><script>'})
    assert 'data-theme="dark"' in browser.get(PAGE).text


@pytest.mark.parametrize(
    ("then", "there"),
    [
        ("/console/new?uri=s3%3A%2F%2Fdata%2Fx", "/console/new?uri=s3%3A%2F%2Fdata%2Fx"),
        ("/console/jobs/a%20job/leaderboard", "/console/jobs/a%20job/leaderboard"),
        ("/console/uploads/delete", "/console/"),
        ("/console/jobs/churn/candidates/churn-001/deploy", "/console/"),
        ("/console/no-such-page", "/console/no-such-page"),
    ],
)
def test_a_theme_chosen_on_the_answer_to_a_form_leads_to_a_page_that_is_there(browser, then, there):
    browser.get(PAGE)
    answer = browser.post("/console/theme", {"theme": "dark", "then": then})
    assert (answer.status, answer.headers["location"]) == (303, there)
