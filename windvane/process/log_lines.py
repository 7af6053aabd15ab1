"""Lines of logs, and of commands: what a client sent, or stands in a file, and a message quotes, can neither begin a line of
its own nor steer a terminal."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime

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


class PlainLines(logging.Formatter):
    """Writes control characters as escapes, sets in every line of a record but its first, and gives times in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        text = printable(super().format(record))
        return _BEHIND.join(text.split("\n"))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002 - logging's own names
        moment = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        return moment.isoformat(timespec="milliseconds") + "Z"


def log_to(format_text: str, *handlers: logging.Handler) -> None:
    """Have this process log at level INFO; to standard error if no handler is given."""
    chosen = handlers or (logging.StreamHandler(),)
    for handler in chosen:
        handler.setFormatter(PlainLines(format_text))
    logging.basicConfig(level=logging.INFO, handlers=chosen)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
