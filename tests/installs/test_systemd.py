"""The systemd unit is one, starts what there is, and stays as closed as it is."""

from __future__ import annotations

import argparse
import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from windvane.cli import serve

UNIT = Path(__file__).resolve().parents[2] / "packaging" / "systemd" / "windvane.service"
USER = UNIT.with_suffix(".sysusers")
MOST_EXPOSED = 20
"""Tenths of a point on systemd's scale, which goes to 100."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def settings():
    read = configparser.ConfigParser(strict=True, interpolation=None)
    read.optionxform = str
    read.read(UNIT)
    return read["Service"]


def asked(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def test_what_it_starts_are_words_of_the_command():
    program, *words = shlex.split(settings()["ExecStart"])
    parser = argparse.ArgumentParser()
    serve.add_parser(parser.add_subparsers())
    told = parser.parse_args(words)
    assert Path(program).name == "windvane"
    assert told.run is serve.run
    assert str(told.data_dir) == f"/var/lib/{settings()['StateDirectory']}"


@needs_systemd
def test_systemd_finds_nothing_wrong(tmp_path):
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/windvane/bin/windvane", sys.executable))
    found = asked("systemd-analyze", "verify", "--man=no", str(copy))
    assert (found.returncode, found.stdout + found.stderr) == (0, "")
    copy.write_text(copy.read_text().replace("Restart=on-failure", "Restart=sometimes"))
    assert "sometimes" in asked("systemd-analyze", "verify", "--man=no", str(copy)).stderr


@needs_systemd
def test_it_is_as_closed_as_documented():
    words = ("systemd-analyze", "security", "--offline=true", "--no-pager")
    at_most = asked(*words, f"--threshold={MOST_EXPOSED}", str(UNIT))
    assert at_most.returncode == 0, at_most.stdout
    page = (UNIT.parents[2] / "docs" / "install.md").read_text()
    assert f"{MOST_EXPOSED / 10} of 10" in page


@pytest.mark.skipif(
    shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not installed"
)
def test_its_user_is_made_without_a_password_or_a_shell(tmp_path):
    (tmp_path / "etc").mkdir()
    made = asked("systemd-sysusers", f"--root={tmp_path}", str(USER))
    assert made.returncode == 0, made.stderr
    [row] = (tmp_path / "etc" / "passwd").read_text().splitlines()
    name, password, *_, home, shell = row.split(":")
    assert (name, password, home) == (settings()["User"], "x", "/var/lib/windvane")
    assert shell.endswith("nologin")
    assert (tmp_path / "etc" / "shadow").read_text().startswith("windvane:!*:")


def test_libraries_may_call_back_into_python():
    """With MemoryDenyWriteExecute, models of LightGBM fail as if there were no memory left."""
    assert "MemoryDenyWriteExecute" not in settings()
