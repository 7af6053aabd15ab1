"""What one account's records do to those of others: whoever made very many requests pushed theirs out of the log."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from unit.audit.records import ACCOUNT, NOW, Written, a_caller, a_record

from windvane.audit import lookup
from windvane.audit.log import MOST_WAITING
from windvane.audit.lookup import Places, Wanted, look_up
from windvane.audit.reading import read_all

OTHER = "999922223333"
BOUNDS = {"file_bytes": 2000, "all_bytes": 20_000}
FLOOD = 60


def of_other(operation: str) -> Any:
    return a_record(operation, caller=a_caller(account=OTHER))


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path / "audit")


def names(written: Written) -> list[str]:
    return [line.event["eventName"] for line in read_all(written.folder)]


def pages(written: Written, account: str, limit: int = 50) -> list[list[str]]:
    found: list[list[str]] = []
    places: Places | None = {}
    while places is not None:
        page = look_up(written.folder, Wanted(account, "us-east-1"), places, limit)
        found.append([event["eventName"] for event in page.events])
        places = page.places
    return found


def test_no_account_pushes_out_the_records_of_another(written: Written) -> None:
    written.write(*[a_record(f"Create{n}") for n in range(4)], **BOUNDS)
    for _ in range(3):
        written.write(*[of_other("CreateMany")] * FLOOD, **BOUNDS)
    kept = names(written)
    assert [name for name in kept if name != "CreateMany"] == [f"Create{n}" for n in range(4)]
    assert len(kept) < FLOOD
    assert written.problems() == []


def test_nor_does_anybody_who_is_nobody(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty requests a second without a signature filled the log in a day."""
    monkeypatch.setattr("windvane.audit.log.STRANGERS_AT_ONCE", float(MOST_WAITING))
    written.write(*[a_record(f"Create{n}") for n in range(4)], **BOUNDS)
    stranger = a_record("", caller=None, account=ACCOUNT, error_code="SignatureDoesNotMatch")
    for _ in range(3):
        written.write(*[stranger] * FLOOD, **BOUNDS)
    assert [name for name in names(written) if name != "Unknown"] == [
        f"Create{n}" for n in range(4)
    ]


def test_an_account_reads_no_lines_of_others_to_find_its_own(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look of an account that had few events went through the events of all others, megabyte by megabyte."""
    monkeypatch.setattr(lookup, "MOST_READ_BYTES", 2000)
    written.write(a_record("CreateMine"))
    written.write(*[of_other("CreateMany")] * FLOOD)
    assert pages(written, ACCOUNT) == [["CreateMine"]]


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize("most", [1, 1000, 1 << 20])
def test_failures_with_its_keys_are_among_an_accounts_events_by_their_time(
    written: Written, monkeypatch: pytest.MonkeyPatch, limit: int, most: int
) -> None:
    monkeypatch.setattr(lookup, "MOST_READ_BYTES", most)
    failed = {"caller": None, "account": ACCOUNT, "error_code": "SignatureDoesNotMatch"}
    for n in range(6):
        written.now = NOW + timedelta(seconds=n)
        written.write(a_record(f"Delete{n}", **failed) if n % 2 else a_record(f"Create{n}"))
    found = [name for page in pages(written, ACCOUNT, limit) for name in page]
    assert found == ["Delete5", "Create4", "Delete3", "Create2", "Delete1", "Create0"]


def test_who_is_nobody_does_not_bury_an_accounts_events(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "MOST_READ_BYTES", 2000)
    monkeypatch.setattr("windvane.audit.log.STRANGERS_AT_ONCE", float(MOST_WAITING))
    written.write(*[a_record("", caller=None, error_code="InvalidClientTokenId")] * FLOOD)
    written.now = NOW + timedelta(seconds=1)
    written.write(a_record("CreateMine"))
    found = pages(written, ACCOUNT)
    assert found[0] == ["CreateMine"]
    assert len(found) > 1
