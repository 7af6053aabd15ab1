"""Whether probabilities can be taken at their word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windvane.engine.quality.calibration import Reliability, reliability
from windvane.engine.quality.pictures import draw_reliability, share_axis
from windvane.engine.reports.document import (
    Block,
    Figure,
    Notice,
    Section,
    Severity,
    Table,
    Text,
)
from windvane.engine.scoring.metrics import Floats
from windvane.engine.wording import count, number, share

_MUCH = 0.05
"""Of a calibration error."""


def calibration_section(
    probabilities: Floats, came_true: NDArray[np.bool_], event: str, outcome: str
) -> Section:
    """probabilities    (n_rows,) of an event;  came_true    (n_rows,) whether it happened
    event    what they are probabilities of, for the horizontal axis;  outcome    for the upright one
    """
    found = reliability(probabilities, came_true)
    text = Text(
        "Rows are put into bins of about the same size by their probability. In each, the share that came true should be "
        f"near the mean probability. They differ by {number(found.expected_error)} on average over rows (expected "
        f"calibration error); if probabilities were exact, so many rows would still show about {number(found.by_chance)}. "
        f"The mean squared difference of probability and truth (Brier score) is {number(found.brier)}."
    )
    figure = Figure(
        "Calibration curve",
        draw_reliability(found, share_axis(event), share_axis(outcome)),
        f"Calibration curve with an expected calibration error of {number(found.expected_error)}.",
        _numbers(found),
        height=4.8,
    )
    blocks: list[Block] = [text, *_notices(found), figure]
    return Section("Calibration", blocks)


def _notices(found: Reliability) -> list[Notice]:
    if found.expected_error < max(_MUCH, 2 * found.by_chance):
        return []
    return [
        Notice(
            Severity.MEDIUM,
            "Probabilities are not to be taken at their word",
            [
                (
                    f"They are off by {number(found.expected_error)} on average, more than chance explains. Their order, and "
                    "what follows from it, is not concerned."
                )
            ],
        )
    ]


def _numbers(found: Reliability) -> Table:
    rows = zip(found.counts, found.predicted, found.observed, found.low, found.high, strict=True)
    return Table(
        ("Rows", "Mean probability", "Came true", "95 % interval"),
        [
            (count(n), number(said), share(was), f"{share(low)} to {share(high)}")
            for n, said, was, low, high in rows
        ],
        frozenset(range(4)),
    )
