"""Attacks on the server's log by what it quotes."""

from __future__ import annotations

import io
import logging

import pytest

from windvane.process.log_lines import PlainLines
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
