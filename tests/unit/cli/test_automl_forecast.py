import argparse
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from windvane import AutoForecast
from windvane.cli import automl
from windvane.errors import InvalidRequest


def run(*arguments):
    parser = argparse.ArgumentParser(prog="windvane")
    automl.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["automl", *map(str, arguments)])
    return parsed.run(parsed)


@pytest.fixture
def sales(tmp_path):
    """sales.csv as in docs/forecasting.md."""
    day = np.arange(90)
    frames = [
        pd.DataFrame(
            {
                "shop": shop,
                "day": pd.date_range("2024-01-01", periods=90, freq="D"),
                "sales": 100 * shop * (1 + 0.3 * np.sin(2 * np.pi * day / 7)),
            }
        )
        for shop in (1, 2)
    ]
    file = tmp_path / "sales.csv"
    pd.concat(frames).to_csv(file, index=False)
    return file


def test_the_documented_command_writes_forecasts_and_a_model(sales, tmp_path, capsys):
    page = Path(__file__).resolve().parents[3] / "docs" / "forecasting.md"
    [command] = re.findall(r"^windvane automl (.*)$", page.read_text(), re.MULTILINE)
    told = [str(sales) if one == "sales.csv" else one for one in shlex.split(command)]
    assert run(*told, "--json", "--out", tmp_path / "out") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["frequency"], document["n_series"]) == ("D", 2)
    made = pd.read_csv(document["forecast"])
    assert len(made) == 2 * 14
    assert list(made.columns) == ["item_id", "timestamp", "mean", "p10", "p50", "p90"]
    assert len(AutoForecast.load(document["model"]).predict()) == 28
    assert set(document["reports"]) == {"backtests", "explanation", "series"}
    for one in document["reports"].values():
        assert one["state"] in ("written", "cut", "left-out"), one
        assert one["state"] != "written" or (Path(one["folder"]) / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--forecast", "--target", "sales", "--horizon", 3], "--forecast needs --timestamp"),
        (["--target", "sales", "--horizon", 3], "--horizon needs --forecast"),
        (
            [
                "--forecast",
                "--target",
                "sales",
                "--timestamp",
                "day",
                "--horizon",
                3,
                "--mode",
                "ENSEMBLING",
            ],
            "--mode does not go with --forecast",
        ),
        (
            [
                "--forecast",
                "--target",
                "sails",
                "--timestamp",
                "day",
                "--horizon",
                3,
                "--item-id",
                "shop",
            ],
            "sails",
        ),
    ],
)
def test_what_does_not_go_together_ends_with_two_and_one_sentence(
    arguments, told, sales, tmp_path, capsys
):
    assert run(sales, *arguments, "--out", tmp_path / "out") == 2
    assert told in capsys.readouterr().err


def test_columns_of_groups_and_fillings_are_told_to_the_library(
    sales, tmp_path, capsys, monkeypatch
):
    models = []

    def fit(model, *_, **__):
        models.append(model)
        raise InvalidRequest("It is asked for.")

    monkeypatch.setattr(AutoForecast, "fit", fit)
    asked = (
        "--forecast --target sales --timestamp day --item-id sku --group-columns shop --horizon 2"
    )
    more = "--past-covariates visits --holidays DE --frequency D --aggregation max --filling sales:middle=zero,sales:back=1.5"
    out = tmp_path / "out"
    assert run(sales, *f"{asked} {more} --max-runtime 8 --json".split(), "--out", out) == 2
    assert "It is asked for." in capsys.readouterr().err
    [model] = models
    spec = model.spec
    assert spec.group_columns == ("shop",)
    assert spec.past_covariates == ("visits",)
    assert spec.holiday_country == "DE"
    assert spec.aggregation == "max"
    assert spec.filling["sales"].back.value == 1.5
