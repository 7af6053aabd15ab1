"""A backup that is damaged, incomplete, newer or made up is refused, and nothing is put in place."""

import hashlib
import io
import json
import tarfile

import pytest
from unit.maintenance.folders import lived_in

from windvane.maintenance.backup import back_up
from windvane.maintenance.manifest import BackupFault
from windvane.maintenance.restore import restore


@pytest.fixture
def backup(tmp_path):
    folder = tmp_path / "backup"
    back_up(lived_in(tmp_path / "data"), folder)
    return folder


@pytest.fixture
def refused(tmp_path):
    def check(source, match):
        again = tmp_path / "again"
        with pytest.raises(BackupFault, match=match):
            restore(source, again)
        assert not again.exists()
        assert not list(tmp_path.glob(".again*"))

    return check


def test_one_changed_bit_is_found(backup, refused):
    path = backup / "work/first-123/dataset/y.npy"
    data = bytearray(path.read_bytes())
    data[17] ^= 1
    path.write_bytes(data)
    refused(backup, r"is damaged: the SHA-256 of 1 file, such as work/first-123/dataset/y\.npy")


def test_a_missing_file_is_found(backup, refused):
    (backup / "keys.json").unlink()
    refused(backup, "lacks 1 file, such as keys.json")


def test_a_file_too_many_is_found(backup, refused):
    (backup / "work" / "more").write_text("")
    refused(backup, "does not name, such as work/more")


def test_sums_that_were_changed_with_the_file_are_found(backup, refused):
    sums = backup / "SHA256SUMS"
    (backup / "keys.json").write_text("{}")
    lines = sums.read_text().splitlines()
    mine = hashlib.sha256(b"{}").hexdigest()
    sums.write_text(
        "".join(f"{mine}  keys.json\n" if "keys" in line else line + "\n" for line in lines)
    )
    refused(backup, "its own sum does not match")


def test_a_newer_format_is_refused_by_name(backup, refused):
    told = json.loads((backup / "manifest.json").read_text()) | {"format": 2, "windvane": "9.9"}
    (backup / "manifest.json").write_text(json.dumps(told))
    refused(backup, r"of format 2, made by Windvane 9\.9")


def test_a_backup_that_was_not_finished_is_none(backup, refused):
    (backup / "manifest.json").unlink()
    refused(backup, "not finished")


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "[]", "null", '{"format": 1}', '{"format": "x"}', "\x00"])
def test_a_manifest_that_is_none_is_told(backup, refused, text):
    (backup / "manifest.json").write_text(text)
    refused(backup, "manifest.json")


def test_a_folder_that_is_not_empty_is_left_alone(backup, tmp_path):
    again = tmp_path / "again"
    again.mkdir()
    (again / "precious").write_text("mine")
    with pytest.raises(BackupFault, match="is not empty"):
        restore(backup, again)
    assert (again / "precious").read_text() == "mine"


def test_an_empty_folder_will_do(backup, tmp_path):
    (tmp_path / "again").mkdir(mode=0o755)
    restore(backup, tmp_path / "again")
    assert (tmp_path / "again").stat().st_mode & 0o777 == 0o700


def test_a_link_in_a_backup_is_refused(backup, refused, tmp_path):
    (tmp_path / "secret").write_text("x")
    (backup / "keys.json").unlink()
    (backup / "keys.json").symlink_to(tmp_path / "secret")
    refused(backup, "symbolic link")


def archive(path, members):
    with tarfile.open(path, "w") as made:
        for member, data in members:
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc/windvane",
        "work/../../outside",
        "work//double",
        "unknown/file",
        ".ssh/authorized_keys",
        "work/new\nline",
        "work/.",
    ],
)
def test_an_archive_writes_nowhere_else(tmp_path, refused, name):
    refused(archive(tmp_path / "b.tar", [(tarfile.TarInfo(name), b"x")]), "no backup has")
    assert not (tmp_path.parent / "outside").exists()


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
def test_an_archive_holds_files_alone(tmp_path, refused, kind):
    member = tarfile.TarInfo("work/odd")
    member.type, member.linkname = kind, "/etc/passwd"
    refused(archive(tmp_path / "b.tar", [(member, b"")]), "what is no file")


def test_an_archive_with_one_file_twice_is_refused(tmp_path, refused):
    twice = [(tarfile.TarInfo("keys.json"), b"{}"), (tarfile.TarInfo("keys.json"), b"[]")]
    refused(archive(tmp_path / "b.tar", twice), "twice")


def test_what_is_no_archive_is_told(tmp_path, refused):
    (tmp_path / "b.tar").write_bytes(b"no archive" * 200)
    refused(tmp_path / "b.tar", "not a tar file")
    refused(tmp_path / "missing", "There is no backup at")


def test_an_archive_that_was_cut_off_is_refused(backup, tmp_path, refused):
    back_up(tmp_path / "data", tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    for part in (0.2, 0.6, 0.93):
        (tmp_path / "cut.tar").write_bytes(whole[: int(len(whole) * part)])
        refused(
            tmp_path / "cut.tar", "tar file|not finished|shorter|unexpected end|cannot be restored"
        )
