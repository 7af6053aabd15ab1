import subprocess
import sys
import time

import pytest

from windvane.cli.ending import exit_code, process_start
from windvane.engine.local.hosted import HostDied
from windvane.errors import CorruptArtifact, DataFault, InvalidRequest, JobFault, OutOfTime


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidRequest("told"), 2),
        (DataFault("told"), 2),
        (CorruptArtifact("told"), 2),
        (OutOfTime("told"), 2),
        (JobFault("told"), 1),
        (HostDied("told"), 1),
    ],
)
def test_an_error_is_one_line_and_a_code(error, code, capsys):
    def work():
        raise error

    assert exit_code("automl", work) == code
    assert capsys.readouterr().err == "windvane automl: told\n"


def test_what_is_well_is_told_by_nothing(capsys):
    assert exit_code("automl", lambda: None) == 0
    assert capsys.readouterr().err == ""


def test_an_interrupt_is_told():
    def work():
        raise KeyboardInterrupt

    assert exit_code("automl", work) == 130


def test_the_start_of_the_program_counts():
    before = time.monotonic()
    code = "from windvane.cli.ending import process_start; print(process_start())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert before - 0.05 < float(done.stdout) < time.monotonic()
    assert process_start() < before
