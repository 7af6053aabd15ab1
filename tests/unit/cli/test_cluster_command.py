"""`windvane cluster`, as far as it needs no cluster."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from windvane.cli.cluster import check_separation, make_token
from windvane.cli.folder import locked
from windvane.cli.main import main
from windvane.process.confinement import Part
from windvane.settings import BadSettings

RAY = '[executor]\nkind = "ray"\naddress = "127.0.0.1:1"\ntoken_file = "token"\n'


def config(folder: Path, text: str) -> str:
    (folder / "windvane.toml").write_text(text)
    return str(folder / "windvane.toml")


@pytest.mark.parametrize("action", ["up", "join", "node"])
def test_without_a_cluster_in_the_configuration_nothing_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    told = ["--config", config(tmp_path, ""), "--data-dir", str(tmp_path / "data")]
    assert main(["cluster", action, *told]) == 2
    assert '[executor] kind = "ray"' in capsys.readouterr().err


def test_a_machine_that_cannot_do_tasks_does_not_join(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["--config", config(tmp_path, RAY), "--data-dir", str(tmp_path / "data")]
    assert main(["cluster", "join", *told]) == 2
    assert "Use PostgreSQL" in capsys.readouterr().err


def test_the_folder_of_a_head_is_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = ["--config", config(tmp_path, RAY), "--data-dir", str(tmp_path / ("x" * 40))]
    assert main(["cluster", "up", *told]) == 2
    assert "too long" in capsys.readouterr().err


def test_a_token_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "token"
    make_token(file)
    made = file.read_text()
    assert len(made) == 64
    assert file.stat().st_mode & 0o777 == 0o600
    make_token(file)
    assert file.read_text() == made


def test_where_nothing_runs_nothing_is_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cluster", "down", "--data-dir", str(tmp_path)]) == 0
    assert "Nothing of a cluster runs" in capsys.readouterr().out


def test_down_ends_the_process_that_holds_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = (
        "import signal, sys; from pathlib import Path; from windvane.cli.cluster import _held\n"
        "with _held(Path(sys.argv[1])): print('held', flush=True); signal.pause()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder, holder.stdout:
        assert holder.stdout.readline() == b"held\n"
        assert json.loads((tmp_path / "cluster.json").read_text()) == {"pid": holder.pid}
        assert main(["cluster", "down", "--data-dir", str(tmp_path)]) == 0
        assert holder.wait(240) == -signal.SIGTERM
    assert "stopped" in capsys.readouterr().out
    with locked(tmp_path):
        pass


def test_a_machine_on_which_a_task_reaches_the_nodes_socket_does_no_tasks() -> None:
    """With Landlock and a network namespace alone, a task connected to it and had other work done."""
    with pytest.raises(BadSettings, match="seccomp, mount namespace, own user"):
        check_separation({Part.LANDLOCK, Part.NETWORK})
    for part in (Part.SECCOMP, Part.MOUNTS, Part.USER):
        check_separation({part})
