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
from windvane.wording import count, number, share

_MUCH = 0.05
"""Of a calibration error."""


def calibration_section(
    probabilities: Floats, came_true: NDArray[np.bool_], event: str, outcome: str
) -> Section:
    """Return the section on calibration.

    probabilities    (n_rows,) of an event;  came_true    (n_rows,) whether it happened
    event    what they are probabilities of, for the horizontal axis;  outcome    for the upright one
    """
    found = reliability(probabilities, came_true)
    text = Text(
        "Rows are grouped by predicted probability into bins of about equal size. In each bin, "
        "the observed share should be close to the mean probability. The average difference "
        f"(expected calibration error) is {number(found.expected_error)}; with this many rows, "
        f"perfectly calibrated probabilities would still show about {number(found.by_chance)}. "
        "The mean squared difference between probability and outcome (Brier score) is "
        f"{number(found.brier)}."
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
            "Probabilities are poorly calibrated",
            [
                (
                    f"The expected calibration error is {number(found.expected_error)}, more "
                    "than chance explains. The ranking of rows, and metrics based on it such as "
                    "AUC, are not affected."
                )
            ],
        )
    ]


def _numbers(found: Reliability) -> Table:
    rows = zip(found.counts, found.predicted, found.observed, found.low, found.high, strict=True)
    return Table(
        ("Rows", "Mean probability", "Observed share", "95 % interval"),
        [
            (count(n), number(said), share(was), f"{share(low)} to {share(high)}")
            for n, said, was, low, high in rows
        ],
        frozenset(range(4)),
    )
