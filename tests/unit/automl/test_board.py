import pickle

import pandas as pd
import pytest

from windvane.automl.board import Board

_BRIEF = ("rank", "name", "score", "fit_s", "chosen")


@pytest.fixture
def board():
    row = {"name": "Nearest neighbours 12", "score": 2418144679.1, "notes": "much to say " * 20}
    others = {f"metric_{i}": 0.5 for i in range(25)}
    rows = [
        {"rank": rank, **row, **others, "fit_s": fit_s, "chosen": rank == 1}
        for rank, fit_s in ((1, 1.23456), (2, None))
    ]
    return Board.of(pd.DataFrame(rows), _BRIEF)


def test_what_matters_is_printed_within_eighty_columns(board):
    heading, first, second, *_ = str(board).splitlines()
    assert heading.split() == list(_BRIEF)
    assert first.split() == ["1", "Nearest", "neighbours", "12", "2,418,144,679", "1.235", "yes"]
    assert second.split()[-1] == "–"
    assert max(map(len, str(board).splitlines())) <= 80


def test_the_columns_that_are_not_printed_are_named(board):
    told = " ".join(str(board).split())
    assert "2 rows, 31 columns; not shown: notes, metric_0," in told


def test_its_first_rows_print_likewise(board):
    assert str(board.head(1)).splitlines()[0].split() == list(_BRIEF)


def test_a_part_without_these_columns_prints_like_any_frame(board):
    part = board[["rank", "score"]]
    assert str(part) == str(pd.DataFrame(part))


def test_notebooks_show_all_columns_escaped(board):
    board["notes"] = "<script>"
    shown = board._repr_html_()
    assert all(f"<th>{name}</th>" in shown for name in board.columns)
    assert "<script>" not in shown


def test_a_copy_by_pickle_prints_the_same(board):
    assert str(pickle.loads(pickle.dumps(board))) == str(board)
