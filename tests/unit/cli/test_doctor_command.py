import json
import tomllib
from pathlib import Path

import pytest

from windvane.cli import doctor
from windvane.cli.main import main
from windvane.process.confinement import Part
from windvane.process.sandbox import Protection


def told(monkeypatch: pytest.MonkeyPatch, *missing: Part) -> None:
    found = [
        Protection(part, "something", "of a reason" if part in missing else "") for part in Part
    ]
    monkeypatch.setattr(doctor, "_found", lambda data_dir, declared: found)


@pytest.mark.slow
def test_every_part_of_this_machine_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["doctor", "--data-dir", str(tmp_path / "data")]) == 0
    text = capsys.readouterr().out
    assert all(part in text for part in Part)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ((), "All protections work."),
        ((Part.USER,), "protect them additionally"),
        ((Part.SECCOMP,), "some protections are missing"),
        ((Part.LANDLOCK, Part.MOUNTS), "Do not use models"),
    ],
)
def test_what_that_means_is_told(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    missing: tuple[Part, ...],
    words: str,
) -> None:
    told(monkeypatch, *missing)
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert words in text
    assert text.count("of a reason") == len(missing)


def test_a_machine_that_lacks_what_is_required_is_told_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told(monkeypatch, Part.LANDLOCK)
    config = tmp_path / "windvane.toml"
    config.write_text("[sandbox]\nrequire = true\n")
    assert main(["doctor", "--config", str(config), "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["may_start"] is False
    assert {one["part"]: one["why_not"] for one in answer["protections"]}["Landlock"]


def test_every_extra_of_the_project_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    told(monkeypatch)
    monkeypatch.setattr(doctor, "find_spec", lambda name: name if name == "psycopg" else None)
    assert main(["doctor", "--json"]) == 0
    extras = json.loads(capsys.readouterr().out)["extras"]
    assert extras == {name: name == "postgres" for name in project["optional-dependencies"]}
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "yes  postgres  for: a database in PostgreSQL" in text
    assert "-    catboost  for: candidates of CatBoost" in text


def test_what_needs_attention_is_told_and_what_prevents_the_start_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told(monkeypatch)
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    config = tmp_path / "windvane.toml"
    config.write_text('[mlflow]\ntracking_uri = "http://127.0.0.1:1"\n')
    data = ["--data-dir", str(tmp_path / "data"), "--config", str(config)]
    assert main(["doctor", *data, "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    checks = {one["name"]: one for one in answer["checks"]}
    assert checks["extra mlflow"]["prevents_start"] is True
    assert "pip install" in checks["extra mlflow"]["remedy"]
    assert "cannot be reached" in checks["MLflow"]["found"]
    assert answer["may_start"] is False
    assert main(["doctor", *data]) == 2
    assert (
        "The server does not start before this is corrected: extra mlflow."
        in capsys.readouterr().out
    )
    assert not (tmp_path / "data").exists()
