import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import competitions
from benchmarks.competitions import (
    COLLECTIONS,
    PEERS,
    PERIODS,
    Series,
    main,
    published,
    write_tasks,
)
from benchmarks.records import CannotMeasure


def series(name, period, begin, n_past, n_ahead):
    values = np.arange(1.0, n_past + n_ahead + 1)
    return Series(name, period, begin, values[:n_past], values[n_past:])


COLLECTION = [
    series("a", "yearly", 1, 9, 6),
    series("b", "quarterly", 1970.5, 12, 8),
    series("c", "monthly", 1979 + 1 / 12, 30, 18),
]


def test_rows_ahead_follow_those_of_the_past_and_years_that_have_no_date_get_one(tmp_path):
    write_tasks({"M1": COLLECTION}, tmp_path / "made")
    tasks = json.loads((tmp_path / "made" / "index.json").read_text())["tasks"]
    assert [(one["name"], one["frequency"], one["horizon"]) for one in tasks] == [
        ("m1_yearly", "Y", 6),
        ("m1_quarterly", "3M", 8),
        ("m1_monthly", "M", 18),
    ]
    for name, first, ahead in (
        ("m1_yearly", "1901-01-01", "1910-01-01"),
        ("m1_quarterly", "1970-07-01", "1973-07-01"),
        ("m1_monthly", "1979-02-01", "1981-08-01"),
    ):
        train, test = (
            pd.read_csv(tmp_path / "made" / name / f"{part}.csv.gz") for part in ("train", "test")
        )
        assert (train.timestamp[0], test.timestamp[0]) == (first, ahead)
        assert test.target[0] == train.target.iloc[-1] + 1


def test_the_seasonal_naive_repeats_the_last_season_at_every_quantile(tmp_path):
    floors = write_tasks({"M1": COLLECTION}, tmp_path / "made")
    quarterly = next(one for one in floors if one["task"] == "m1_quarterly")
    ahead = np.arange(13.0, 21.0)
    errors = ahead - np.tile(np.arange(9.0, 13.0), 2)
    assert quarterly["wql"] == pytest.approx(errors.sum() / ahead.sum())
    assert quarterly["mase"] == pytest.approx(errors.mean() / 4)


def results(folder, system, wql):
    lines = ["dataset_config,MASE,WQL", f"monash_m1_yearly,2.0,{wql}", "ercot,1.0,1.0"]
    (folder / f"{system}.csv").write_text("\n".join(lines) + "\n")


def test_published_figures_keep_their_ratio_to_the_published_seasonal_naive(tmp_path):
    floor = {"system": "seasonal_naive", "task": "m1_yearly", "wql": 0.3, "mase": 3.0}
    results(tmp_path, "auto_theta", 0.1)
    with pytest.raises(CannotMeasure, match=r"seasonal_naive\.csv"):
        published(tmp_path, [floor])
    results(tmp_path, "seasonal_naive", 0.2)
    [made] = published(tmp_path, [floor])
    assert made["system"] == "auto_theta"
    assert made["wql"] == pytest.approx(0.15)
    assert made["mase"] == pytest.approx(3.0)


def test_the_documented_command_writes_the_tasks(tmp_path, monkeypatch):
    page = Path(__file__).resolve().parents[3] / "docs" / "forecasting.md"
    [command] = re.findall(
        r"^python -m benchmarks.competitions (.*)$", page.read_text(), re.MULTILINE
    )
    horizons = {period.name: period.horizons for period in PERIODS}
    monkeypatch.setattr(
        competitions,
        "read_collection",
        lambda file: [
            replace(one, ahead=np.arange(float(horizons[one.period][file.stem])))
            for one in COLLECTION
        ],
    )
    fev = tmp_path / "fev"
    fev.mkdir()
    results(fev, "seasonal_naive", 0.2)
    results(fev, "tirex", 0.1)
    options = shlex.split(command)
    options[:2] = [str(tmp_path), str(tmp_path / "made")]
    options[options.index("--published") + 1] = str(fev)
    assert main(options) == 0
    lines = (tmp_path / "made" / PEERS).read_text().splitlines()
    assert len(lines) == 3 * len(COLLECTIONS) + 1


def test_a_file_that_is_not_there_is_named(tmp_path, capsys):
    assert main([str(tmp_path), str(tmp_path / "made")]) == 2
    assert "M1.rda" in capsys.readouterr().err
