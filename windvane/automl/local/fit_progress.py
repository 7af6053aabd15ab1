"""How far `fit` is, for who waits for it: one line in a terminal, a bar in a notebook."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from windvane.automl.local.events import Event, OnEvent
from windvane.process.log_lines import one_line

STAGES = {
    "analysis": "reading and analysing the data",
    "search": "training candidates",
    "ensemble": "building an ensemble",
    "refit": "refitting the best on all rows",
    "packing": "packaging the best candidate",
    "reports": "writing reports",
}
"""What a job does in each stage of its events."""

_BAR_WIDTH = 24


@contextmanager
def fit_progress(
    wanted: bool | None, max_runtime_s: float, max_candidates: int | None, on_event: OnEvent
) -> Iterator[OnEvent]:
    """Gives what is to be told of a job's events in place of `on_event`, which is told too.

    wanted    whether progress is shown; None: if stderr is a terminal, or the code runs in a notebook
    """
    draw = _drawing(wanted)
    if draw is None:
        yield on_event
        return
    state = _State(max_runtime_s, max_candidates)

    def hear(event: Event) -> None:
        state.take(event)
        draw(state)
        on_event(event)

    draw(state)
    try:
        yield hear
    finally:
        draw(None)


class _State:
    """The progress of a job, from its events so far."""

    def __init__(self, max_runtime_s: float, max_candidates: int | None) -> None:
        self._max_runtime_s, self._max_candidates = max_runtime_s, max_candidates
        self._stage, self._objective, self._best = STAGES["analysis"], "", ""
        self._n_ended, self._elapsed_s = 0, 0.0

    def take(self, event: Event) -> None:
        self._elapsed_s = event["elapsed_s"]
        match event["event"]:
            case "stage" if event["state"] == "started":
                self._stage = STAGES[event["stage"]]
            case "analysed" | "prepared":
                self._objective = event["objective"]
            case "candidate" if event["state"] != "started":
                self._n_ended += 1
                if event["state"] == "finished" and event["best"] == event["index"]:
                    self._best = f"{self._objective} {event['objective']:.5g}"

    @property
    def share(self) -> float:
        """Return the part of the allowed candidates that has ended, or of the time where candidates are not limited."""
        if self._max_candidates is not None:
            return min(1.0, self._n_ended / self._max_candidates)
        return min(1.0, self._elapsed_s / self._max_runtime_s)

    @property
    def text(self) -> str:
        ended = f"{self._n_ended} candidate{'' if self._n_ended == 1 else 's'}"
        told = f"{self._stage}, {ended}, {self._elapsed_s:.0f} s"
        return one_line(f"{told}, best {self._best}" if self._best else told)


_Draw = Callable[[_State | None], None]
"""Shows the state; None: the job is over."""


def _drawing(wanted: bool | None) -> _Draw | None:
    if wanted is False:
        return None
    display = _notebook_display()
    if display is not None:
        return _in_notebook(display)
    return _on_terminal if wanted or sys.stderr.isatty() else None


def _on_terminal(state: _State | None) -> None:
    room = shutil.get_terminal_size().columns - 1
    line = ""
    if state is not None:
        done = round(_BAR_WIDTH * state.share)
        line = f"[{'#' * done}{'.' * (_BAR_WIDTH - done)}] {state.text}"[:room]
    sys.stderr.write(f"\r{line:<{room}}" if line else f"\r{'':<{room}}\r")
    sys.stderr.flush()


def _notebook_display() -> Any:
    """Return the display module of IPython if this is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return sys.modules.get("IPython.display") if hasattr(shell, "kernel") else None


def _in_notebook(display: Any) -> _Draw:
    shown = display.display(display.HTML(""), display_id=True)

    def draw(state: _State | None) -> None:
        html = ""
        if state is not None:
            html = f'<progress value="{state.share:.3f}"></progress> {escape(state.text)}'
        shown.update(display.HTML(html))

    return draw
