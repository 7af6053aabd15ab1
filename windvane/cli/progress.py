"""A running job on the terminal: one line a finished candidate, and below them how far it is."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich import progress as rich_progress
from rich.console import Console
from rich.markup import escape

from windvane.automl.local.events import Event
from windvane.automl.local.fit_progress import STAGES
from windvane.process.log_lines import one_line


class Progress:
    """A live display of a job's progress. To be used as a context; `show` takes the events of automl/local/events.py."""

    def __init__(self, console: Console, max_runtime_s: float, max_candidates: int | None) -> None:
        self._console = console
        self._counts_candidates = max_candidates is not None
        self._bar = rich_progress.Progress(
            rich_progress.SpinnerColumn(),
            rich_progress.TextColumn("{task.description}"),
            rich_progress.BarColumn(),
            rich_progress.TextColumn("{task.fields[told]}"),
            rich_progress.TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task(
            STAGES["analysis"], total=max_candidates or max_runtime_s, told=""
        )
        self._objective = ""
        self._ended = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, event: Event) -> None:
        show = {
            "stage": self._show_stage,
            "analysed": self._show_analysis,
            "prepared": self._show_series,
            "candidate": self._show_candidate,
            "report": self._show_note,
            "definitions": self._show_note,
            "done": self._show_choice,
        }.get(event["event"])
        if show is not None:
            show(event)
        done = self._ended if self._counts_candidates else event.get("elapsed_s", 0.0)
        self._bar.update(self._task, completed=done)

    def _show_stage(self, event: Event) -> None:
        if event["state"] == "started":
            self._bar.update(self._task, description=STAGES[event["stage"]])

    def _show_analysis(self, event: Event) -> None:
        self._objective = event["objective"]
        self._console.print(
            f"[bold]{event['problem_type']}[/], scored by [bold]{event['objective']}[/]: "
            f"{escape(one_line(event['problem_reason']))}. {event['n_rows']:,} rows, "
            f"{event['n_features']} features, {_folds(event['n_folds'])}.",
            highlight=False,
            soft_wrap=True,
        )

    def _show_series(self, event: Event) -> None:
        self._objective = event["objective"]
        self._console.print(
            f"Forecasts, scored by [bold]{event['objective']}[/]. {event['n_series']:,} series of "
            f"{event['n_values']:,} values together, frequency {event['frequency']}.",
            highlight=False,
            soft_wrap=True,
        )

    def _show_candidate(self, event: Event) -> None:
        if event["state"] == "started":
            return
        self._ended += 1
        name = f"{event['index']:>3}  {event['algorithm']:<15}"
        if event["state"] == "failed":
            self._console.print(
                f"{name} [red]failed[/]: {escape(one_line(event['reason']))}", highlight=False
            )
            return
        is_best = event["best"] == event["index"]
        error = event["standard_error"]
        spread = "" if error is None else f" ± {error:.2g}"
        mark = "  [green]best so far[/]" if is_best else ""
        self._console.print(
            f"{name} {self._objective} {event['objective']:.5g}{spread}  {event['fit_s']:.1f} s{mark}",
            highlight=False,
            soft_wrap=True,
        )
        if is_best:
            self._bar.update(self._task, told=f"{self._objective} {event['objective']:.5g}")

    def _show_note(self, event: Event) -> None:
        if event["note"]:
            self._mind(event["note"])

    def _show_choice(self, event: Event) -> None:
        if event.get("note"):
            self._mind(f"{event['note']}.")

    def _mind(self, text: str) -> None:
        self._console.print(
            f"Note: {one_line(text)}", highlight=False, markup=False, soft_wrap=True
        )


def _folds(n_folds: int) -> str:
    return "hold-out validation" if n_folds == 1 else f"{n_folds}-fold cross-validation"
