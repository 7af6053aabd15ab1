"""The manual page is what `man` takes."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from scripts.manual import manual_page
from windvane.cli.main import COMMANDS

PAGE = manual_page()


def test_every_command_and_option_has_its_place() -> None:
    for name in COMMANDS:
        assert f'.SS "windvane {name}'.replace("-", "\\-") in PAGE
    assert "\\fB\\-\\-data\\-dir\\fR \\fIDATA_DIR\\fR" in PAGE


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_it_is_set_without_a_warning() -> None:
    program = ["groff", "-man", "-Tutf8", "-ww", "-Kutf8", "-P-cbou"]
    done = subprocess.run(program, input=PAGE, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "windvane serve" in done.stdout
    assert "`" not in PAGE
