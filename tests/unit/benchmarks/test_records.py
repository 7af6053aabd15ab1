import json

import pytest
from unit.benchmarks.made_up import failed, record

from benchmarks.records import (
    CannotMeasure,
    Cells,
    labelled,
    newest_runs,
    publishable,
)


def test_a_field_that_holds_a_machine_path_is_left_out():
    run = {**record("windvane", "t", 0.9), "log": ["log=/home/someone/log.txt"]}
    assert publishable(run, "box") == record("windvane", "t", 0.9)


def test_a_field_that_holds_the_name_of_the_machine_is_left_out():
    run = {**record("windvane", "t", 0.9), "best_config": {"made on": "box"}}
    assert "best_config" not in publishable(run, "box")


def test_an_error_keeps_its_words_but_neither_path_nor_host():
    run = {**failed("windvane", "t"), "error": "fit: box has no /tmp/bench_x1/model, 3 rows/s"}
    assert publishable(run, "box")["error"] == "fit: HOST has no PATH, 3 rows/s"


def test_a_host_name_inside_another_word_means_nothing():
    run = {**record("windvane", "t", 0.9), "best_model": "boxcar"}
    assert publishable(run, "box") == run


def test_the_last_run_of_a_seed_counts():
    cells = Cells([record("windvane", "t", 0.7), record("windvane", "t", 0.9)])
    assert cells.get("windvane", "t", 60).values("score") == [0.9]


def test_runs_of_several_seeds_are_one_cell_with_their_median():
    cells = Cells([record("windvane", "t", s, seed=n) for n, s in enumerate((0.7, 0.9, 0.8))])
    cell = cells.get("windvane", "t", 60)
    assert cell.median("score") == 0.8
    assert cell.values("score") == [0.7, 0.9, 0.8]


def test_a_default_model_is_the_same_with_any_budget():
    cells = Cells(
        [record("base_lgbm", "t", 0.7, budget=60), record("base_lgbm", "t", 0.9, budget=10)]
    )
    assert cells.get("base_lgbm", "t", 300).values("score") == [0.9]
    assert cells.get("base_lgbm", "t", 300).overshoots_s == []


def test_overshoot_is_fit_minus_budget():
    cells = Cells([record("windvane", "t", 0.7, fit_s=61.5)])
    assert cells.get("windvane", "t", 60).overshoots_s == [1.5]


def test_rows_a_second_are_those_of_the_second_call():
    cells = Cells([record("windvane", "t", 0.7, predict_s=1.0, predict_warm_s=0.05)])
    assert cells.get("windvane", "t", 60).rows_per_s == 2000


def test_rows_a_second_are_those_of_the_first_call_if_there_was_no_other():
    assert Cells([record("windvane", "t", 0.7)]).get("windvane", "t", 60).rows_per_s == 1000


def test_only_our_own_runs_are_labelled():
    runs = labelled([record("windvane", "t", 0.7), record("flaml", "t", 0.7)], "windvane abc")
    assert [run["system"] for run in runs] == ["windvane abc", "flaml"]


def test_the_newest_runs_are_those_of_the_newest_file_that_has_any(tmp_path):
    def write(commit, day, *runs):
        told = [record("windvane", *run, started=f"{day}T00:00:00", commit=commit) for run in runs]
        (tmp_path / f"{commit}.jsonl").write_text("\n".join(map(json.dumps, told)))

    write("aaa", "2026-02-01", ("t", 0.9, 60.0, 0), ("t", 0.9, 60.0, 1))
    write("bbb", "2026-01-01", ("t", 0.8, 60.0, 0), ("t", 0.8, 300.0, 0))
    found = [(run["commit"], run["budget"], run["seed"]) for run in newest_runs(tmp_path)]
    assert found == [("aaa", 60.0, 0), ("aaa", 60.0, 1), ("bbb", 300.0, 0)]


def test_a_folder_without_results_says_what_makes_them(tmp_path):
    with pytest.raises(CannotMeasure, match="make bench"):
        newest_runs(tmp_path)
