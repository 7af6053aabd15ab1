import pytest

from windvane.automl.local.run_job import HostDied
from windvane.cli.ending import exit_code
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
