"""A real server, the distribution's Chromium, and pages that may do nothing wrong."""

import os
from datetime import UTC, datetime

import pytest
from journeys.running import RunningServer
from playwright.sync_api import expect

from benchmarks.chromium import NAMES, chromium, path_of_chromium
from browser.plain import Plain
from browser.watch import Watch
from windvane.api.authenticator import new_link
from windvane.api.key_file import load_or_create_keys
from windvane.settings import DEFAULT_ACCOUNT

_PATIENCE_MS = 240_000
expect.set_options(timeout=_PATIENCE_MS)

_FAILED_SIGN_INS = 200
"""More than all tests of a session make: what is asked here is what pages say to each."""


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("console")
    config = folder / "windvane.toml"
    config.write_text(f"[work]\nworkers = 1\n[limits]\nfailed_requests = {_FAILED_SIGN_INS}\n")
    running = RunningServer(folder / "data", "--config", str(config))
    yield running
    running.stop()


@pytest.fixture(scope="package")
def browser():
    if path_of_chromium() is None and os.environ.get("CI") != "true":
        pytest.skip(f"there is no browser: none of {', '.join(NAMES)} (Debian's package chromium)")
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="package")
def keys(server):
    return load_or_create_keys(server.folder, DEFAULT_ACCOUNT)


@pytest.fixture
def link(server, keys):
    """A new one-time link."""
    text = new_link(
        keys.token_secret, (keys.access_key, keys.secret_key), "us-east-1", datetime.now(UTC)
    )
    return f"{server.url}/console/enter?link={text}"


@pytest.fixture(scope="package")
def session(server, keys):
    """A client that is signed in, once for all tests that leave the session as it is."""
    text = new_link(
        keys.token_secret, (keys.access_key, keys.secret_key), "us-east-1", datetime.now(UTC)
    )
    client = Plain(server.url)
    assert client.enter(f"/console/enter?link={text}").status == 200
    return client


@pytest.fixture
def context_of(browser, server, session):
    """Opens contexts of a browser, signed in unless told otherwise; each is watched, and its faults fail the test."""
    opened = []

    def open_context(*, signed_in=True, **options):
        context = browser.new_context(base_url=server.url, **options)
        context.set_default_timeout(_PATIENCE_MS)
        if signed_in:
            name, _, value = session.cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": f"{server.url}/console/"}])
        context.watch = Watch(context, server.url)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()
    faults = [fault for context in opened for fault in context.watch.faults]
    assert faults == []


@pytest.fixture
def page(context_of):
    return context_of().new_page()


@pytest.fixture
def watch(page):
    return page.context.watch
