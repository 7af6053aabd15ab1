"""Whoever can change the files of the audit log, and has not its key, cannot do so unnoticed."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from unit.audit.records import NOW, Written, a_record, record_all

from windvane.api.key_file import load_or_create_keys
from windvane.audit import reading
from windvane.audit.anchors import StoredAnchors
from windvane.audit.chain import Head, write_line
from windvane.audit.files import FileBounds
from windvane.audit.kinds import Recording
from windvane.audit.log import AUDIT_FOLDER, AUDIT_KEY, AuditLog
from windvane.audit.record import event_of
from windvane.cli.main import main
from windvane.sealing import derive_key
from windvane.store.open import open_store


@pytest.fixture
def written(tmp_path) -> Written:
    made = Written(tmp_path / "audit")
    made.write(*[a_record(f"Create{n}") for n in range(6)], file_bytes=2000)
    assert len(made.files) > 1
    return made


def problems(written: Written) -> list[str]:
    return written.problems()


def rewrite(path: Path, change) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))


def changed(lines):
    return [lines[0].replace(b"Create0", b"Delete0"), *lines[1:]]


def forged(lines):
    """A line of one's own in place of the first, with a code under another key."""
    line, _ = write_line(event_of(a_record("Forged"), NOW, "e"), Head(), b"x" * 32)
    return [line, *lines[1:]]


TAMPERED = {
    "a line is changed": changed,
    "a line is taken out": lambda lines: lines[1:],
    "a line is doubled": lambda lines: [lines[0], *lines],
    "lines change places": lambda lines: [lines[1], lines[0], *lines[2:]],
    "a line is forged": forged,
    "a line is none": lambda lines: [b"{}\n", *lines],
    "the file is emptied": lambda _: [],
}


@pytest.mark.parametrize("how", TAMPERED)
def test_what_is_changed_in_the_middle_is_noticed(written, how):
    assert problems(written) == []
    rewrite(written.files[0], TAMPERED[how])
    assert problems(written)


def test_a_file_that_is_missing_is_noticed(written):
    written.files[1].unlink()
    assert problems(written)


def test_an_end_that_is_cut_off_is_noticed(written):
    rewrite(written.files[-1], lambda lines: lines[:-1])
    assert any("its end was cut off" in problem for problem in problems(written))


def test_an_end_that_is_cut_off_with_its_head_file_is_noticed(written):
    rewrite(written.files[-1], lambda lines: lines[:-1])
    for head in written.folder.glob("*.head"):
        head.unlink()
    assert any("the store knows of line 6" in problem for problem in problems(written))


def test_an_end_that_is_cut_off_stays_known_when_the_log_goes_on(written):
    rewrite(written.files[-1], lambda lines: lines[:-1])
    written.write(a_record("CreateAfter"))
    assert any("does not follow" in problem for problem in problems(written))


def test_a_beginning_that_is_cut_off_is_noticed(written):
    written.files[0].unlink()
    assert any("its beginning was cut off" in problem for problem in problems(written))


def test_a_log_that_is_written_to_meanwhile_is_not_said_to_be_cut_off(written, monkeypatch):
    """A timer that verified the log of a busy server raised a false alarm, behind which a true one hides."""
    read, is_read = reading.lines_of, []

    def slowly(file):
        yield from read(file)
        if not is_read:
            is_read.append(file)
            written.write(a_record("CreateLater"))

    monkeypatch.setattr(reading, "lines_of", slowly)
    assert written.problems() == []
    assert len(is_read) == 1


def test_a_link_in_place_of_a_file_is_not_written_through(tmp_path):
    written = Written(tmp_path / "audit")
    victim = tmp_path / "victim"
    victim.write_text("")
    written.folder.mkdir()
    (written.folder / "writer").write_text("0" * 8)
    (written.folder / f"{'0' * 8}-20261130-{1:012}.jsonl").symlink_to(victim)
    log = written.open()
    log.start()
    log.stop()
    assert victim.read_text() == ""


DENIED = a_record("DeleteModel", error_code="AccessDeniedException", user_agent="\x1b[2J")


def record_in(folder: Path, data_dir: Path, at: datetime, *records) -> None:
    """What a server records whose secret and store are those of a data folder."""
    secret = load_or_create_keys(data_dir, "111122223333").sealing_secret
    store = open_store("", data_dir)
    store.migrate()
    key, anchors = derive_key(secret, AUDIT_KEY), StoredAnchors(store)
    log = AuditLog(folder, key, anchors, lambda: at, Recording(), FileBounds())
    log.start()
    record_all(log, *records)
    log.stop()
    store.close()


@pytest.fixture
def data_dir(tmp_path) -> Path:
    """Of a server that ran: a change, and one that was refused."""
    record_in(tmp_path / AUDIT_FOLDER, tmp_path, NOW, a_record("CreateModel"), DENIED)
    return tmp_path


@pytest.fixture
def other(tmp_path, data_dir) -> Path:
    """The folder of another server's log, of requests before and after."""
    folder = tmp_path / "other" / AUDIT_FOLDER
    for at, operation in ((-1, "CreateEndpoint"), (1, "DeleteEndpoint")):
        record_in(folder, data_dir, NOW + timedelta(minutes=at), a_record(operation))
    return folder


@pytest.fixture
def asked(data_dir, capsys):
    def asked(*options: str) -> tuple[int, str]:
        code = main(["audit", "--data-dir", str(data_dir), *options])
        return code, capsys.readouterr().out

    return asked


def test_the_command_tells_who_did_what(asked):
    ann = "arn:aws:iam::111122223333:user/team/ann"
    created = f"2026-11-30T12:00:00Z  192.0.2.1  {ann}  sagemaker:CreateModel  -  ok"
    denied = (
        f"2026-11-30T12:00:00Z  192.0.2.1  {ann}  sagemaker:DeleteModel  -  AccessDeniedException"
    )
    assert asked() == (0, f"{created}\n{denied}\n")
    assert asked("--refused", "--user", "ann") == (0, f"{denied}\n")
    assert asked("--user", "bob") == (0, "")
    assert asked("--since", "2026-12-01T00:00:00Z") == (0, "")
    assert json.loads(asked("--event", "CreateModel", "--json")[1])["awsRegion"] == "us-east-1"
    assert asked("--since", "soon")[0] == 2


def test_the_command_verifies(asked, data_dir):
    code, told = asked("--verify")
    assert code == 0
    assert re.fullmatch(
        r"server \w{8}, account \d{12}: 2 lines, 0 problems\nThe log is as the server wrote it\.\n",
        told,
    )
    (file,) = (data_dir / AUDIT_FOLDER).glob("*.jsonl")
    rewrite(file, lambda lines: [lines[0].replace(b"CreateModel", b"CreateOther"), *lines[1:]])
    code, told = asked("--verify")
    assert code == 1
    assert "Line 1 of the audit log was changed" in told


def test_a_log_whose_keys_are_in_a_database_is_verified_with_that_alone(asked, data_dir, capsys):
    keys = data_dir / "keys.json"
    keys.write_text(json.dumps(json.loads(keys.read_text()) | {"shared": True}))
    before = sorted(data_dir.iterdir())
    assert main(["audit", "--data-dir", str(data_dir), "--verify"]) == 2
    assert "(`--config`)" in capsys.readouterr().err
    assert sorted(data_dir.iterdir()) == before, (
        "an empty database beside the log would be a second one"
    )


def test_a_log_that_was_removed_as_a_whole_is_missed(asked, data_dir):
    """Where nothing was left, nothing was compared."""
    for path in (data_dir / AUDIT_FOLDER).iterdir():
        path.unlink()
    code, told = asked("--verify")
    assert code == 1
    assert "its end was cut off" in told


def test_the_logs_of_several_servers_are_read_in_order(asked, other):
    def names(*options: str) -> list[str]:
        code, told = asked("--json", *options)
        assert code == 0
        return [json.loads(line)["eventName"] for line in told.splitlines()]

    assert names() == ["CreateModel", "DeleteModel"]
    whole = ["CreateEndpoint", "CreateModel", "DeleteModel", "DeleteEndpoint"]
    assert names("--log", str(other)) == whole
    assert asked("--verify", "--log", str(other))[0] == 0


def test_the_log_of_another_server_that_was_changed_or_removed_is_noticed(asked, other, tmp_path):
    copied = tmp_path / "copied"
    shutil.copytree(other, copied)
    [first, *_] = sorted(copied.glob("*.jsonl"))
    rewrite(first, lambda lines: [*lines[1:]])
    code, told = asked("--verify", "--log", str(copied))
    assert (code, "its beginning was cut off" in told) == (1, True)
    code, told = asked("--verify")
    assert (code, "its end was cut off" in told) == (1, True), "no other server has it"


def test_a_folder_that_is_no_log_or_the_same_one_twice_is_refused(
    data_dir, other, tmp_path, capsys
):
    for given, told in (
        ([tmp_path / "other"], "There is no audit log in"),
        ([other, other], "both have the log of"),
        ([data_dir / AUDIT_FOLDER], "both have the log of"),
    ):
        options = [word for folder in given for word in ("--log", str(folder))]
        assert main(["audit", "--data-dir", str(data_dir), *options]) == 2
        assert told in capsys.readouterr().err
