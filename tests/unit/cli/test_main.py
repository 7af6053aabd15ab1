"""The command line as a whole."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from windvane.cli.main import UNREACHABLE, main, process_start


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_start_of_the_program_counts() -> None:
    before = time.monotonic()
    began = _python("from windvane.cli.main import process_start; print(process_start())")
    assert before - 0.05 < float(began) < time.monotonic()
    assert process_start() < before


def test_a_server_does_not_load_what_other_commands_need() -> None:
    code = """
import sys
from windvane.cli.main import main
try:
    main(["serve", "--help"])
except SystemExit:
    print(sorted({"pandas", "sqlalchemy", "numpy", "boto3"} & set(sys.modules)))
"""
    assert _python(code).splitlines()[-1] == "[]"


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert all(name in told for name in ("serve", "automl", "import-objects", "doctor"))


def test_an_unknown_command_is_told_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["server"])
    assert ended.value.code == 2
    assert "invalid choice: 'server'" in capsys.readouterr().err


def test_a_database_that_is_away_is_one_sentence_and_worth_another_try(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """As with systemd: 2 is a mistake that another start does not mend, every other code is tried again."""
    pytest.importorskip("psycopg")
    config = tmp_path / "windvane.toml"
    config.write_text("[store]\nurl = 'postgresql://user:sesame@127.0.0.1:1/windvane'\n")
    command = ["keys", "rotate", "--data-dir", str(tmp_path / "data"), "--config", str(config)]
    assert main(command) == UNREACHABLE
    told = capsys.readouterr().err
    assert told.startswith(
        "windvane: Cannot open the database 'windvane' of [store] url as 'user': "
    )
    assert "sesame" not in told
    assert "Traceback" not in told


def test_a_pipe_to_something_else_that_breaks_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def breaks(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("windvane.cli.keys.load_or_create_keys", breaks)
    with (tmp_path / "output").open("w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        with pytest.raises(BrokenPipeError):
            main(["keys", "list", "--data-dir", str(tmp_path)])


def test_whoever_reads_the_first_lines_alone_sees_no_traceback(tmp_path: Path) -> None:
    command = f"exec {sys.executable} -m windvane.cli.main env --data-dir {tmp_path / 'data'}"
    done = subprocess.run(
        ["bash", "-c", f"({command}) | true; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0\n"
    assert done.stderr == ""
