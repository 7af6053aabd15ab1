"""Our classes of texts beside those of a tuned logistic regression."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.tables import TEXTS, every_table, tables_named
from benchmarks.texts import difference, main, recorded_in, report, tuned


def test_corpora_are_of_a_line_a_paragraph_and_a_page():
    lengths = {
        one.name: one.rows("train")["text"].str.len().median() for one in every_table([TEXTS])
    }
    assert lengths["emoji_ja"] < 50 < lengths["udhr_languages"] < 300 < lengths["sotu_presidents"]


def test_a_difference_is_told_in_its_standard_errors():
    ours = np.array([True] * 60 + [False] * 40)
    peers = np.array([True] * 50 + [False] * 50)
    share, errors = difference(ours, peers)
    assert share == pytest.approx(0.1)
    assert errors == pytest.approx(0.1 / (0.3015 / 10), rel=0.01)
    assert difference(ours, ours) == (0.0, 0.0)


def test_the_peer_is_tuned_for_its_time_and_has_one_choice_at_least():
    [table] = tables_named(["emoji_ja"])
    random = np.random.default_rng(0)
    kinds = random.choice(["a", "b"], 60)
    rows = pd.DataFrame(
        {
            "text": [f"{'good' if kind == 'a' else 'bad'} {random.integers(9)}" for kind in kinds],
            table.target: kinds,
        }
    )
    made = tuned(table, rows, rows, budget_s=0.0, threads=1, seed=0)
    assert (made.labels == kinds).all()
    assert made.choice.endswith("C=1")


def test_a_corpus_that_there_is_not_is_named(capsys):
    assert main(["--corpora", "nothing"]) == 2
    assert "There is no table nothing" in capsys.readouterr().err


def test_what_was_recorded_is_told_with_its_commit_and_load(tmp_path):
    record = {
        "corpus": "lines",
        "n_train": 1000,
        "n_test": 300,
        "characters": 20.0,
        "n_classes": 2,
        "ours": 0.91,
        "ours_s": 60.0,
        "peer": 0.9,
        "peer_s": 61.0,
        "choice": "word 1-2, C=1",
        "difference": 0.01,
        "errors": 0.5,
        "budget": 60.0,
        "threads": 2,
        "seed": 0,
        "date": "2026-12-02",
        "load": 3.2,
        "commit": "abc",
    }
    file = tmp_path / "texts.jsonl"
    assert recorded_in(file) == ""
    file.write_text(f"{json.dumps(record)}\n")
    told = recorded_in(file)
    assert "Engine of commit `abc`" in told
    assert "load average of the machine 3 to 3" in told
    assert told.endswith(report([record]))
    assert "| word 1-2, C=1 |    +0.0100 |  +0.5 |" in told
