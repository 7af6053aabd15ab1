"""Where a server listens: for the API, and for its metrics if they have an address of their own."""

from __future__ import annotations

import pytest

from windvane.cli.listeners import listening
from windvane.settings import BadSettings, Settings


def test_metrics_have_a_socket_of_their_own_if_wanted(tmp_path):
    with listening(Settings(tmp_path, port=0)) as listeners:
        assert listeners.metrics is None
    with listening(Settings(tmp_path, port=0, metrics="127.0.0.1:0")) as listeners:
        ports = {one.getsockname()[1] for one in (listeners.api, listeners.metrics)}
    assert len(ports) == 2


def test_an_address_that_is_taken_is_named(tmp_path):
    with listening(Settings(tmp_path, port=0)) as listeners:
        taken = f"127.0.0.1:{listeners.api.getsockname()[1]}"
        settings = Settings(tmp_path, port=0, metrics=taken)
        with (
            pytest.raises(BadSettings, match=f"Cannot listen on {taken}: Address already in use"),
            listening(settings),
        ):
            raise AssertionError("nothing may be served")


@pytest.mark.parametrize("address", ["9470", "127.0.0.1", "http://127.0.0.1:9470", "a b:1", ":1"])
def test_an_address_is_a_host_and_a_port(tmp_path, address):
    with pytest.raises(BadSettings, match=r"\[server\] metrics is .* of the form HOST:PORT"):
        Settings(tmp_path, metrics=address)


def test_a_port_has_a_highest_number(tmp_path):
    with (
        pytest.raises(BadSettings, match=r"Cannot listen on 127\.0\.0\.1:70000"),
        listening(Settings(tmp_path, port=0, metrics="127.0.0.1:70000")),
    ):
        raise AssertionError("nothing may be served")
