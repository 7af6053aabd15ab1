import io
import json
import logging
import os

import pytest

from windvane.process.log_lines import JsonLines, PlainLines
from windvane.process.standard_error import _pass_on, shown

WORDS = b'one\x1b[2J\n{"time": "2026-11-30", "logger": "windvane", "message": "all is well"}\n'


@pytest.fixture
def passed_on(monkeypatch):
    """Returns what this process writes of the words of another, with lines of a kind."""

    def write(lines: logging.Formatter) -> list[str]:
        handler = logging.StreamHandler(io.StringIO())
        handler.setFormatter(lines)
        monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
        written = io.StringIO()
        monkeypatch.setattr("sys.stderr", written)
        source, end = os.pipe()
        os.write(end, WORDS)
        os.close(end)
        _pass_on(source)
        return written.getvalue().splitlines()

    return write


def test_words_stand_behind_a_bar(passed_on):
    found = passed_on(PlainLines("%(message)s"))
    assert found == shown(WORDS).splitlines()
    assert all(line.startswith("  | ") for line in found)


def test_in_json_no_word_passes_for_a_record_of_the_server(passed_on):
    records = [json.loads(line) for line in passed_on(JsonLines())]
    assert [record["logger"] for record in records] == ["sandbox", "sandbox"]
    assert records[0]["message"] == "one?[2J"
    assert json.loads(records[1]["message"])["message"] == "all is well"
