"""What a server leaves where other users of the machine can read it: modes of its files, and what it prints."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from windvane.cli.folder import FolderNotSafe, make_folder

WINDVANE = Path(sys.executable).with_name("windvane")
ENDS_S = 30


@dataclass(frozen=True)
class Ran:
    """A server that ran on a folder that existed, and was stopped by SIGTERM."""

    folder: Path
    modes: dict[str, int]
    stdout: str
    stderr: str
    link: str


def modes_below(folder: Path) -> dict[str, int]:
    """Permission bits of the folder and of every folder and plain file in it."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
            found[str(path.relative_to(folder))] = stat.S_IMODE(mode)
    return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> Ran:
    folder = tmp_path_factory.mktemp("served") / "data"
    for made in (folder, folder / "work", folder / "logs"):
        made.mkdir()
        made.chmod(0o755)
    (folder / "work" / "old").write_text("kept from before")
    (folder / "keys.json.bak").write_text("{}")
    (folder / "keys.json.bak").chmod(0o644)
    # As service managers start it: with a lax umask, and with standard error going into a journal.
    process = subprocess.Popen(
        [WINDVANE, "serve", "--data-dir", folder, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        umask=0o022,
    )
    try:
        ready = process.stdout.readline()
        modes = modes_below(folder)
        login = subprocess.run(
            [WINDVANE, "login", "--data-dir", folder], capture_output=True, text=True, check=True
        )
    finally:
        process.terminate()
        rest, errors = process.communicate(timeout=ENDS_S)
    return Ran(folder, modes, ready + rest, errors, login.stdout.strip())


def test_attack_14_a_folder_that_existed_is_made_private(ran):
    """Attack 14: a data folder that existed with 0755 stayed so."""
    lax = {name: oct(mode) for name, mode in ran.modes.items() if mode & 0o077}
    assert ran.modes["."] == 0o700
    assert ran.modes["keys.json.bak"] == 0o600
    assert set(lax) <= {"work/old"}, lax


def test_attack_15_no_link_goes_into_the_journal(ran):
    """Attack 15: whoever reads the journal within twelve hours could sign in as the owner."""
    assert re.fullmatch(r"windvane ready on http://127\.0\.0\.1:\d+\n", ran.stdout)
    assert "link=" not in ran.stderr
    assert f"windvane login --data-dir {ran.folder}" in ran.stderr


def test_login_prints_a_link_of_the_running_server(ran):
    address = ran.stdout.split()[-1]
    assert re.fullmatch(re.escape(address) + r"/console/enter\?link=[\w-]+", ran.link)


def test_login_says_that_no_server_runs(ran):
    told = subprocess.run(
        [WINDVANE, "login", "--data-dir", ran.folder], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert "No server is running" in told.stderr


def test_a_folder_that_anybody_may_write_into_is_refused(tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(FolderNotSafe, match="Every user can write"):
        make_folder(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path):
    os.chown(tmp_path, 12345, -1)
    with pytest.raises(FolderNotSafe, match="uid 12345"):
        make_folder(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_keys_that_somebody_else_put_into_the_folder_are_not_taken(tmp_path, kind):
    """A folder that its group may write into was made private with what members of the group had put there: keys.json with
    a root key that they know, or `s3` for the objects."""
    tmp_path.chmod(0o770)
    planted = tmp_path / ("s3" if kind == "folder" else "keys.json")
    if kind == "link":
        planted.symlink_to("/tmp/keys.json")
    elif kind == "folder":
        planted.mkdir()
    else:
        planted.write_text("{}")
    os.chown(planted, 12345, -1, follow_symlinks=False)
    with pytest.raises(FolderNotSafe, match=f"{planted.name} belongs to another user"):
        make_folder(tmp_path)
    os.chown(planted, 0, -1, follow_symlinks=False)
    make_folder(tmp_path)


def test_links_are_not_followed_out_of_the_folder(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("")
    outside.chmod(0o644)
    inside = tmp_path / "data"
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    make_folder(inside)
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_the_audit_log_of_a_server_is_whole(ran):
    told = subprocess.run(
        [WINDVANE, "audit", "--data-dir", ran.folder, "--verify"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, "")
