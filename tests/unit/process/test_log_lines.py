"""Logs of every process: their times, and that each of them begins its log in one place."""

import json
import logging
import sys
from pathlib import Path

import windvane
from windvane.errors import StoreUnreachable
from windvane.process.log_lines import JsonLines, LogFormat, PlainLines
from windvane.tracing.context import TraceContext, within


def test_times_are_utc_and_say_so():
    record = logging.LogRecord("a", logging.INFO, "", 0, "ready", (), None)
    record.created = 1_700_000_000.25
    line = PlainLines("%(asctime)s %(message)s").format(record)
    assert line == "2023-11-14T22:13:20.250Z ready"


def record(message="ready", *arguments, exc_info=None):
    made = logging.LogRecord("a.b", logging.WARNING, "", 0, message, arguments, exc_info)
    made.created = 1_700_000_000.25
    return made


def test_in_json_a_record_is_one_line_whatever_it_says():
    line = JsonLines("express-0/1").format(record("of %s", "a\x1b[2J\nb\u2028\ud800"))
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "WARNING",
        "logger": "a.b",
        "message": "of a\x1b[2J\nb\u2028\ud800",
        "process": "express-0/1",
    }


def test_in_json_a_record_has_its_exception_and_its_place_in_a_trace():
    try:
        int("no")
    except ValueError:
        failed = record(exc_info=sys.exc_info())
    with within(TraceContext("4" * 32, "5" * 16, True)):
        told = json.loads(JsonLines().format(failed))
    assert told["exception"].splitlines()[-1].startswith("ValueError: ")
    assert (told["trace_id"], told["span_id"]) == ("4" * 32, "5" * 16)
    assert told.keys().isdisjoint({"process"})
    assert json.loads(JsonLines().format(record())).keys().isdisjoint({"trace_id", "exception"})


def test_a_database_that_is_away_takes_one_line_and_says_why():
    try:
        try:
            int("no")
        except ValueError as cause:
            raise StoreUnreachable.away() from cause
    except StoreUnreachable:
        failed = record("A round failed.", exc_info=sys.exc_info())
    [first, second] = PlainLines("%(message)s").format(failed).splitlines()
    assert first == "A round failed."
    assert "StoreUnreachable: The server's database cannot be reached" in second
    assert "invalid literal" in second
    assert json.loads(JsonLines().format(failed))["exception"] == second.strip()


def test_the_form_of_a_log_says_what_writes_its_lines():
    assert isinstance(LogFormat("json").lines("%(message)s"), JsonLines)
    assert LogFormat("text").lines("%(message)s!").format(record()) == "ready!"


def test_every_process_begins_its_log_in_the_one_place():
    source = Path(windvane.__file__).parent
    places = [
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if "logging.basicConfig(" in path.read_text()
    ]
    assert places == ["process/log_lines.py"]
