import argparse
import json

import numpy as np
import pandas as pd
import pytest

from windvane import AutoML
from windvane.cli import automl


def _run(*arguments):
    parser = argparse.ArgumentParser(prog="windvane")
    automl.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["automl", *map(str, arguments)])
    return parsed.run(parsed)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """train.csv, test.csv and broken.csv."""
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(200, 2)).round(3), columns=["a", "b"])
    table["y"] = np.where(table["a"] + table["b"] > 0, "up", "down")
    table[:150].to_csv(folder / "train.csv", index=False)
    table[150:].to_csv(folder / "test.csv", index=False)
    (folder / "broken.csv").write_text("a,b,y\n1,2,up\n1,2,3,4\n" + "1,2,down\n" * 40)
    return folder


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A folder for the job of the first test, the model of which is shown again by another."""
    return tmp_path_factory.mktemp("job") / "out"


def test_json_is_one_document_and_everything_lies_in_the_folder(files, out, capsys):
    code = _run(
        files / "train.csv", "--target", "y", "--test", files / "test.csv", "--max-candidates", 1,
        "--max-runtime", 600, "--objective", "Accuracy", "--out", out, "--json",
    )  # fmt: skip
    told = capsys.readouterr()
    assert code == 0
    document = json.loads(told.out)
    assert document["problem_type"] == "BinaryClassification"
    assert document["objective"] == "Accuracy"
    assert len(document["leaderboard"]) == 1
    assert document["test"]["Accuracy"] > 0.8
    assert "Accuracy" in told.err
    assert "best so far" in told.err
    assert (out / "leaderboard.json").exists()
    assert document["definitions"]["state"] == "written"
    assert {path.name for path in (out / "definitions").iterdir()} == {
        "generated_module",
        "notebooks",
    }
    assert {one["state"] for one in document["reports"].values()} == {"written"}
    for name, one in document["reports"].items():
        assert one["folder"] == str(out / "reports" / name)
        assert (out / "reports" / name / "report.pdf").read_bytes().startswith(b"%PDF")
    assert AutoML.load(out / "model").predict(pd.DataFrame({"a": [3.0], "b": [3.0]})) == ["up"]


def test_what_is_switched_off_a_latency_limit_that_none_meets_and_a_split_by_a_column_are_told(
    files, tmp_path, capsys
):
    code = _run(
        files / "train.csv", "--target", "y", "--max-candidates", 1, "--max-runtime", 600,
        "--no-calibration", "--no-threshold-tuning", "--out", tmp_path / "out", "--json",
        "--algorithms", "linear-learner", "--mode", "HYPERPARAMETER_TUNING",
        "--max-latency-ms", "0.000001", "--time-column", "b",
    )  # fmt: skip
    told = capsys.readouterr()
    assert code == 0
    document = json.loads(told.out)
    assert [one["algorithm"] for one in document["leaderboard"]] == ["linear-learner"]
    assert (document["calibrate"], document["tune_threshold"]) == (False, False)
    page = (tmp_path / "out/reports/quality/report.html").read_text()
    assert "tuning is switched off" in page
    [first] = document["leaderboard"]
    assert (first["chosen"], first["on_front"]) == (True, True)
    note = "Note: no candidate predicts a row within the requested 1e-06 ms"
    assert note in " ".join(told.err.split())
    split = document["split"]
    assert (split["kind"], split["column"], split["n_folds"]) == ("time", "b", 5)
    assert "5 windows, each scored by models of earlier rows" in split["description"]
    assert "in the order of &#39;b&#39;" in page
    assert [one.name for one in AutoML.load(tmp_path / "out/model").analysis.features] == ["a"]


def test_on_the_terminal_leaderboard_and_test_scores_are_shown(
    files, out, tmp_path, capsys, monkeypatch
):
    """The model is that of the first test: what the terminal shows meanwhile was on its stderr."""
    monkeypatch.chdir(tmp_path)
    model = AutoML.load(out / "model")
    monkeypatch.setattr(AutoML, "fit", lambda *_, **__: model)
    monkeypatch.setattr(automl, "_model", lambda _: model)
    code = _run(files / "train.csv", "--target", "y", "--test", files / "test.csv")
    told = capsys.readouterr().out
    assert code == 0
    assert "Leaderboard by Accuracy" in told
    assert "…" not in told
    assert model.leaderboard()["name"][0] in told
    assert "Test: F1" in told
    assert [folder.name.startswith("windvane-") for folder in tmp_path.iterdir()] == [True]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.csv", "--target", "y"], "There is no file nowhere.csv."),
        (["train.csv", "--target", "y", "--objective", "Gini"], "objective is 'Gini'"),
        (["train.csv", "--target", "y", "--max-runtime", "0"], "max_runtime_s"),
        (["train.csv", "--target", "y", "--max-latency-ms", "-1"], "max_latency_ms is -1.0"),
        (["train.csv", "--target", "y", "--mode", "BOTH"], "mode is 'BOTH'"),
        (["train.csv", "--target", "y", "--algorithms", "mlp,gpt"], "algorithms names 'gpt'"),
        (["train.csv", "--target", "y", "--sample-weight", "y"], "as the sample weight"),
        (["train.csv", "--target", "y", "--monotone", "y=+1"], "it is the target"),
        (["train.csv", "--target", "y", "--test", "no.csv"], "no.csv"),
        (["train.csv", "--target", "y", "--validation", "none.csv"], "none.csv"),
        (["train.csv", "--target", "y", "--validation-fraction", "2"], "less than 1"),
        (["train.csv", "--target", "y", "--group-column", "y"], "group_column is 'y'"),
        (
            ["train.csv", "--target", "y", "--time-column", "a", "--group-column", "b"],
            "give one of them",
        ),
        (["train.csv", "--target", "y", "--out", "."], "--out . already exists"),
    ],
)
def test_a_bad_argument_is_one_message_and_code_2(files, arguments, told, capsys, monkeypatch):
    monkeypatch.chdir(files)
    before = sorted(files.iterdir())
    assert _run(*arguments) == 2
    message = capsys.readouterr().err
    assert told in message
    assert message.count("\n") == 1
    assert sorted(files.iterdir()) == before


def test_bad_data_are_one_message_with_file_and_line_and_code_2(files, tmp_path, capsys):
    assert _run(files / "broken.csv", "--target", "y", "--out", tmp_path / "out") == 2
    message = capsys.readouterr().err
    assert "broken.csv" in message
    assert "3" in message
    assert "Traceback" not in message


def test_validation_data_of_other_columns_are_told_apart(files, tmp_path, capsys):
    (tmp_path / "v.csv").write_text("a,c,y\n1,2,up\n")
    code = _run(
        files / "train.csv", "--target", "y", "--validation", tmp_path / "v.csv",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert code == 2
    assert "it lacks 'b' and it has 'c'" in capsys.readouterr().err
