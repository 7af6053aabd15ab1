import re

from benchmarks import transform


def test_every_row_is_answered_and_the_figures_are_told(monkeypatch, capsys):
    monkeypatch.setattr(transform, "_TRAINING_ROWS", 600)
    monkeypatch.setattr(transform, "_TREES", 5)
    assert transform.main(["--rows", "3000", "--columns", "8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| rows ")
    assert [re.split(r"\s*\|\s*", line)[1] for line in lines[2:]] == ["300", "3,000"]
