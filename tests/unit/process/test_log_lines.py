"""Logs of every process: their times, and that each of them begins its log in one place."""

import logging
from pathlib import Path

import windvane
from windvane.process.log_lines import PlainLines


def test_times_are_utc_and_say_so():
    record = logging.LogRecord("a", logging.INFO, "", 0, "ready", (), None)
    record.created = 1_700_000_000.25
    line = PlainLines("%(asctime)s %(message)s").format(record)
    assert line == "2023-11-14T22:13:20.250Z ready"


def test_every_process_begins_its_log_in_the_one_place():
    source = Path(windvane.__file__).parent
    places = [
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if "logging.basicConfig(" in path.read_text()
    ]
    assert places == ["process/log_lines.py"]
