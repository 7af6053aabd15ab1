"""The README's commands, run as they stand: in its order, in one folder, the server on a free port."""

import os
import re
import subprocess

import pytest
from journeys.running import BIN, ROOT

LINKED = (
    "Makefile",
    "README.md",
    "examples",
    "pyproject.toml",
    "requirements",
    "scripts",
    "windvane",
    ".venv",
)
SERVE = ".venv/bin/windvane serve --data-dir ./windvane-data"


@pytest.fixture
def folder(tmp_path):
    """Looks like a clone after `make setup`."""
    for name in LINKED:
        target = BIN.parent if name == ".venv" else ROOT / name
        (tmp_path / name).symlink_to(target)
    return tmp_path


def blocks():
    return re.findall(
        r"^```(sh|python)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )


def run(block, folder, environment):
    """Runs a block; a shell block may change the environment of what follows."""
    language, text = block
    if language == "sh":
        arguments = ["bash", "-euo", "pipefail", "-c", f"{text}\nenv -0 > .environment"]
    else:
        arguments = [".venv/bin/python", "-c", text]
    done = subprocess.run(
        arguments,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr[-3000:]}"
    if language == "sh":
        pairs = (folder / ".environment").read_text().rstrip("\0").split("\0")
        environment = dict(pair.split("=", 1) for pair in pairs)
    return done.stdout, environment


def test_the_commands_of_the_readme_work_in_their_order(folder):
    start, *others = blocks()
    setup, _, serve = start[1].strip().partition("\n")
    assert (setup, serve) == ("make setup", SERVE)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with subprocess.Popen(
        [*SERVE.split(), "--port", "0"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout.readline().startswith("windvane ready on http://127.0.0.1:")
            said = []
            for block in others:
                output, environment = run(block, folder, environment)
                said.append(output)
        finally:
            server.terminate()
    assert any(output.strip().endswith(("yes", "no")) for output in said)
    assert (folder / "bank-model").is_dir()
    assert (folder / "bank-auc").is_dir()
