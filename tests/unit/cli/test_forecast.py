import argparse
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from windvane import AutoForecast
from windvane.cli import forecast


def run(*arguments):
    parser = argparse.ArgumentParser(prog="windvane")
    forecast.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["forecast", *map(str, arguments)])
    return parsed.run(parsed)


def sales(begin, n_days):
    days = pd.date_range(begin, periods=n_days, freq="D")
    week = 1 + 0.3 * np.sin(2 * np.pi * days.day_of_week / 7)
    return pd.concat(
        pd.DataFrame({"shop": shop, "day": days, "sales": 100 * shop * week}) for shop in (1, 2)
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job") / "model"
    one = AutoForecast("sales", "day", "shop", horizon=14, max_runtime_s=8, threads=1)
    one.fit(sales("2024-01-01", 90)).save(folder)
    return folder


def test_the_documented_command_forecasts_after_newer_rows(model, tmp_path, monkeypatch, capsys):
    page = Path(__file__).resolve().parents[3] / "docs" / "forecasting.md"
    [command] = re.findall(r"^windvane forecast (.*)$", page.read_text(), re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    sales("2024-03-31", 10).to_csv("newer.csv", index=False)
    told = [str(model) if one.endswith("/model") else one for one in shlex.split(command)]
    assert run(*told) == 0
    assert "Forecast: forecast.csv" in capsys.readouterr().out
    made = pd.read_csv("forecast.csv", parse_dates=["timestamp"])
    assert made.timestamp.min() == pd.Timestamp("2024-04-10")
    assert len(made) == 28
    parts = pd.read_csv("parts.csv")
    total = parts[["level", "trend", "season"]].sum(axis=1)
    assert np.allclose(total, parts["mean"])
    again = AutoForecast.load("newer-model").predict()
    assert np.allclose(again["mean"], made["mean"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--save", "x"], "give --rows, too"),
        (["--rows", "nothing.csv"], "nothing.csv"),
        (["--rows", "newer.csv", "--budget", "0"], "max_runtime_s is 0"),
    ],
)
def test_what_cannot_be_ends_with_two_and_one_sentence(
    arguments, told, model, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    sales("2024-03-31", 1).to_csv("newer.csv", index=False)
    assert run(model, *arguments) == 2
    assert told in capsys.readouterr().err
    assert not Path("forecast.csv").exists()
