"""Whole jobs whose answers must be monotone in some columns."""

import numpy as np
import pandas as pd
import pytest

from windvane import AutoML
from windvane.engine.learners import catalogue
from windvane.errors import DataFault

MONOTONE = {"a": 1, "b": -1}


def _rows(n_rows=500):
    """Noisy waves of two numbers, and a colour."""
    random = np.random.default_rng(2)
    a, b = random.uniform(-3, 3, (2, n_rows)).round(3)
    a[random.random(n_rows) < 0.05] = np.nan
    colour = random.choice(["red", "green", "blue"], n_rows)
    signal = np.sin(2 * np.nan_to_num(a)) + 0.4 * np.nan_to_num(a) + np.cos(2 * b)
    signal += (colour == "red") + random.normal(0, 0.7, n_rows)
    return pd.DataFrame({"a": a, "b": b, "colour": colour, "signal": signal})


@pytest.fixture(scope="module", params=["binary", "amounts"])
def model(request):
    rows = _rows()
    signal = rows.pop("signal")
    binary = request.param == "binary"
    # Amounts with a long tail: some candidates learn them on their logarithm.
    rows["y"] = np.where(signal > 0.5, "yes", "no") if binary else np.exp(signal).round(4)
    objective = "AUC" if binary else "MSE"
    made = AutoML(
        target="y", objective=objective, monotone=MONOTONE, max_candidates=7, max_runtime_s=240
    )
    return made.fit(rows)


def _answers(model, rows):
    return model.predict_proba(rows)[:, 1] if len(model.classes_) else model.predict(rows)


def test_answers_are_monotone(model):
    rows = _rows().head(150)
    for column, direction in MONOTONE.items():
        moved = [
            _answers(model, rows.assign(**{column: value})) for value in np.linspace(-4, 4, 33)
        ]
        steps = direction * np.diff(np.array(moved), axis=0)
        assert steps.min() >= -1e-12
        assert steps.max() > 0.01


def test_only_what_keeps_the_promise_is_tried_and_it_is_said(model):
    board = model.leaderboard()
    assert set(board["algorithm"]) <= catalogue.MONOTONE | {"ensemble"}
    assert set(board["recipe"]) <= {"dpp0", "dpp1", ""}
    assert (
        board["notes"]
        .str.contains(
            "monotone constraint: predictions can only increase with 'a' and decrease with 'b'"
        )
        .all()
    )
    assert (board["status"] == "finished").all()
    assert model.analysis.monotone == MONOTONE


@pytest.mark.parametrize(
    ("target", "monotone", "told"),
    [
        ("signal", {"colour": 1}, r"monotone in the column 'colour'.*numeric columns"),
        ("signal", {"c": 1}, "The monotone column 'c' is not in the data"),
        ("colour", {"a": 1}, "no order.*MulticlassClassification: the target has 3"),
    ],
)
def test_what_cannot_be_promised_is_refused(target, monotone, told):
    with pytest.raises(DataFault, match=told):
        AutoML(target=target, monotone=monotone, max_runtime_s=30).fit(_rows())
