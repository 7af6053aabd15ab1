import argparse

import numpy as np
import pandas as pd
import pytest

from windvane import AutoML
from windvane.cli import explain


def _run(*arguments):
    parser = argparse.ArgumentParser(prog="windvane")
    explain.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["explain", *map(str, arguments)])
    return parsed.run(parsed)


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(150, 2)).round(3), columns=["a", "b"])
    table["y"] = np.where(table["a"] + table["b"] > 0, "up", "down")
    AutoML("y", max_candidates=2, max_runtime_s=1200).fit(table, keep=folder)
    return folder


def test_reports_on_a_candidate_lie_in_a_folder_of_its_own(job, capsys):
    assert _run(job, "--candidate", 2) == 0
    into = job / "reports/candidates/2"
    assert str(into) in capsys.readouterr().out.replace("\n", "")
    assert {path.name for path in into.iterdir()} == {"explanation", "quality"}
    assert (into / "explanation/report.pdf").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--candidate", 9], "no candidate 9; choose one of: 1, 2"),
        (["--candidate", 1, "--budget", 0], "must be above 0"),
        (["--candidate", 1, "--budget", 0.5], "too short for any report"),
        (["--candidate", 1, "--threads", 0], "--threads is 0"),
    ],
)
def test_a_bad_argument_is_one_message_and_code_2(job, capsys, arguments, told):
    assert _run(job, *arguments) == 2
    message = capsys.readouterr().err
    assert told in message
    assert message.count("\n") == 1


def test_a_folder_that_no_job_left_is_one_message_and_code_2(tmp_path, capsys):
    assert _run(tmp_path, "--candidate", 1) == 2
    assert "not the folder of a finished job" in capsys.readouterr().err


def test_a_job_whose_data_are_gone_is_our_fault_in_one_message(job, tmp_path, capsys):
    for name in ("leaderboard.json", "candidates", "features", "refits"):
        (tmp_path / name).symlink_to(job / name)
    (tmp_path / "dataset").mkdir()
    assert _run(tmp_path, "--candidate", 1) == 1
    message = capsys.readouterr().err
    assert "report could not be generated" in message
    assert "Traceback" not in message
