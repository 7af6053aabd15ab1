"""Pages of the documentation as something to run: their blocks, in a folder that looks like a clone."""

import re
import subprocess

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


def look_like_a_clone(folder):
    """After `make setup`."""
    for name in LINKED:
        target = BIN.parent if name == ".venv" else ROOT / name
        (folder / name).symlink_to(target)


def blocks(page, *languages):
    """(language, text) in the order of the page."""
    return re.findall(
        rf"^```({'|'.join(languages)})\n(.*?)^```$",
        (ROOT / page).read_text(),
        re.MULTILINE | re.DOTALL,
    )


def run(block, folder, environment, python=".venv/bin/python"):
    """Runs a block; a shell block may change the environment of what follows."""
    language, text = block
    if language == "sh":
        arguments = ["bash", "-euo", "pipefail", "-c", f"{text}\nenv -0 > .environment"]
    else:
        arguments = [python, "-W", "ignore", "-c", text]
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
