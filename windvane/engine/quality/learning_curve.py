"""The section of a model insights report on how many rows a candidate has learnt from, if not from all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from windvane.engine.quality.judged import Judged
from windvane.engine.reports.colours import BLUE
from windvane.engine.reports.document import Figure, Section, Table, Text
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.wording import count, number


def curve_of(notes: Iterable[Note]) -> tuple[tuple[int, float], ...]:
    """Return the learning curve that the notes of a candidate tell of; () if they tell of none."""
    for note in notes:
        if note.has(NoteCode.LEARNING_CURVE):
            rows, scores = (
                cast("tuple[str, ...]", note.facts[name]) for name in ("rows", "scores")
            )
            return tuple((int(n), float(score)) for n, score in zip(rows, scores, strict=True))
    return ()


def learning_curve_sections(judged: Judged) -> list[Section]:
    """Return the section, if a curve was made."""
    curve, objective = judged.learning_curve, str(judged.objective)
    if not curve:
        return []
    text = Text(
        "The candidate was trained on random samples of growing size and scored on the same held-out rows each time. Where "
        "the curve is flat, more rows do not help; where it is still steep, more time would be of use."
    )
    numbers = Table(
        ("Rows learnt from", objective),
        [(count(n_rows), number(score)) for n_rows, score in curve],
        frozenset({0, 1}),
    )

    def draw(axes: Any) -> None:
        axes.plot(*zip(*curve, strict=True), color=BLUE, marker="o")
        axes.set_xscale("log")
        axes.set_xticks([n_rows for n_rows, _ in curve], [count(n_rows) for n_rows, _ in curve])
        axes.minorticks_off()
        axes.set_xlabel("rows learnt from")
        axes.set_ylabel(objective)

    (fewest, first), (most, last) = curve[0], curve[-1]
    alt = (
        f"{objective} on held-out rows by the number of rows learnt from: {number(first)} with {count(fewest)}, "
        f"{number(last)} with {count(most)}."
    )
    return [Section("Learning curve", [text, Figure("Learning curve", draw, alt, numbers)])]
