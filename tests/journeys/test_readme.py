"""The README's commands, run as they stand but for how many rows and candidates jobs are given: in its order, in one
folder, the server on a free port."""

import os
import subprocess

import pytest
from journeys.pages import blocks, look_like_a_clone, run

SERVE = ".venv/bin/windvane serve --data-dir ./windvane-data"
SHORTER = {
    "train.csv.gz > bank.csv": "train.csv.gz | awk 'NR % 8 == 1' > bank.csv",
    '"MaxAutoMLJobRuntimeInSeconds": 60': '"MaxCandidates": 1, "MaxAutoMLJobRuntimeInSeconds": 60',
    "--max-runtime 30": "--max-candidates 2 --max-runtime 30",
    "max_runtime_s=30": "max_candidates=1, max_runtime_s=30",
}
"""What jobs are told of their rows and limits, and what they are told here: few candidates of an eighth of the rows end them
before their time is over."""


@pytest.fixture
def folder(tmp_path):
    look_like_a_clone(tmp_path)
    return tmp_path


def shortened(block):
    language, text = block
    for told, shorter in SHORTER.items():
        text = text.replace(told, shorter)
    return language, text


def test_the_jobs_of_the_readme_are_told_their_rows_and_limits():
    page = "".join(text for _, text in blocks("README.md", "sh", "python"))
    assert [page.count(told) for told in SHORTER] == [1, 1, 1, 1]


def test_the_commands_of_the_readme_work_in_their_order(folder):
    start, *others = map(shortened, blocks("README.md", "sh", "python"))
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
