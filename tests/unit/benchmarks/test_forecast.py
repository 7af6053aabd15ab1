import hashlib
import json
import re
import shlex
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from benchmarks.forecast import asked_levels, main, read_tasks, report, scored, with_all_levels
from benchmarks.records import ROOT

TASK = {"frequency": "D", "seasonality": 1, "quantiles": [0.1, 0.5, 0.9]}


def rows(values, begin):
    days = pd.date_range(begin, periods=len(values), freq="D")
    return pd.DataFrame({"item_id": "a", "timestamp": days, "target": values})


def test_measures_are_what_a_hand_computes():
    train, test = rows([1.0, 3.0, 2.0], "2024-01-01"), rows([4.0, 6.0], "2024-01-04")
    forecast = test.drop(columns="target").assign(mean=5.0, p10=3.0, p50=5.0, p90=5.5)
    made = scored(TASK, train, test, forecast)
    by_level = {"p10": 2 * (0.1 * 1 + 0.1 * 3), "p50": 1 + 1, "p90": 2 * (0.1 * 1.5 + 0.9 * 0.5)}
    assert made["wql"] == pytest.approx(sum(by_level.values()) / 3 / 10)
    assert made["mase"] == pytest.approx(1 / 1.5)
    assert made["cover80"] == 0.5


def test_a_step_without_a_forecast_is_an_error():
    test = rows([4.0, 6.0], "2024-01-04")
    forecast = test.drop(columns="target").assign(p10=3.0, p50=5.0, p90=np.nan)
    with pytest.raises(ValueError, match="no finite forecast"):
        scored(TASK, rows([1.0, 3.0], "2024-01-01"), test, forecast)


def record(system, task, wql, status="ok"):
    return {
        "system": system,
        "task": task,
        "budget": 60,
        "status": status,
        "wql": wql,
        "mase": wql,
        "cover80": 0.8,
    }


def test_skill_is_one_less_the_geometric_mean_of_ratios_and_a_failure_is_a_ratio_of_one():
    made = report(
        [
            record("seasonal_naive", "a", 0.4),
            record("seasonal_naive", "b", 0.4),
            record("windvane", "a", 0.1),
            record("windvane", "b", 0.4, "error"),
        ]
    )
    [line] = [one for one in made.splitlines() if one.startswith("| windvane@60")]
    assert [cell.strip() for cell in line.split("|")[2:4]] == ["2", "0.500"]
    assert "FAILED" in made


def test_of_several_seeds_the_mean_counts_and_of_a_repeated_one_the_last():
    made = report(
        [
            record("seasonal_naive", "a", 0.4),
            {**record("windvane", "a", 9.0), "seed": 0},
            {**record("windvane", "a", 0.1), "seed": 0},
            {**record("windvane", "a", 0.3), "seed": 1},
        ]
    )
    [standing] = [one for one in made.splitlines() if one.startswith("| windvane@60")]
    assert [cell.strip() for cell in standing.split("|")[2:4]] == ["1", "0.500"]
    assert "0.2000 [0.1000, 0.3000]" in made


def test_levels_beyond_those_of_a_forecaster_lie_between_them_as_those_of_a_normal_distribution_do():
    levels = [one / 10 for one in range(1, 10)]
    assert asked_levels(levels) == [0.1, 0.3, 0.5, 0.7, 0.9]
    assert asked_levels([0.1, 0.5, 0.9]) == [0.1, 0.5, 0.9]
    normal = {one: 10 + 2 * NormalDist().inv_cdf(one) for one in levels}
    given = pd.DataFrame({f"p{round(100 * one)}": [normal[one]] for one in asked_levels(levels)})
    made = with_all_levels(given, levels)
    assert all(made[f"p{round(100 * one)}"][0] == pytest.approx(normal[one]) for one in levels)


def test_a_folder_without_tasks_is_named(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "index.json" in capsys.readouterr().err


def test_the_documented_command_measures_the_task_of_the_repository(tmp_path, capsys, monkeypatch):
    page = ROOT / "docs" / "forecasting.md"
    [command] = re.findall(r"^python -m benchmarks.forecast (.*)$", page.read_text(), re.MULTILINE)
    monkeypatch.chdir(ROOT)
    peers = tmp_path / "peers.jsonl"
    peers.write_text(json.dumps(record("seasonal_naive", "bike_daily", 0.4)) + "\n")
    options = shlex.split(command)
    options[options.index("--budget") + 1] = "10"
    out = ["--peers", str(peers), "--out", str(tmp_path / "out.jsonl")]
    assert main([*options, *out]) == 0
    assert "windvane@10" in capsys.readouterr().out
    [made] = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert made["status"] == "ok"
    assert made["wql"] < 0.4
    assert made["peak_pss_mb"] > 10


def test_the_files_of_the_task_of_the_repository_are_those_of_its_index():
    folder = ROOT / "benchmarks" / "data" / "forecasting"
    [task] = read_tasks(folder).values()
    for part, told in task["files"].items():
        content = (folder / task["name"] / f"{part}.csv.gz").read_bytes()
        assert hashlib.sha256(content).hexdigest() == told["sha256"]
