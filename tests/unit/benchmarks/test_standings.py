from unit.benchmarks.made_up import failed, record

from benchmarks.records import Cells
from benchmarks.standings import failures_table, runs_table, scores_table, standing_table

OURS = "windvane abc"
RECORDS = [
    record("base_lgbm", "t", 0.80),
    record("flaml", "t", 0.90, row_ms=13.0),
    record("base_lgbm", "u", -4.0, metric="rmse"),
    record("ag", "u", -2.0, metric="rmse", fit_s=81.0),
    record(OURS, "t", 0.97, seed=0),
    record(OURS, "t", 0.85, seed=1, fit_s=61.5),
    record(OURS, "u", -3.0, metric="rmse"),
]


def rows_of(table):
    lines = [[cell.strip() for cell in line[2:-2].split(" | ")] for line in table.splitlines()]
    return {line[0]: dict(zip(lines[0], line, strict=True)) for line in lines[2:]}


def test_a_system_stands_with_its_mean_over_its_own_tables():
    standing = rows_of(standing_table(Cells(RECORDS), ["t", "u"], OURS))
    assert standing["windvane abc@60"]["tables"] == "2"
    assert standing["windvane abc@60"]["score 0..1"] == "0.80"
    assert standing["flaml@60"]["tables"] == "1"
    assert standing["flaml@60"]["score 0..1"] == "1.00"


def test_our_mean_on_a_peers_tables_stands_beside_it():
    standing = rows_of(standing_table(Cells(RECORDS), ["t", "u"], OURS))
    assert standing["flaml@60"]["Windvane there"] == "1.10"
    assert standing["ag@60"]["Windvane there"] == "0.50"
    assert standing["base_lgbm"]["Windvane there"] == "0.80"


def test_without_all_of_a_peers_tables_nothing_stands_beside_it():
    cells = Cells([*RECORDS, record("ag", "t", 0.9)])
    without_t = Cells([run for run in RECORDS if (run["system"], run["dataset"]) != (OURS, "t")])
    assert rows_of(standing_table(cells, ["t", "u"], OURS))["ag@60"]["Windvane there"] == "0.80"
    assert rows_of(standing_table(without_t, ["t", "u"], OURS))["flaml@60"]["Windvane there"] == "–"


def test_overshoot_is_told_as_median_and_highest():
    standing = rows_of(standing_table(Cells(RECORDS), ["t", "u"], OURS))
    assert standing["windvane abc@60"]["fit - budget s"] == "-1.0 (+1.5)"
    assert standing["base_lgbm"]["fit - budget s"] == "–"


def test_ours_stand_first_and_default_models_after_their_peers():
    order = list(rows_of(standing_table(Cells(RECORDS), ["t", "u"], OURS)))
    assert order == ["windvane abc@60", "ag@60", "flaml@60", "base_lgbm"]


def test_tables_that_were_not_asked_for_are_left_out():
    assert "ag@60" not in rows_of(standing_table(Cells(RECORDS), ["t"], OURS))


def test_a_run_of_several_seeds_shows_its_spread_and_its_worst_time():
    run = rows_of(runs_table(Cells(RECORDS), ["t", "u"], OURS))["t (auc)"]
    assert run["test score"] == "0.9100 [0.8500, 0.9700]"
    assert run["fit - budget s"] == "+1.5"
    assert run["rank"] == "1 of 3"


def test_a_table_without_peers_has_neither_score_nor_rank():
    run = rows_of(runs_table(Cells([record(OURS, "new", 0.7)]), ["new"], OURS))["new (auc)"]
    assert (run["test score"], run["score 0..1"], run["rank"]) == ("0.7000", "–", "–")


def test_a_failed_run_says_so():
    cells = Cells([*RECORDS, failed(OURS, "t", budget=10.0)])
    run = [line for line in runs_table(cells, ["t"], OURS).splitlines() if "FAILED" in line]
    assert len(run) == 1
    assert "fit: boom" in failures_table(cells, ["t"], OURS)
    assert failures_table(Cells(RECORDS), ["t"], OURS) == ""


def test_scores_of_every_system_on_every_table_with_a_scale():
    cells = Cells([*RECORDS, record(OURS, "new", 0.7)])
    scores = rows_of(scores_table(cells, ["t", "u", "new"]))
    assert scores["flaml@60"] == {"system@budget": "flaml@60", "t": "1.00", "u": ""}
