"""`windvane audit`: shows who did what on this server, and verifies that the log is unchanged.

With `--log` it does so for several servers at once, each of which has a log of the requests that it received.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from windvane.api.key_file import check_own, load_or_create_keys
from windvane.audit.anchors import StoredAnchors
from windvane.audit.chain import BrokenChain
from windvane.audit.files import files_of, server_by
from windvane.audit.log import AUDIT_FOLDER, AUDIT_KEY
from windvane.audit.lookup import time_of, user_of
from windvane.audit.reading import read_all, verify
from windvane.audit.record import Event
from windvane.errors import WindvaneError
from windvane.sealing import derive_key
from windvane.settings import Settings
from windvane.settings_file import read_settings
from windvane.store.open import open_store
from windvane.wording import counted

_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class BadQuestion(WindvaneError):
    """An option of the command is wrong, or there is nothing to look at."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("audit", help="read and verify the audit log", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
    parser.add_argument("--config", type=Path, help="the server's configuration file (TOML)")
    parser.add_argument(
        "--log",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="the folder `audit` of another server on the same database, or a copy of it; may be repeated",
    )
    parser.add_argument("--since", help="how long ago (90s, 15m, 12h, 7d), or a time in ISO 8601")
    parser.add_argument("--user", help="name, ARN or access key of the caller")
    parser.add_argument("--event", help="name of the operation, e.g. CreateModel or ConsoleLogin")
    parser.add_argument("--account", help="account ID")
    parser.add_argument(
        "--refused", action="store_true", help="only operations that failed or were refused"
    )
    parser.add_argument("--json", action="store_true", help="full records, one per line")
    parser.add_argument(
        "--verify", action="store_true", help="verify the log; exit code 1 if it was changed"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Verify or print the audit log, as the options ask.

    raises    BadQuestion
    """
    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    folder = settings.data_dir / AUDIT_FOLDER
    if not folder.is_dir():
        raise BadQuestion(
            f"There is no audit log in {settings.data_dir}: no server has used it yet."
        )
    logs = (folder, *arguments.log)
    _check_logs(logs)
    if arguments.verify:
        return _verify(settings, logs)
    since = _moment(arguments.since, datetime.now(UTC)) if arguments.since else None
    try:
        for event in _wanted(logs, arguments, since):
            print(json.dumps(event) if arguments.json else _line(event))
    except BrokenChain as broken:
        print(f"windvane: {broken} Run `windvane audit --verify` for details.", file=sys.stderr)
        return 1
    return 0


def _check_logs(logs: Sequence[Path]) -> None:
    """Check that each folder has a log, and no two have that of the same server.

    raises    BadQuestion
    """
    known: dict[str, Path] = {}
    for folder in logs:
        servers = {server_by(writer) for writer in _writers_in(folder)}
        if not servers and folder != logs[0]:
            raise BadQuestion(
                f"There is no audit log in {folder}: --log names the folder `audit` of a server."
            )
        for server in servers:
            if server in known:
                raise BadQuestion(f"{known[server]} and {folder} both have the log of {server}.")
            known[server] = folder


def _writers_in(folder: Path) -> set[str]:
    """Return the names of those who wrote to a folder, also of those of whom there is no file any more."""
    return {file.writer for file in files_of(folder)} | {
        path.stem for path in folder.glob("*.head")
    }


def _wanted(
    logs: Sequence[Path], arguments: argparse.Namespace, since: datetime | None
) -> Iterator[Event]:
    for line in read_all(*logs):
        event = line.event
        if since and time_of(event) < since:
            continue
        if arguments.user and arguments.user not in _names(event):
            continue
        if arguments.event and event["eventName"] != arguments.event:
            continue
        if arguments.account and event["recipientAccountId"] != arguments.account:
            continue
        if arguments.refused and "errorCode" not in event:
            continue
        yield event


def _names(event: Event) -> tuple[str, ...]:
    identity = event["userIdentity"]
    return user_of(event), identity.get("arn", ""), identity.get("accessKeyId", "")


def _line(event: Event) -> str:
    """Everything that comes from clients is shown as ASCII: no control character gets to the terminal."""
    identity = event["userIdentity"]
    who = identity.get("arn") or identity.get("accessKeyId") or "-"
    what = ",".join(resource["ARN"] for resource in event.get("resources", ())) or "-"
    fields = (
        event["eventTime"],
        event["sourceIPAddress"],
        who,
        f"{event['eventSource'].partition('.')[0]}:{event['eventName']}",
        what,
        event.get("errorCode", "ok"),
    )
    return "  ".join(_plain(field) for field in fields)


def _plain(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)


def _verify(settings: Settings, logs: Sequence[Path]) -> int:
    """Verify logs, those of all servers if there are several: one that the database knows of must be there."""
    keys = load_or_create_keys(settings.data_dir, settings.account)
    if not settings.store_url:
        check_own(keys, settings.data_dir)
    key = derive_key(keys.sealing_secret, AUDIT_KEY)
    store = open_store(settings.store_url, settings.data_dir)
    try:
        anchors = StoredAnchors(store)
        folders = {writer: folder for folder in logs for writer in _writers_in(folder)}
        elsewhere = anchors.writers() - folders.keys()
        is_whole = not settings.store_url or len(logs) > 1
        if is_whole:
            folders |= dict.fromkeys(elsewhere, logs[0])
        n_problems = 0
        for writer, folder in sorted(folders.items()):
            found = verify(folder, writer, key, anchors.get(writer))
            n_problems += len(found.problems)
            n_found = counted(len(found.problems), "problem")
            print(f"{_plain(_named(writer))}: {counted(found.n_lines, 'line')}, {n_found}")
            for problem in found.problems:
                print(f"  {_plain(problem)}")
        print(_verdict(n_problems, len(folders)))
    finally:
        store.close()
    if elsewhere and not is_whole:
        servers = ", ".join(sorted({server_by(writer) for writer in elsewhere}))
        print(f"Not verified, as they are on other servers (--log): {servers}")
    return 1 if n_problems else 0


def _named(writer: str) -> str:
    """Return what a chain of records is of, for people."""
    server = server_by(writer)
    account = writer.removeprefix(server)
    return f"server {server}, " + (
        f"account {account}" if account else "requests of unknown callers"
    )


def _verdict(n_problems: int, n_chains: int) -> str:
    if n_problems:
        return "The log was changed or damaged."
    return "The log is as the server wrote it." if n_chains else "The log is empty."


def _moment(text: str, now: datetime) -> datetime:
    if match := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadQuestion(
            "--since must be a time such as 15m, 12h or 7d, or a date and time such as "
            f"2026-11-30T08:00:00Z, not '{text}'."
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
