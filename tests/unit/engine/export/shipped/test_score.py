"""The script of an exported model, as it is here: `windvane` stands for the code that goes with a model."""

import csv
import io

import pytest

from windvane.engine.export.shipped import score
from windvane.errors import InvalidRequest


class Doubling:
    """A model of the columns a and b that answers twice a."""

    def __init__(self):
        self.columns, self.labels, self.header = ("a", "b"), (), ["predicted_value"]

    def predict(self, rows):
        for row in rows:
            if row["a"] == "much":
                raise InvalidRequest("Row 1, column 'a': 'much' cannot be read as a number.")
            yield [2 * float(row["a"])]


@pytest.fixture
def scored(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(score, "Model", Doubling)

    def run(text):
        file = tmp_path / "rows.csv"
        file.write_text(text, encoding="utf-8")
        out = io.StringIO()
        code = score.main([str(file)], out)
        return code, list(csv.reader(out.getvalue().splitlines())), capsys.readouterr().err

    return run


def test_columns_are_found_by_name_and_others_passed_over(scored):
    assert scored("\ufeffb,x,a\n1,?,2.5\n,?,4\n") == (
        0,
        [["predicted_value"], ["5.0"], ["8.0"]],
        "",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [("a\n1\n", "no column 'b'"), ("", "no column 'a'"), ("a,b\nmuch,1\n", "cannot be read")],
)
def test_what_cannot_be_scored_is_told_in_a_line(scored, text, says):
    code, _, told = scored(text)
    assert code == 2
    assert told.startswith("score.py: ")
    assert told.count("\n") == 1
    assert says in told


def test_it_says_how_it_is_used(capsys):
    assert score.main([], io.StringIO()) == 2
    assert "usage" in capsys.readouterr().err


def test_a_file_that_there_is_not_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(score, "Model", Doubling)
    assert score.main([str(tmp_path / "none.csv")], io.StringIO()) == 2
    assert "none.csv" in capsys.readouterr().err
