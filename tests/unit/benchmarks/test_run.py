import json
import sys

import pytest
from unit.benchmarks.made_up import record, write_shared

from benchmarks import run
from benchmarks.peers import peer
from benchmarks.records import CannotMeasure

PEERS = [record("base_lgbm", "t", 0.80), record("flaml", "t", 0.90)]


@pytest.fixture
def shared(tmp_path):
    return write_shared(tmp_path / "shared", PEERS, ["t", "u"])


@pytest.fixture
def errands(monkeypatch):
    """What is run, in its order, instead of running it."""
    done = []

    def answer(errand, _):
        done.append(errand)
        return record(errand.system.name, errand.table, 0.9, errand.budget_s, errand.seed)

    monkeypatch.setattr(run, "run_errand", answer)
    monkeypatch.setattr(run, "measured_commit", lambda: "abc1234")
    return done


def test_without_the_shared_folder_it_says_so_in_one_sentence(tmp_path, capsys):
    assert run.main([], tmp_path / "shared", tmp_path / "results") == 2
    [sentence] = capsys.readouterr().err.splitlines()
    assert "'shared' beside the project" in sentence
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--tables", "t,nope"], "There is no table nope; choose from t, u."),
        (["--budgets", "10,soon"], "budgets is '10,soon'"),
        (["--peers", "nope"], "There is no peer 'nope'"),
        (["--peers", "flaml"], "PEER_FLAML_PYTHON must name its Python, and is not set"),
    ],
)
def test_a_bad_argument_is_named_before_anything_runs(
    arguments, told, shared, tmp_path, errands, capsys, monkeypatch
):
    monkeypatch.delenv("PEER_FLAML_PYTHON", raising=False)
    assert run.main(arguments, shared, tmp_path / "results") == 2
    assert told in capsys.readouterr().err
    assert errands == []


def test_all_tables_run_with_10_then_60_then_300_seconds(shared, tmp_path, errands):
    assert run.main([], shared, tmp_path / "results") == 0
    assert [(one.table, one.budget_s) for one in errands] == [
        ("t", 10),
        ("u", 10),
        ("t", 60),
        ("u", 60),
        ("t", 300),
        ("u", 300),
    ]


def test_seeds_and_peers_run_beside_each_other(shared, tmp_path, errands, monkeypatch):
    monkeypatch.setenv("PEER_FLAML_PYTHON", sys.executable)
    arguments = ["--tables", "t", "--budgets", "10", "--seeds", "0,1", "--peers", "flaml,base_rf"]
    assert run.main(arguments, shared, tmp_path / "results") == 0
    assert [(one.system.name, one.seed) for one in errands] == [
        (name, seed) for seed in (0, 1) for name in ("windvane", "flaml", "base_rf")
    ]


def test_records_are_kept_with_commit_and_day(shared, tmp_path, errands):
    run.main(["--tables", "t"], shared, tmp_path / "results")
    lines = (tmp_path / "results" / "abc1234.jsonl").read_text().splitlines()
    kept = [json.loads(line) for line in lines]
    assert {one["commit"] for one in kept} == {"abc1234"}
    assert [one["budget"] for one in kept] == [10, 60, 300]
    assert all(len(one["date"]) == len("2026-01-02") for one in kept)


def test_the_report_has_ours_the_last_figures_and_the_peers(shared, tmp_path, errands, capsys):
    results = tmp_path / "results"
    results.mkdir()
    (results / "old.jsonl").write_text(json.dumps(record("windvane", "t", 0.7)))
    run.main(["--tables", "t", "--budgets", "60"], shared, results)
    report = capsys.readouterr().out
    names = ("windvane abc1234@60", "windvane old@60", "flaml@60", "base_lgbm")
    assert all(f"| {name} " in report for name in names)


def test_it_stops_when_the_engine_changes_meanwhile(shared, tmp_path, errands, monkeypatch, capsys):
    commits = iter(["abc1234", "abc1234", "def5678"])
    monkeypatch.setattr(run, "measured_commit", lambda: next(commits))
    assert run.main(["--tables", "t"], shared, tmp_path / "results") == 2
    assert "changed from abc1234 to def5678" in capsys.readouterr().err
    assert len(errands) == 1


def test_an_interpreter_that_does_not_exist_is_named():
    with pytest.raises(CannotMeasure, match="PEER_H2O_PYTHON must name its Python, and is 'gone'"):
        peer("h2o", {"PEER_H2O_PYTHON": "gone"})
