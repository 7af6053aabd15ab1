"""The launcher of servers: the command with the hook, and nothing else."""

from __future__ import annotations

import subprocess
import sys

from conformance import session


def run(arguments):
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


def test_options_output_and_exit_code_are_those_of_the_command(tmp_path):
    options = ["--data-dir", str(tmp_path / "data"), "--tls-cert", "none.pem"]
    watched = run([*session.serving(), *options])
    plain = run([sys.executable, "-m", "windvane.cli.main", "serve", *options])
    assert watched.returncode == plain.returncode == 2
    assert (watched.stdout, watched.stderr) == (plain.stdout, plain.stderr)
    assert "needs its key" in watched.stderr


def test_servers_of_this_session_are_watched():
    assert session.serving()[1].endswith("serve_watched.py")
    assert session.serving()[-1] == "serve"
