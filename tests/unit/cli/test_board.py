import io

from rich.console import Console

from windvane.cli.automl import _COLUMNS
from windvane.cli.board import board_table


def _shown(title, row):
    screen = Console(file=io.StringIO(), width=80)
    screen.print(board_table(title, [row], _COLUMNS))
    return screen.file.getvalue()


def _row(**told):
    return {
        "rank": 15,
        "name": "Nearest neighbours 123",
        "score": 0.79521,
        "standard_error": 0.00312,
        "fit_s": 12.345,
        "latency_ms": 0.07712,
        "chosen": True,
        **told,
    }


def test_a_row_has_room_in_eighty_columns():
    lines = _shown("Leaderboard", _row()).splitlines()
    [line] = [one.split() for one in lines if "Nearest" in one]
    assert line == [
        "15", "Nearest", "neighbours", "123", "0.7952", "0.00312", "12.35", "0.07712", "yes",
    ]  # fmt: skip


def test_large_scores_are_told_in_full():
    shown = _shown("Leaderboard", _row(score=2418144679.1, standard_error=283838211.0))
    assert "2,418,144,679" in shown
    assert "283,838,211" in shown
    assert "…" not in shown


def test_what_is_not_known_is_a_dash_and_no_cell_is_markup():
    shown = _shown("[red]Leaderboard", _row(name="[bold]x", score=None, fit_s=float("nan")))
    assert "[red]Leaderboard" in shown
    assert "[bold]x" in shown
    assert shown.count("–") == 2
