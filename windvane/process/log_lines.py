"""Lines of logs, and of commands: what a client sent, or stands in a file, and a message quotes, can neither begin a line of
its own nor steer a terminal."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType

from windvane.errors import StoreUnreachable
from windvane.tracing.context import current_context

_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
"""What sys.exc_info() returns."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""With what turns the direction of text round, and halves of characters, for which a whole record would be lost: no file
can hold them."""

_BEHIND = "\n    "


def printable(text: str) -> str:
    """Return a text without characters that steer a terminal, or that it cannot show; it may have several lines.

    >>> printable("a\\x1b[2J\\x9b")
    'a\\\\x1b[2J\\\\x9b'
    """
    return _CONTROL.sub(_escaped, text)


def one_line(text: str) -> str:
    """Return a text as `printable` does, in one line."""
    return printable(text).replace("\n", "\\n")


class _Exceptions(logging.Formatter):
    """Writes exceptions with their traceback; a database that is away, which every part of a server meets, in one line."""

    def formatException(self, ei: _Raised) -> str:  # noqa: N802 - logging's own name
        error = ei[1]
        if not isinstance(error, StoreUnreachable):
            return super().formatException(ei)
        cause = str(error.__cause__ or "").strip().partition("\n")[0]
        return f"{type(error).__name__}: {error}" + (f" {cause}" if cause else "")


class PlainLines(_Exceptions):
    """Writes control characters as escapes, sets in every line of a record but its first, and gives times in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        text = printable(super().format(record))
        return _BEHIND.join(text.split("\n"))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002 - logging's own names
        return _time_text(record.created)


class JsonLines(_Exceptions):
    """Writes a record as one line of JSON: `time`, `level`, `logger`, `message`, and what it has of `process`, `exception`,
    `trace_id` and `span_id`.

    process    that tells it from others whose lines go to the same place; "" for the server
    source     "Trace Context in non-OTLP Log Formats" of the OpenTelemetry specification
    """

    def __init__(self, process: str = "") -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        told = json_record(record.created, record.levelname, record.name, record.getMessage())
        if self._process:
            told["process"] = self._process
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        if (context := current_context()) is not None:
            told |= {"trace_id": context.trace_id, "span_id": context.span_id}
        return json.dumps(told)


class LogFormat(StrEnum):
    """The forms of a log: `text` for people, `json` for programs."""

    TEXT = "text"
    JSON = "json"

    def lines(self, format_text: str, process: str = "") -> logging.Formatter:
        """Return what writes records in this form.

        format_text    of a line for people, as logging.Formatter has it
        process        as of JsonLines
        """
        return JsonLines(process) if self is LogFormat.JSON else PlainLines(format_text)


def log_to(lines: str | logging.Formatter, *handlers: logging.Handler) -> None:
    """Have this process log at level INFO; to standard error if no handler is given.

    lines    what writes records, or the format of PlainLines
    """
    formatter = PlainLines(lines) if isinstance(lines, str) else lines
    chosen = handlers or (logging.StreamHandler(),)
    for handler in chosen:
        handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=chosen)


def writes_json() -> bool:
    """Return whether this process logs in JSON."""
    return any(isinstance(one.formatter, JsonLines) for one in logging.getLogger().handlers)


def json_record(at: float, level: str, logger: str, message: str) -> dict[str, str]:
    """Return what every record has in JSON.

    at    seconds since 1970
    """
    return {"time": _time_text(at), "level": level, "logger": logger, "message": message}


def _time_text(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
