"""Responses of a model as a page shows them: each label's probability by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LABELS, PROBABILITIES = "labels", "probabilities"
_MOST_LABELS = 12
"""That have a probability of their own; more are not read."""

Rows = Sequence[Sequence[Any]]


def by_label(head: Sequence[str], answers: Rows) -> tuple[list[str], list[list[Any]]]:
    """Return names of responses and responses in which the labels and their probabilities are a response for each label.

    head    names of the responses;  answers    the responses to each row
    They stay as they are if the labels are not those of every row, or too many.
    """
    if LABELS not in head or PROBABILITIES not in head or not answers:
        return list(head), [list(one) for one in answers]
    labels, chances = head.index(LABELS), head.index(PROBABILITIES)
    every = answers[0][labels]
    fits = isinstance(every, list) and len(every) <= _MOST_LABELS
    if not fits or any(
        one[labels] != every
        or not isinstance(one[chances], list)
        or len(one[chances]) != len(every)
        for one in answers
    ):
        return list(head), [list(one) for one in answers]
    others = [place for place in range(len(head)) if place not in (labels, chances)]
    names = [*(head[place] for place in others), *(f"probability of {label}" for label in every)]
    return names, [[*(one[place] for place in others), *one[chances]] for one in answers]
