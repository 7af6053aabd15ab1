"""What the console refuses, asked by clients that are no browser."""

import re
from html.parser import HTMLParser

import pytest
from starlette.routing import Route

from browser.plain import Plain
from windvane.console.security import SAFE_METHODS
from windvane.console.site import ROUTES

WITHOUT_TOKEN = {"/console/sign-in", "/console/theme"}


def _routes():
    """(method, path) of every page, its parameters filled with names of nothing."""
    for route in ROUTES:
        assert isinstance(route, Route)
        path = re.sub(r"\{(\w+)(:\w+)?\}", r"no-\1", route.path)
        yield from ((method, path) for method in sorted(route.methods - {"HEAD"}))


READING = [path for method, path in _routes() if method in SAFE_METHODS]
CHANGING = [(method, path) for method, path in _routes() if method not in SAFE_METHODS]
GUARDED = [one for one in CHANGING if one[1] not in WITHOUT_TOKEN]


@pytest.fixture
def stranger(server):
    return Plain(server.url)


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.test",
        "127.0.0.1.elsewhere.test",
        "localhost.elsewhere.test",
        "elsewhere.test:80",
        "",
        "[",
    ],
)
def test_names_of_other_sites_are_not_answered_to(session, link, host):
    static = "/console/static/console.css"
    for path in ("/console/", "/console/sign-in", static, link.removeprefix(session.url)):
        answer = session.get(path, Host=host)
        assert answer.status in (400, 403), path
        assert "Set-Cookie" not in answer.headers
    assert session.post("/console/theme", {"theme": "dark"}, Host=host).status in (400, 403)


def test_a_link_is_not_used_up_by_a_request_under_another_name(stranger, link):
    assert stranger.get(link.removeprefix(stranger.url), Host="elsewhere.test").status == 403
    assert stranger.enter(link).status == 200


def test_addresses_and_localhost_are_names_of_this_server(session):
    port = session.netloc.rpartition(":")[2]
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "LOCALHOST"):
        assert session.get("/console/sign-in", Host=host).status in (200, 303), host


@pytest.mark.parametrize("path", READING)
def test_strangers_see_nothing(stranger, path):
    answer = stranger.get(path)
    if path in ("/console/sign-in", "/console/enter"):
        assert answer.status in (200, 401)
    else:
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/console/sign-in")
        assert answer.body == b""


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_strangers_change_nothing(stranger, method, path):
    assert stranger.ask(method, path, b"", Origin=stranger.url).status == 401


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_no_change_without_this_sessions_token(session, link, method, path):
    other = Plain(session.url)
    other.enter(link)
    for token in (None, "", "0" * 64, "x", "é", other.csrf()):
        headers = {"X_CSRF_Token": token, "Content_Type": "application/octet-stream"}
        answer = session.ask(method, path, b"", Origin=session.url, **headers)
        assert answer.status in (400, 403), token
    wrong = session.post(path, {"csrf_token": other.csrf()})
    assert wrong.status in (403, 405)
    assert method != "POST" or "so nothing was changed" in wrong.text


@pytest.mark.parametrize(("method", "path"), CHANGING)
def test_no_change_for_a_page_of_another_site(session, method, path):
    token = session.csrf()
    port = session.netloc.rpartition(":")[2]
    origins = (
        "http://elsewhere.test",
        "null",
        "",
        f"http://elsewhere.test:{port}",
        "http://127.0.0.1:1",
    )
    for origin in (*origins, None):
        headers = {"Origin": origin, "X_CSRF_Token": token}
        answer = session.ask(method, path, b"", **headers)
        assert answer.status == 403, origin
        assert "does not come from a page of this console" in answer.text
    headers = {"Sec_Fetch_Site": "cross-site", "X_CSRF_Token": token}
    assert session.ask(method, path, b"", **headers).status == 403


@pytest.mark.parametrize("path", [*READING, "/console/nothing/here", "/console/jobs/%3Cscript%3E"])
def test_every_page_says_what_it_may_load_and_who_may_frame_it(session, stranger, path):
    for client in (session, stranger):
        answer = client.get(path)
        policy = _policy(answer.headers["Content-Security-Policy"])
        assert policy["default-src"] == ["'none'"], policy
        assert policy["frame-ancestors"] in (["'none'"], ["'self'"])
        assert policy["base-uri"] == ["'none'"]
        if "sandbox" not in policy:
            assert "unsafe" not in str(policy)
            assert policy["frame-ancestors"] == ["'none'"]
            assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("path", [*READING, "/console/nothing/here"])
def test_no_page_has_scripts_or_styles_within(session, path):
    answer = session.get(path)
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        within = Within()
        within.feed(answer.text)
        assert within.faults == []


@pytest.mark.parametrize(
    "path",
    [
        "/console/static/../site.py",
        "/console/static/%2e%2e/site.py",
        "/console/static/..%2fsite.py",
        "/console/static/%2e%2e%2f%2e%2e%2fapp.py",
        "/console/static//etc/passwd",
        "/console/static/",
        "/console/static/vendor",
    ],
)
def test_static_files_are_those_of_their_folder(session, path):
    assert session.get(path).status in (303, 404)


def test_objects_are_saved_and_never_shown(session, server):
    uri = server.upload("hostile/page.html", b"<script>windvaneRan('object')</script>")
    answer = session.get(f"/console/files?uri={uri}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "uri", ["file:///etc/passwd", "http://127.0.0.1/", "s3://no-such-bucket/x", "/etc/passwd", ""]
)
def test_files_are_those_of_s3(session, uri):
    assert session.get(f"/console/files?uri={uri}").status in (400, 403, 404)


def test_large_forms_are_refused(session):
    fields = {"csrf_token": session.csrf(), "x": "y" * (9 << 20)}
    assert session.post("/console/sign-out", fields).status == 413
    assert session.get("/console/sign-in").status == 303, "still signed in"


class Within(HTMLParser):
    """What a strict policy would not run, and what a page must not hold for all that."""

    def __init__(self):
        super().__init__()
        self.faults = []
        self._open = ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._open = "" if given.get("type") == "application/json" else tag
        if tag in ("style", "base", "object", "embed"):
            self.faults.append(f"<{tag}>")
        for name, value in given.items():
            if name == "style" or name.startswith("on"):
                self.faults.append(f"<{tag} {name}={value!r}>")
            if name in ("href", "src", "action", "formaction", "poster") and not _is_ours(value):
                self.faults.append(f"<{tag} {name}={value!r}>")

    def handle_data(self, data):
        if self._open == "script" and data.strip():
            self.faults.append(f"<script>{data[:80]}")

    def handle_endtag(self, tag):
        self._open = ""


def _is_ours(url):
    return bool(re.match(r"/(?!/)|#|\?|$", url or ""))


def _policy(text):
    return {name: rest for name, *rest in (part.split() for part in text.split(";"))}
