"""Attacks on the server's log, and on the terminals of those who run it, by what is quoted."""

from __future__ import annotations

import asyncio
import io
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from unit.console.desk import HOST, Desk, opened
from unit.maintenance.folders import lived_in

from windvane.cli.ending import exit_code
from windvane.cli.main import main
from windvane.domain.candidate import Container
from windvane.domain.deployment import Model
from windvane.errors import DataFault
from windvane.names import Scope
from windvane.process.log_lines import PlainLines
from windvane.store.open import open_store
from windvane.wire.failures import FailureCounter, failed_sign_in

FORGED = "2026-11-30 10:00:00,000 INFO windvane.app: ready"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028"])
def test_a_failed_sign_in_writes_no_line_of_its_own(end: str) -> None:
    """The access key of a sign-in form was logged as it came, from anybody: whole records could be forged."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(PlainLines("%(levelname)s %(message)s"))
    logger = logging.getLogger("windvane.wire.failures")
    logger.addHandler(handler)
    try:
        failed = failed_sign_in(is_known=True)
        FailureCounter().note("192.0.2.1", f"AKIA{end}{FORGED}\x1b[2J", failed)
    finally:
        logger.removeHandler(handler)
    first, *others = written.getvalue().splitlines()
    assert first.startswith("WARNING 1 request(s)")
    assert all(line.startswith("    ") for line in others)
    assert "\x1b" not in written.getvalue()
    assert FORGED in written.getvalue()


def test_an_exception_writes_none_either() -> None:
    record = logging.LogRecord("a", logging.ERROR, "", 0, "failed", (), None)
    record.exc_text = f"Traceback:\nValueError: x\n{FORGED}"
    lines = PlainLines("%(levelname)s %(message)s").format(record).split("\n")
    assert lines == ["ERROR failed", "    Traceback:", "    ValueError: x", f"    {FORGED}"]


def test_half_a_character_does_not_take_the_record_with_it(tmp_path) -> None:
    """No file can hold one: an attempt whose text had it was in no log."""
    handler = logging.FileHandler(tmp_path / "log", encoding="utf-8")
    handler.setFormatter(PlainLines("%(message)s"))
    handler.handle(logging.LogRecord("a", logging.WARNING, "", 0, "key %s", ("AKIA\ud800",), None))
    handler.close()
    assert (tmp_path / "log").read_text() == "key AKIA\\ud800\n"


def test_no_name_of_a_client_steers_the_terminal_that_a_check_is_read_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a model's data are said to lie was printed as it came: it could hide what else was found, and with half a
    character the check ended."""
    folder = lived_in(tmp_path / "data")
    now = datetime.now(UTC)
    model = Model(
        scope=Scope("111122223333", "us-east-1"),
        name="m",
        created=now,
        modified=now,
        request={},
        containers=(Container("image", "s3://b/\x1b[2J\ud800\n0 findings"),),
    )
    store = open_store("", folder)
    with store.transaction() as tx:
        assert tx.insert(model)
    store.close()
    assert main(["check", "--data-dir", str(folder)]) == 1
    printed = capsys.readouterr().out
    assert "s3://b/\\x1b[2J\\ud800\\n0 findings is not there" in printed
    assert "\x1b" not in printed


def test_no_cell_steers_the_terminal_of_who_reads_its_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def read() -> None:
        raise DataFault("The target column 'y\x1b[2J\ud800' is not in the data.")

    assert exit_code("automl", read) == 2
    assert capsys.readouterr().err.count("\\x1b[2J\\ud800") == 1


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/console/sign-in", {"origin": "http://[x"}),
        ("GET", "/console/sign-in?then=http://[x", {}),
        ("POST", "/console/sign-in", {"origin": f"http://{HOST}"}),
        ("POST", "/console/theme", {"origin": f"http://{HOST}"}),
    ],
)
def test_nobody_without_a_key_fills_the_log_with_faults(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    headers: dict[str, str],
) -> None:
    """An origin that is none, and a form that breaks off, were faults of the server: seven kilobytes of the log each, so that
    ten thousand connections pushed everything else out of it."""
    with opened(tmp_path) as desk:
        desk.cookie = ""
        status = asyncio.run(_broken_off(desk, method, path, headers))
    assert status < 500
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


async def _broken_off(desk: Desk, method: str, path: str, headers: dict[str, str]) -> int:
    """The status of an answer to a client that goes away within its form."""
    form = {"content-type": "application/x-www-form-urlencoded", "content-length": "100"}
    came = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": b"then=%2F", "more_body": True},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return came.pop() if len(came) > 1 else came[0]

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await desk.site(desk._scope(method, path, {**form, **headers}), receive, send)
    status: int = sent[0]["status"]
    return status
