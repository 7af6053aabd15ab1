import sys
from types import SimpleNamespace

from windvane.automl.local.fit_progress import fit_progress

TOLD = [
    {"event": "analysed", "elapsed_s": 1.0, "objective": "AUC"},
    {"event": "stage", "elapsed_s": 1.0, "stage": "search", "state": "started"},
    {"event": "candidate", "elapsed_s": 2.0, "state": "started", "index": 1},
    {
        "event": "candidate",
        "elapsed_s": 15.0,
        "state": "finished",
        "index": 1,
        "best": 1,
        "objective": 0.91234567,
    },
]


def test_a_terminal_gets_one_line_that_is_gone_at_the_end(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    with fit_progress(None, 60, None, lambda _: None) as hear:
        for event in TOLD:
            hear(event)
    lines = capsys.readouterr().err.split("\r")
    assert lines[-3].rstrip() == (
        "[######..................] training candidates, 1 candidate, 15 s, best AUC 0.91235"
    )
    assert lines[-2].isspace()
    assert lines[-1] == ""


def test_what_is_no_terminal_gets_nothing_unless_it_is_wanted(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    heard = []
    with fit_progress(None, 60, None, heard.append) as hear:
        for event in TOLD:
            hear(event)
    assert heard == TOLD
    assert capsys.readouterr().err == ""
    with fit_progress(True, 60, 2, lambda _: None) as hear:
        for event in TOLD:
            hear(event)
    assert "[############............] training candidates" in capsys.readouterr().err


class Shown:
    def __init__(self):
        self.updates = []

    def update(self, html):
        self.updates.append(html)


def test_a_notebook_gets_a_bar_with_its_text_escaped(monkeypatch):
    handle = Shown()
    display = SimpleNamespace(display=lambda _, display_id: handle, HTML=str)
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    with fit_progress(None, 60, None, lambda _: None) as hear:
        for event in [*TOLD[1:], {**TOLD[0], "objective": "<b>"}, TOLD[-1]]:
            hear(event)
    assert handle.updates[-2].startswith('<progress value="0.250"></progress> training candidates')
    assert "best &lt;b&gt; 0.91235" in handle.updates[-2]
    assert handle.updates[-1] == ""


def test_a_shell_that_is_no_notebook_is_a_terminal(monkeypatch, capsys):
    monkeypatch.setitem(
        sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace())
    )
    with fit_progress(None, 60, None, lambda _: None) as hear:
        hear(TOLD[0])
    assert capsys.readouterr().err == ""
