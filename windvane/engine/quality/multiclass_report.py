"""What a model insights report says of a classifier of many classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from windvane.engine.quality.calibration_section import calibration_section
from windvane.engine.quality.confusion import Confusion, confusion
from windvane.engine.quality.confusion_section import confusion_section, shown_classes
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.measured import Measured
from windvane.engine.quality.metrics_table import metrics_section
from windvane.engine.quality.multiclass import ClassFigures
from windvane.engine.quality.pictures import draw_classes
from windvane.engine.reports.document import (
    Block,
    Figure,
    Notice,
    Section,
    Severity,
    Table,
    Text,
)
from windvane.wording import UNKNOWN, count, listed, share

_COLUMNS = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
_MOST_NAMED = 5


def multiclass_sections(
    judged: Judged, figures: Mapping[str, Measured], of_classes: ClassFigures
) -> list[Section]:
    """Return the sections of a report on multiclass classification.

    figures       those of statistics.json and the engine's
    of_classes    precision, recall and F1 of each class
    """
    found = confusion(judged)
    decided = np.take_along_axis(judged.predicted, judged.classes[:, None], axis=1)[:, 0]
    return [
        metrics_section(judged, figures, _notices(judged, figures, found)),
        _classes_section(judged, found, of_classes),
        confusion_section(judged),
        calibration_section(
            decided,
            judged.truth == judged.classes,
            "probability of the predicted class",
            "observed accuracy",
        ),
    ]


def _notices(judged: Judged, figures: Mapping[str, Measured], found: Confusion) -> list[Notice]:
    notices = []
    constant = figures["accuracy_best_constant_classifier"].value
    if figures["accuracy"].value <= constant:
        notices.append(
            Notice(
                Severity.HIGH,
                "No better than the baseline",
                [
                    (
                        f"The accuracy is {share(figures['accuracy'].value)}; always predicting "
                        f"the most frequent class would reach {share(constant)}."
                    )
                ],
            )
        )
    never = np.flatnonzero((found.predicted == 0) & (found.actual > 0))
    if never.size:
        notices.append(
            Notice(
                Severity.MEDIUM,
                "Classes that are never predicted",
                [
                    (
                        f"{never.size} of {len(judged.labels)} classes occur in the evaluated "
                        f"rows but are never predicted: {_named(judged, never.tolist())}."
                    )
                ],
            )
        )
    return notices


def _named(judged: Judged, classes: list[int]) -> str:
    return listed([judged.labels[place] for place in classes], _MOST_NAMED)


def _classes_section(judged: Judged, found: Confusion, of_classes: ClassFigures) -> Section:
    kept = shown_classes(found)
    labels = [judged.labels[place] for place in kept]
    blocks: list[Block] = []
    if len(kept) < len(judged.labels):
        blocks.append(
            Text(
                f"The {len(kept)} most frequent of {len(judged.labels)} labels; statistics.json "
                "lists all of them."
            )
        )
    numbers = Table(
        ("Label", "Rows", *_COLUMNS.values()),
        [
            (
                judged.labels[place],
                count(int(found.actual[place])),
                *(_text_of(of_classes.get((int(place), name))) for name in _COLUMNS),
            )
            for place in kept
        ],
        frozenset(range(1, 2 + len(_COLUMNS))),
        f"With standard deviations over {judged.parts_are}.",
    )
    values = [
        (title, np.array([_value(of_classes.get((int(place), name))) for place in kept]))
        for name, title in _COLUMNS.items()
    ]
    figure = Figure(
        "Precision, recall and F1 of each class",
        draw_classes(labels, values),
        f"Dot plot of precision, recall and F1 for {len(kept)} labels.",
        numbers,
        height=max(3.2, 1.2 + 0.35 * len(kept)),
    )
    return Section("Classes", [*blocks, figure])


def _text_of(figure: Measured | None) -> str:
    return UNKNOWN if figure is None else figure.text


def _value(figure: Measured | None) -> float:
    return float("nan") if figure is None else figure.value
