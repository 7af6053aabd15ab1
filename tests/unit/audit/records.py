"""Small requests to be recorded, and a log in a folder."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from windvane.audit.account_log import Anchor
from windvane.audit.files import FileBounds, files_of
from windvane.audit.kinds import Recording
from windvane.audit.log import AuditLog
from windvane.audit.reading import verify
from windvane.wire.call import Caller, Credential, RequestRecord

KEY = b"k" * 32
ACCOUNT = "111122223333"
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def a_caller(arn: str = f"arn:aws:iam::{ACCOUNT}:user/team/ann", account: str = ACCOUNT) -> Caller:
    credential = Credential(account, "AKIA1234", "the secret", arn, "AIDA1")
    return Caller(account, "us-east-1", credential)


def a_record(operation: str = "CreateModel", **members) -> RequestRecord:
    given = {
        "source_ip": "192.0.2.1",
        "user_agent": "Boto3/1",
        "service": "sagemaker",
        "caller": a_caller(),
        "access_key": "AKIA1234",
    }
    return RequestRecord("request-1", operation=operation, **(given | members))


class Anchors:
    """In memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Anchor] = {}

    def get(self, writer: str) -> Anchor | None:
        return self.kept.get(writer)

    def put(self, writer: str, anchor: Anchor) -> None:
        self.kept[writer] = anchor


class Written:
    """A folder in which logs were written one after another, as by servers that start and stop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.anchors = Anchors()
        self.now = NOW

    def open(self, recording: Recording | None = None, **bounds) -> AuditLog:
        return AuditLog(
            self.folder,
            KEY,
            self.anchors,
            lambda: self.now,
            recording or Recording(),
            FileBounds(**bounds),
        )

    def write(self, *records: RequestRecord, **bounds) -> AuditLog:
        log = self.open(**bounds)
        log.start()
        record_all(log, *records)
        log.stop()
        return log

    @property
    def writer(self) -> str:
        """Of the account's records."""
        return (self.folder / "writer").read_text() + ACCOUNT

    def problems(self) -> list[str]:
        """What a look at all writers finds."""
        writers = {file.writer for file in files_of(self.folder)} | set(self.anchors.kept)
        return [
            problem
            for writer in sorted(writers)
            for problem in verify(self.folder, writer, KEY, self.anchors.get(writer)).problems
        ]

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.jsonl"))


def record_all(log: AuditLog, *records: RequestRecord) -> None:
    async def answers() -> None:
        for record in records:
            if (written := log.begin_answer(record)) is not None:
                await written

    asyncio.run(answers())
