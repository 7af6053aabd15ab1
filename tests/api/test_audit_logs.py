"""A server asks another for its audit log, over what they say to each other."""

import asyncio
import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from windvane.api import audit_logs
from windvane.api.audit_logs import ASK, LocalLog, Logs
from windvane.audit.lookup import Found, Wanted
from windvane.audit.reading import Place
from windvane.errors import InvalidRequest, Throttled
from windvane.serving.peers import PeerFailed, PeerGone

WANTED = Wanted("1" * 12, "us-east-1", ("EventName", "x"), datetime(2026, 11, 1, tzinfo=UTC))
BEFORE = {"w": Place("file", 7)}
FOUND = Found(({"eventID": "e"},), (BEFORE,), {"w": Place("file", 3)}, "2026-11-01T00:00:00Z")


def server(name, *, is_host_only=False):
    return SimpleNamespace(
        id=name,
        folder=f"f-{name}",
        address=f"http://{name}",
        certificate="",
        is_host_only=is_host_only,
    )


class Membership:
    id = "one"

    def live(self):
        return (server("one"), server("two"), server("host", is_host_only=True))


class Answering:
    """Peers of which one answers as a local log does, or fails."""

    def __init__(self, ask=None, error=None):
        self._ask, self._error = ask, error

    async def ask(self, peer, header, body, timeout_s):
        assert (peer.id, header["ask"]) == ("two", ASK)
        if self._error:
            raise self._error
        return await self._ask(json.loads(json.dumps(header)), body)


def test_each_server_that_serves_has_a_log_named_by_its_folder(tmp_path):
    logs = Logs(LocalLog(tmp_path), Membership(), Answering()).by_server()
    assert sorted(logs) == ["f-one", "f-two"]
    assert isinstance(logs["f-one"], LocalLog)


def test_what_another_server_answers_is_what_it_found(tmp_path, monkeypatch):
    asked = []

    def look_up(*given):
        asked.append(given)
        return FOUND

    monkeypatch.setattr(audit_logs, "look_up", look_up)
    logs = Logs(LocalLog(tmp_path), Membership(), Answering(LocalLog(tmp_path).ask))
    assert asyncio.run(logs.by_server()["f-two"].look_up(WANTED, BEFORE, 5)) == FOUND
    assert asked == [(tmp_path, WANTED, BEFORE, 5)]


@pytest.mark.parametrize(
    "error",
    [PeerGone("away"), PeerFailed("broken"), TimeoutError(), InvalidRequest("another version")],
)
def test_a_log_that_cannot_be_read_is_not_left_out_without_a_word(tmp_path, error):
    logs = Logs(LocalLog(tmp_path), Membership(), Answering(error=error))
    with pytest.raises(Throttled, match="audit log of one of the servers cannot be read now"):
        asyncio.run(logs.by_server()["f-two"].look_up(WANTED, {}, 5))
