"""The audit log of a server: requests are handed over by the event loop and written by a thread.

What changed something is on the disk before its caller learns of it. If that cannot be, changes are refused until it
can: nothing is done that leaves no record. Everything else is written soon after, and nobody waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from windvane.audit.account_log import AccountLog, Anchors
from windvane.audit.files import DAY, FileBounds, account_of, files_of, prune, server_of
from windvane.audit.kinds import Recording, Writing
from windvane.audit.record import Event, event_of
from windvane.errors import StoreUnusable, WindvaneError
from windvane.wire.call import Caller, RequestRecord

AUDIT_FOLDER = "audit"
"""Below the data folder."""
AUDIT_KEY = "audit log"
"""What the key that authenticates lines is derived for."""

KEEP_HEAD_S = 5.0
"""How often the head is kept elsewhere: a tail of the log that is cut off later than that is noticed."""

WRITTEN_EVERY_S = 0.25

MOST_WAITING = 20_000
STRANGERS_PER_S = 20.0
STRANGERS_AT_ONCE = 200.0
"""Records of requests that nobody proved to have sent: a flood of them must not fill the disk, nor push out others."""

_BATCH = 256
_ACCOUNT = re.compile(r"[0-9]{12}")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Entry:
    record: RequestRecord
    at: datetime
    written: asyncio.Future[None] | None = None


class AuditLog:
    """Records requests (the wire's Recorder).

    folder       where the files lie
    key          32 bytes that authenticate lines
    clock        the time in UTC
    recording    what is recorded
    """

    def __init__(
        self,
        folder: Path,
        key: bytes,
        anchors: Anchors,
        clock: Callable[[], datetime],
        recording: Recording,
        bounds: FileBounds,
    ) -> None:
        self._folder, self._bounds = folder, bounds
        self._server = server_of(folder)
        self._key = key
        self._anchors = anchors
        self._account_logs: dict[str, AccountLog] = {}
        self._clock = clock
        self._recording = recording
        self._waiting: deque[_Entry] = deque()
        self._wake = threading.Event()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="audit")
        self._is_pruned = False
        self._kept_at = time.monotonic()
        self._fault = ""
        self._not_recorded = 0
        self._strangers, self._strangers_at = STRANGERS_AT_ONCE, time.monotonic()

    def start(self) -> None:
        """Go on where the log ends."""
        for writer in sorted({file.writer for file in files_of(self._folder)}):
            if writer.startswith(self._server):
                self._account_log(account_of(writer))
        self._thread.start()

    def stop(self) -> None:
        """Write what was handed over."""
        if self._thread.is_alive():
            self._is_over = True
            self._wake.set()
            self._thread.join()
        for log in self._account_logs.values():
            log.close()

    def faults(self) -> list[str]:
        """Return what is not well, a sentence each."""
        return [self._fault] if self._fault else []

    def check(self, record: RequestRecord) -> None:
        """Refuse what would change something while it cannot be recorded.

        raises    StoreUnusable
        """
        if self._fault and self._recording.of(record) is Writing.BEFORE_ANSWER:
            raise StoreUnusable(f"{self._fault} Nothing was changed.")

    def begin_answer(self, record: RequestRecord) -> Awaitable[None] | None:
        """Record a request whose answer is about to begin; what is returned has to be awaited before it does.

        Runs on the event loop. What is awaited raises StoreUnusable if the record could not be written."""
        how = self._recording.of(record)
        if how is Writing.NOT_AT_ALL:
            return None
        if how is Writing.SOON:
            if self._has_room(record):
                self._waiting.append(_Entry(_copy(record), self._clock()))
            else:
                self._not_recorded += 1
            return None
        written = asyncio.get_running_loop().create_future()
        self._waiting.append(_Entry(_copy(record), self._clock(), written))
        self._wake.set()
        return written

    def note(self, record: RequestRecord) -> None:
        """Record what the server did without a request. For any thread; nobody waits for it."""
        self._waiting.append(_Entry(_copy(record), self._clock()))
        self._wake.set()

    def _has_room(self, record: RequestRecord) -> bool:
        if len(self._waiting) >= MOST_WAITING:
            return False
        if record.caller is not None:
            return True
        now = time.monotonic()
        earned = (now - self._strangers_at) * STRANGERS_PER_S
        self._strangers = min(STRANGERS_AT_ONCE, self._strangers + earned)
        self._strangers_at = now
        if self._strangers < 1:
            return False
        self._strangers -= 1
        return True

    def _run(self) -> None:
        """Woken for what somebody waits for; the rest is written a few times a second, so that requests that change
        nothing share the interpreter with this thread as seldom as may be."""
        while True:
            self._wake.wait(WRITTEN_EVERY_S)
            self._wake.clear()
            is_over = self._is_over
            while entries := self._take():
                self._write(entries)
            if self._not_recorded:
                self._write([])
            if is_over or time.monotonic() - self._kept_at >= KEEP_HEAD_S:
                self._keep_head()
            if is_over:
                return

    def _take(self) -> list[_Entry]:
        """Return what waits, in the order in which it was handed over."""
        return [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]

    def _write(self, entries: list[_Entry]) -> None:
        by_account: dict[str, list[_Entry]] = {"": []} if self._not_recorded else {}
        for entry in entries:
            by_account.setdefault(_account(entry.record), []).append(entry)
        for account, own in by_account.items():
            self._write_account(account, own)

    def _write_account(self, account: str, entries: list[_Entry]) -> None:
        waited_for = [entry.written for entry in entries if entry.written is not None]
        not_recorded = 0
        if not account:
            not_recorded, self._not_recorded = self._not_recorded, 0
        now = self._clock()
        try:
            events = [event_of(entry.record, entry.at, str(uuid.uuid4())) for entry in entries]
            if not_recorded:
                events.append(_gap(not_recorded, now))
            log = self._account_log(account)
            if log.append(events, now.strftime(DAY), is_waited_for=bool(waited_for)):
                self._is_pruned = False
        except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it was; the thread goes on
            self._not_recorded += not_recorded + len(entries)
            self._complain(error)
            _end(waited_for, StoreUnusable(f"{self._fault} The change was made."))
        else:
            if self._fault:
                _log.warning("The audit log can be written again.")
            self._fault = ""
            _end(waited_for, None)

    def _account_log(self, account: str) -> AccountLog:
        log = self._account_logs.get(account)
        if log is None:
            writer = f"{self._server}{account}"
            log = AccountLog(self._folder, writer, self._bounds, self._key, self._anchors)
            self._account_logs[account] = log
        return log

    def _complain(self, error: Exception) -> None:
        if not self._fault:
            _log.error("The audit log cannot be written", exc_info=error)
        why = error.strerror if isinstance(error, OSError) else type(error).__name__
        self._fault = f"The audit log cannot be written ({why})."

    def _keep_head(self) -> None:
        """Files go whenever one was begun."""
        self._kept_at = time.monotonic()
        try:
            first = {}
            if not self._is_pruned:
                first = prune(self._folder, self._server, self._bounds, self._clock())
            for account, log in self._account_logs.items():
                log.keep_head(first.get(f"{self._server}{account}"))
        except Exception:  # noqa: BLE001 - of a disk or a database: tried again soon, and the thread goes on
            _log.warning("The head of the audit log cannot be kept elsewhere", exc_info=True)
        else:
            self._is_pruned = True


def _account(record: RequestRecord) -> str:
    """Return whose records it is among: "" unless it was proved who sent it."""
    if isinstance(record.caller, Caller) and _ACCOUNT.fullmatch(record.caller.account):
        return record.caller.account
    return ""


def _copy(record: RequestRecord) -> RequestRecord:
    """Return a copy as it is now, without a body: what waits to be written must not be large."""
    copied = RequestRecord.__new__(RequestRecord)
    copied.__dict__.update(record.__dict__)
    copied.parameters = {name: value for name, value in record.parameters.items() if name != "Body"}
    return copied


def _end(waited_for: list[asyncio.Future[None]], error: WindvaneError | None) -> None:
    for written in waited_for:
        written.get_loop().call_soon_threadsafe(_settle, written, error)


def _settle(written: asyncio.Future[None], error: WindvaneError | None) -> None:
    if written.done():
        return
    if error is None:
        written.set_result(None)
    else:
        written.set_exception(error)


def _gap(count: int, now: datetime) -> Event:
    """Return the record of what could not be recorded."""
    record = RequestRecord("", service="windvane", operation="EventsNotRecorded")
    event = event_of(record, now.astimezone(UTC), str(uuid.uuid4()))
    return event | {"eventType": "AwsServiceEvent", "serviceEventDetails": {"count": count}}
