"""The threshold chooser of a report: what other thresholds would do and which mistakes would cost least with which."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from windvane.engine.quality.curves import Curve, Ranking
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.pictures import Axis, Draw, draw_lines, share_axis
from windvane.engine.quality.thresholds import (
    RATIOS,
    Costs,
    ThresholdResult,
    cheapest,
    choice,
    choices,
)
from windvane.engine.reports.document import Figure, Section, Table, Text
from windvane.wording import number, share


def threshold_section(judged: Judged, ranked: Ranking) -> Section:
    """Return the section on the decision threshold.

    ranked    with rows of both classes
    """
    found = choices(ranked, judged.threshold)
    text = Text(
        f"The model predicts {judged.labels[1]} if its probability is at least "
        f"{number(judged.threshold)}. Another threshold may be better if false positives and false "
        "negatives have different costs. In these tables, one threshold is used for all rows; in "
        "the metrics above, the threshold for each row was tuned without that row, so the figures "
        "for the current threshold differ slightly."
    )
    figure = Figure(
        "Metrics by threshold",
        _draw(found, judged.threshold),
        "Precision, recall, F1 and the share of rows predicted positive, by threshold.",
        _choice_table(found, judged.threshold),
    )
    return Section("Choosing a threshold", [text, figure, _cost_table(ranked, judged.threshold)])


def _draw(found: Sequence[ThresholdResult], own: float) -> Draw:
    thresholds = np.array([one.threshold for one in found])
    lines = {
        "precision": [math.nan if one.precision is None else one.precision for one in found],
        "recall": [one.recall for one in found],
        "F1": [one.f1 for one in found],
        "predicted positive": [one.share_positive for one in found],
    }
    named = [(name, Curve(thresholds, np.array(line))) for name, line in lines.items()]
    return draw_lines(named, Axis("threshold"), share_axis("share"), own)


def _choice_table(found: Sequence[ThresholdResult], own: float) -> Table:
    head = ("Threshold", "Precision", "Recall", "F1", "Predicted positive")
    costs = [f"Cost at {ratio.text}" for ratio in RATIOS]
    rows = [
        (
            number(one.threshold) + (" (current)" if one.threshold == own else ""),
            share(one.precision),
            share(one.recall),
            number(one.f1),
            share(one.share_positive),
            *(number(one.cost(ratio)) for ratio in RATIOS),
        )
        for one in found
    ]
    return Table(
        (*head, *costs),
        rows,
        frozenset(range(len(head) + len(costs))),
        "Costs per 100 rows, at the stated ratio of false-positive to false-negative cost.",
    )


def _cost_table(ranked: Ranking, own: float) -> Table:
    as_it_is = choice(ranked, own)
    rows = [_cost_row(costs, cheapest(ranked, costs), as_it_is) for costs in RATIOS]
    return Table(
        (
            "False-positive : false-negative cost",
            "Threshold with the lowest cost",
            "Theoretical threshold (perfect calibration)",
            "Recall",
            "Predicted positive",
            "Cost",
            "Cost at the current threshold",
        ),
        rows,
        frozenset(range(7)),
        "The thresholds were chosen on the same rows as they are evaluated on: expect slightly "
        "higher costs on new data.",
    )


def _cost_row(costs: Costs, best: ThresholdResult, as_it_is: ThresholdResult) -> tuple[str, ...]:
    return (
        costs.text,
        "never positive" if math.isinf(best.threshold) else number(best.threshold),
        number(costs.threshold),
        share(best.recall),
        share(best.share_positive),
        number(best.cost(costs)),
        number(as_it_is.cost(costs)),
    )
