"""What a model insights report says of a classifier of two classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from windvane.engine.quality.calibration_section import calibration_section
from windvane.engine.quality.confusion import Confusion, confusion
from windvane.engine.quality.confusion_section import confusion_section
from windvane.engine.quality.curves import (
    Curve,
    Ranking,
    gain,
    lift,
    precision_recall,
    ranking,
    roc,
    thinned,
)
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.measured import Measured
from windvane.engine.quality.metrics_table import metrics_section
from windvane.engine.quality.pictures import Axis, draw_curve, share_axis
from windvane.engine.quality.threshold_section import threshold_section
from windvane.engine.reports.document import Figure, Notice, Section, Severity, Table, Text
from windvane.engine.scoring.metrics import Floats
from windvane.wording import number, share

_FALSE_POSITIVE_RATES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
_RECALLS = (0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.99, 1.0)


def binary_sections(judged: Judged, figures: Mapping[str, Measured]) -> list[Section]:
    """Return the sections of a report on binary classification.

    figures    those of statistics.json and the engine's
    """
    ranked = ranking(judged)
    opening = [metrics_section(judged, figures, _notices(judged, figures, ranked))]
    opening.append(confusion_section(judged))
    if not ranked.has_both:
        return opening
    came_true = judged.y == 1
    return [
        *opening,
        _roc_section(judged, figures, ranked),
        _precision_recall_section(judged, figures, ranked),
        _gain_section(ranked),
        calibration_section(
            judged.positive,
            came_true,
            "probability of the positive class",
            "observed share of positives",
        ),
        threshold_section(judged, ranked),
    ]


def _notices(judged: Judged, figures: Mapping[str, Measured], ranked: Ranking) -> list[Notice]:
    if not ranked.has_both:
        return [
            Notice(
                Severity.HIGH,
                "Rows of one class only",
                [
                    (
                        f"All evaluated rows are of class {judged.labels[int(judged.truth[0])]}. "
                        "Curves, the areas under them and the rates of the other class cannot "
                        "be computed."
                    )
                ],
            )
        ]
    auc = figures["auc"]
    if auc.value > 0.5:
        return []
    return [
        Notice(
            Severity.HIGH,
            "No better than chance",
            [
                (
                    f"The area under the ROC curve is {number(auc.value)}; random probabilities "
                    "would reach 0.5."
                )
            ],
        )
    ]


def _roc_section(judged: Judged, figures: Mapping[str, Measured], ranked: Ranking) -> Section:
    curve, found = roc(ranked), confusion(judged)
    alarms, recall = (float(found.counts[actual, 1] / found.actual[actual]) for actual in (0, 1))
    rates = np.array(_FALSE_POSITIVE_RATES)
    numbers = Table(
        ("False positive rate", "True positive rate"),
        [(share(x), share(y)) for x, y in zip(rates, _highest_at(curve, rates), strict=True)],
        frozenset({0, 1}),
        f"Area under the curve: {figures['auc'].text}.",
    )
    draw = draw_curve(
        thinned(curve),
        share_axis("false positive rate"),
        share_axis("true positive rate"),
        Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0])),
        (alarms, recall),
    )
    text = Text(
        "The trade-off between true and false positives over all thresholds. At the current "
        f"threshold, the true positive rate (recall) is {share(recall)} and the false positive "
        f"rate {share(alarms)}."
    )
    alt = f"ROC curve; the area under the curve is {number(figures['auc'].value)}."
    return Section("ROC curve", [text, Figure("ROC curve", draw, alt, numbers, height=4.8)])


def _highest_at(curve: Curve, x: Floats) -> Floats:
    """Return the highest y of the curve, straight between its points, at each x from 0 to 1."""
    place = np.searchsorted(curve.x, x, side="right") - 1
    following = np.minimum(place + 1, curve.x.size - 1)
    run = curve.x[following] - curve.x[place]
    part = np.divide(x - curve.x[place], run, out=np.zeros_like(x), where=run > 0)
    return np.asarray(curve.y[place] + part * (curve.y[following] - curve.y[place]))


def _precision_recall_section(
    judged: Judged, figures: Mapping[str, Measured], ranked: Ranking
) -> Section:
    curve, found = precision_recall(ranked), confusion(judged)
    prevalence = ranked.n_positive / judged.n_rows
    places = 1 + np.searchsorted(ranked.hits, np.array(_RECALLS) * ranked.n_positive - 1e-9)
    numbers = Table(
        ("Recall of at least", "Precision", "Threshold"),
        [
            (share(recall), share(curve.y[place]), number(ranked.thresholds[place - 1]))
            for recall, place in zip(_RECALLS, places, strict=True)
        ],
        frozenset({0, 1, 2}),
        f"Area under the curve (average precision): {figures['au_prc'].text}.",
    )
    point = (float(found.recall()[1]), float(found.precision()[1]))
    draw = draw_curve(
        thinned(curve),
        share_axis("recall"),
        share_axis("precision"),
        Curve(np.array([0.0, 1.0]), np.full(2, prevalence)),
        point,
    )
    text = Text(
        f"{share(prevalence)} of the evaluated rows are positive, which is the precision of "
        "random predictions. " + _as_decided(found)
    )
    alt = f"Precision-recall curve, average precision {number(figures['au_prc'].value)}."
    title = "Precision-recall curve"
    return Section(title, [text, Figure(title, draw, alt, numbers, height=4.8)])


def _as_decided(found: Confusion) -> str:
    if found.predicted[1] == 0:
        return "At the current threshold, no row is predicted positive."
    return (
        f"At the current threshold, precision is {share(found.precision()[1])} and recall "
        f"{share(found.recall()[1])}."
    )


def _gain_section(ranked: Ranking) -> Section:
    gained, lifted = gain(ranked), lift(ranked)
    numbers = Table(
        ("Top-ranked rows", "Share of all positive rows", "Lift"),
        [
            (share(x), share(found), number(times))
            for x, found, times in zip(gained.x, gained.y, lifted.y, strict=True)
        ],
        frozenset({0, 1, 2}),
    )
    text = Text(
        f"The 10 % of rows with the highest predicted probability contain {share(gained.y[0])} "
        f"of all positive rows: {number(lifted.y[0])} times as many as a random 10 %."
    )
    rows = share_axis("share of rows, highest probability first")
    from_nothing = Curve(np.append(0.0, gained.x), np.append(0.0, gained.y))
    by_lot = Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    gain_figure = Figure(
        "Cumulative gains",
        draw_curve(from_nothing, rows, share_axis("share of positive rows found"), by_lot),
        f"Cumulative gains curve: the top 10 % contain {share(gained.y[0])} of the positive rows.",
        numbers,
    )
    lift_figure = Figure(
        "Lift",
        draw_curve(lifted, rows, Axis("lift over random selection"), Curve(by_lot.x, np.ones(2))),
        f"Lift curve: a lift of {number(lifted.y[0])} in the top 10 %.",
        numbers,
    )
    return Section("Cumulative gains and lift", [text, gain_figure, lift_figure])
