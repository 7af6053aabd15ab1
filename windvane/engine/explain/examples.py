"""A few explained rows with the reasons for their answers."""

from __future__ import annotations

import numpy as np

from windvane.engine.data.cells import cell_texts
from windvane.engine.explain.explanation import Explanation
from windvane.engine.reports.document import Table
from windvane.wording import number, share, signed

_MOST_REASONS = 6
_MOST_CLASSES = 3
_LONGEST_CELL = 60


def example_tables(explanation: Explanation) -> list[Table]:
    """Return the highest, a middling and the lowest answer; of three classes and more the clearest row of each of those
    predicted most often."""
    return [_example(explanation, row, output) for row, output in _chosen(explanation)]


def _chosen(explanation: Explanation) -> list[tuple[int, int]]:
    answers = explanation.attribution.answers
    if answers.shape[1] == 1:
        order = np.argsort(-answers[:, 0], kind="stable")
        places = (0, (len(order) - 1) // 2, len(order) - 1)
        return list(dict.fromkeys((int(order[place]), 0) for place in places))
    predicted = answers.argmax(axis=1)
    counts = np.bincount(predicted, minlength=answers.shape[1])
    common = np.argsort(-counts, kind="stable")[:_MOST_CLASSES]
    return [
        (int(np.where(predicted == output, answers[:, output], -np.inf).argmax()), int(output))
        for output in common
        if counts[output]
    ]


def _example(explanation: Explanation, row: int, output: int) -> Table:
    attribution = explanation.attribution
    values, errors = attribution.values[row, :, output], attribution.errors[row, :, output]
    order = np.argsort(-np.abs(values), kind="stable")
    reasons = [column for column in order[:_MOST_REASONS].tolist() if values[column]]
    rest = np.setdiff1d(order, reasons)
    expected, answer = attribution.expected[output], attribution.answers[row, output]
    rows = [
        [
            "(baseline prediction)",
            "",
            number(expected),
            _error_text(attribution.expected_errors[output]),
        ]
    ]
    rows += [
        [
            explanation.names[column],
            _cell(explanation, row, column),
            signed(values[column]),
            _error_text(errors[column]),
        ]
        for column in reasons
    ]
    if values[rest].any():
        error = _error_text(float(np.sqrt((errors[rest] ** 2).sum())))
        rows.append([f"({len(rest)} others)", "", signed(values[rest].sum()), error])
    rows.append(["(prediction)", "", number(answer), ""])
    return Table(
        head=["Column", "Value", "Contribution", "Standard error"],
        rows=rows,
        numeric=frozenset({2, 3}),
        caption=_caption(explanation, row, output),
    )


def _cell(explanation: Explanation, row: int, column: int) -> str:
    spec = explanation.columns[column]
    text = cell_texts(explanation.cells[spec.name][row : row + 1], spec)[0] or "(missing)"
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def _caption(explanation: Explanation, row: int, output: int) -> str:
    told = f"Row {int(explanation.rows[row])}"
    answers = explanation.attribution.answers[row]
    if not explanation.labels:
        return f"{told}: {explanation.target} predicted as {number(answers[0])}."
    scores = answers if len(answers) > 1 else np.array([0.0, answers[0]])
    chances = np.exp(scores - scores.max())
    chance = chances[output if len(answers) > 1 else 1] / chances.sum()
    return f"{told}: {explanation.outputs[output]} has the probability {share(chance)}."


def _error_text(value: float) -> str:
    """Format a standard error; "exact" if there is none."""
    return f"± {value:.2g}" if value else "exact"
