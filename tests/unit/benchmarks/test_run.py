import json
import sys

import pytest
from unit.benchmarks.made_up import record, table, write_tables

from benchmarks import portfolio, run, tables
from benchmarks.peers import peer
from benchmarks.records import CannotMeasure

PEERS = [record("base_lgbm", "t", 0.80), record("flaml", "t", 0.90)]


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder for results; tables t and u are at hand, v is not."""
    monkeypatch.setenv("TABLES_DIR", str(tmp_path / "tables"))
    known = (*write_tables(tmp_path / "tables", "t", "u"), table("v"))
    monkeypatch.setattr(tables, "_indexed", lambda: known)
    return tmp_path / "results"


@pytest.fixture
def peers(tmp_path):
    file = tmp_path / "peers.jsonl"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in PEERS))
    return file


@pytest.fixture
def errands(monkeypatch):
    """What is run, in its order, instead of running it."""
    done = []

    def answer(errand):
        done.append(errand)
        made = record(errand.system.name, errand.table.name, 0.9, errand.budget_s, errand.seed)
        return {**made, "opts": list(errand.system.options)}

    monkeypatch.setattr(run, "run_errand", answer)
    monkeypatch.setattr(run, "measured_commit", lambda: "abc1234")
    return done


def test_without_any_table_it_says_so(results, errands, monkeypatch, capsys):
    monkeypatch.setattr(tables, "_indexed", lambda: (table("v"),))
    assert run.main([], results) == 2
    told = capsys.readouterr()
    assert "None of the development tables is at hand." in told.err
    assert "left out: v." in told.out
    assert not results.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--tables", "t,nope"], "There is no table nope; choose from t, u, v."),
        (["--budgets", "10,soon"], "budgets is '10,soon'"),
        (["--peers", "nope"], "There is no peer 'nope'"),
        (["--peers", "flaml"], "PEER_FLAML_PYTHON must name its Python, and is not set"),
    ],
)
def test_a_bad_argument_is_named_before_anything_runs(
    arguments, told, results, errands, capsys, monkeypatch
):
    monkeypatch.delenv("PEER_FLAML_PYTHON", raising=False)
    assert run.main(arguments, results) == 2
    assert told in capsys.readouterr().err
    assert errands == []


def test_all_tables_at_hand_run_with_10_then_60_then_300_seconds(results, errands, capsys):
    assert run.main([], results) == 0
    assert "left out: v." in capsys.readouterr().out
    assert [(one.table.name, one.budget_s) for one in errands] == [
        ("t", 10),
        ("u", 10),
        ("t", 60),
        ("u", 60),
        ("t", 300),
        ("u", 300),
    ]


def test_seeds_and_peers_run_beside_each_other(results, errands, monkeypatch):
    monkeypatch.setenv("PEER_FLAML_PYTHON", sys.executable)
    arguments = ["--tables", "t", "--budgets", "10", "--seeds", "0,1", "--peers", "flaml,base_rf"]
    assert run.main(arguments, results) == 0
    assert [(one.system.name, one.seed) for one in errands] == [
        (name, seed) for seed in (0, 1) for name in ("windvane", "flaml", "base_rf")
    ]


def test_records_are_kept_with_commit_and_day(results, errands):
    run.main(["--tables", "t"], results)
    lines = (results / "abc1234.jsonl").read_text().splitlines()
    kept = [json.loads(line) for line in lines]
    assert {one["commit"] for one in kept} == {"abc1234"}
    assert [one["budget"] for one in kept] == [10, 60, 300]
    assert all(len(one["date"]) == len("2026-01-02") for one in kept)


def test_the_report_has_ours_the_last_figures_and_the_peers(results, peers, errands, capsys):
    results.mkdir()
    (results / "old.jsonl").write_text(json.dumps(record("windvane", "t", 0.7)))
    run.main(["--tables", "t", "--budgets", "60"], results, peers)
    report = capsys.readouterr().out
    names = ("windvane abc1234@60", "windvane old@60", "flaml@60", "base_lgbm")
    assert all(f"| {name} " in report for name in names)


def test_it_stops_when_the_engine_changes_meanwhile(results, errands, monkeypatch, capsys):
    commits = iter(["abc1234", "abc1234", "def5678"])
    monkeypatch.setattr(run, "measured_commit", lambda: next(commits))
    assert run.main(["--tables", "t"], results) == 2
    assert "changed from abc1234 to def5678" in capsys.readouterr().err
    assert len(errands) == 1


def test_what_was_interrupted_goes_on_where_it_was(results, errands):
    results.mkdir()
    failed = {**record("windvane", "u", 0.7, 10), "status": "error"}
    known = [record("windvane", "t", 0.7, 10), failed, record("flaml", "t", 0.7, 60)]
    (results / "abc1234.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in known))
    assert run.main(["--budgets", "10,60", "--resume"], results) == 0
    assert [(one.table.name, one.budget_s) for one in errands] == [("u", 10), ("t", 60), ("u", 60)]


def test_jobs_through_the_api_stand_beside_the_library(results, peers, errands, capsys):
    results.mkdir()
    library = record("windvane", "t", 0.85)
    (results / "abc1234.jsonl").write_text(f"{json.dumps(library)}\n")
    assert run.main(["--tables", "t", "--budgets", "60", "--service"], results, peers) == 0
    assert [one.system.name for one in errands] == ["windvane_service"]
    assert "| mean " in capsys.readouterr().out


def test_openings_may_come_in_the_order_learnt_without_the_table(
    results, errands, monkeypatch, tmp_path, capsys
):
    arguments = ["--tables", "t,u", "--budgets", "10", "--left-out"]
    monkeypatch.setattr(portfolio, "ORDERS", tmp_path / "orders.json")
    assert run.main(arguments, results) == 2
    assert "learns them" in capsys.readouterr().err
    (tmp_path / "orders.json").write_text(json.dumps({"t": ["lightgbm: sound defaults"]}))
    assert run.main(arguments, results) == 0
    assert [one.system.options for one in errands] == [("order=t",), ()]


def test_an_interpreter_that_does_not_exist_is_named():
    with pytest.raises(CannotMeasure, match="PEER_H2O_PYTHON must name its Python, and is 'gone'"):
        peer("h2o", {"PEER_H2O_PYTHON": "gone"})
