"""`windvane export` of a candidate's model.tar.gz, as it lies in S3."""

import pytest
from unit.engine.explain.made_up import packaged

from windvane.cli.main import main
from windvane.domain.problem import ProblemType
from windvane.engine.export.onnx import report
from windvane.engine.packages.tarball import pack


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    model = packaged(folder / "m", ProblemType.BINARY, ["linear-learner"])
    pack(model.packages, folder / "model.tar.gz")
    return folder / "model.tar.gz"


def test_a_downloaded_candidate_becomes_a_script(archive, tmp_path, capsys):
    into = tmp_path / "out"
    assert main(["export", str(archive), "--scoring-script", str(into)]) == 0
    told = capsys.readouterr().out
    assert f"{into / 'score.py'} written. On 500 rows" in told
    assert (into / "score.py").is_file()


def test_an_extra_that_is_missing_is_named(archive, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(report, "_MODULES", ("onnx", "no_such_runtime"))
    assert main(["export", str(archive), "--onnx", str(tmp_path / "m.onnx")]) == 2
    told = capsys.readouterr().err
    assert "no_such_runtime not installed" in told
    assert "pip install 'windvane[onnx]'" in told


def test_rows_go_with_onnx(archive, tmp_path, capsys):
    into = tmp_path / "out"
    command = ["export", str(archive), "--scoring-script", str(into), "--rows", "rows.csv"]
    assert main(command) == 2
    assert "--rows goes with --onnx" in capsys.readouterr().err
    assert not into.exists()


def test_what_is_no_model_is_refused(tmp_path, capsys):
    into = tmp_path / "out"
    assert main(["export", str(tmp_path / "none"), "--scoring-script", str(into)]) == 2
    assert "windvane export: There is no" in capsys.readouterr().err
    assert not into.exists()
