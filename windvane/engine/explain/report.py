"""The explainability report."""

from __future__ import annotations

import numpy as np

from windvane.engine.columns import ColumnType
from windvane.engine.explain.dependence_figure import dependence_figure
from windvane.engine.explain.examples import example_tables
from windvane.engine.explain.explanation import Explanation
from windvane.engine.explain.importance_figure import importance_figure
from windvane.engine.explain.margins import LEAST_PROBABILITY
from windvane.engine.explain.summary_figure import summary_figure
from windvane.engine.reports.document import Block, Report, Section, Text
from windvane.engine.wording import number


def explanation_report(explanation: Explanation, candidate: str) -> Report:
    """candidate    its name"""
    return Report(
        title="Explainability",
        lead=(
            f"Why {candidate} predicts {explanation.target} as it does: how much each column of the table moves the "
            "answers, in which direction, and in a few rows exactly why."
        ),
        facts=_facts(explanation),
        sections=[
            _importance(explanation),
            _summary(explanation),
            *_dependences(explanation),
            _examples(explanation),
            Section("How this was found out", [Text(text) for text in _method(explanation)]),
        ],
    )


def _facts(explanation: Explanation) -> list[tuple[str, str]]:
    attribution = explanation.attribution
    return [
        ("Method", explanation.method),
        ("Rows explained", str(len(explanation.rows))),
        ("Columns", str(len(explanation.columns))),
        ("Answers are measured as", _scale(explanation)),
        ("Expected answer", ", ".join(map(number, attribution.expected.tolist()))),
        ("Time", f"{explanation.seconds:.1f} s of {explanation.budget_s:.1f} s"),
    ]


def _scale(explanation: Explanation) -> str:
    if not explanation.labels:
        return f"value of {explanation.target}"
    if len(explanation.labels) == 2:
        return f"log-odds of {explanation.labels[1]}"
    return "log-probability against the mean of the classes"


def _importance(explanation: Explanation) -> Section:
    words = "A column's contributions (SHAP values) to the answers, without their signs, on average over the rows."
    if explanation.attribution.is_exact:
        words += " The error is that of explaining some rows in place of all."
    else:
        words += (
            " The error is that of explaining some rows in place of all and of sampling within each row; a mean of"
            " absolute values is never 0 where there is sampling, so that columns with about the size of their error"
            " may not matter at all."
        )
    figure = importance_figure(explanation, _scale(explanation))
    return Section("What matters most", [Text(words), figure])


def _summary(explanation: Explanation) -> Section:
    answers = explanation.attribution.answers
    output = int(np.bincount(answers.argmax(axis=1)).argmax())
    scale = _scale(explanation)
    blocks: list[Block] = []
    if answers.shape[1] > 1:
        label = explanation.outputs[output]
        scale = f"log-probability of {label} against the mean of the classes"
        blocks.append(Text(f"Of the class that is predicted most often, {label}."))
    return Section("Row by row", [*blocks, summary_figure(explanation, output, scale)])


def _dependences(explanation: Explanation) -> list[Section]:
    if not explanation.dependences:
        return []
    words = (
        "What is predicted on average if a column has the same cell in every row and all others stay as they are, "
        "less the mean over the cells tried; a range wider than the mean's means that the column works "
        "differently from row to row. "
    )
    words += "Answers are probabilities here." if explanation.labels else "Answers are values here."
    words += (
        " Columns that go together are torn apart by this: rows that could not exist count as well."
    )
    figures = [dependence_figure(explanation, one) for one in explanation.dependences]
    return [Section("Column by column", [Text(words), *figures])]


def _examples(explanation: Explanation) -> Section:
    words = (
        "Contributions and the expected answer add up to the row's answer, measured as "
        f"{_scale(explanation)}. Rows are counted from 0, in the order of the data without rows that were left out."
    )
    return Section("A few rows", [Text(words), *example_tables(explanation)])


def _method(explanation: Explanation) -> list[str]:
    is_exact = explanation.attribution.is_exact
    words = [_EXACT, _SHARED] if is_exact else _sampled_words(explanation)
    words.append(
        "What the values of a row add up to differs from the predictor's own answer by at most "
        f"{explanation.gap:.1g} of the largest answer (of 1, if that is larger)."
    )
    texts = [one.name for one in explanation.columns if one.type is ColumnType.TEXT]
    if texts:
        words.append(f"Of columns of text there is no partial dependence: {', '.join(texts)}.")
    return words


def _sampled_words(explanation: Explanation) -> list[str]:
    words = [_SAMPLED.format(pairs=explanation.attribution.pairs)]
    if explanation.labels:
        words.append(
            f"Probabilities below {LEAST_PROBABILITY:g} count as that: their logarithms would outweigh all others."
        )
    return words


_EXACT = (
    "The model is one sum of decision trees, whose Shapley values were worked out exactly (TreeSHAP). A column that is "
    "not known is averaged over as the training rows went down the trees. There is no sampling error in any value."
)
_SHARED = (
    "Values were found for the features made of the columns and added up to columns; a feature of several columns is "
    "shared equally among them."
)
_SAMPLED = (
    "Shapley values were estimated from {pairs} pairs of permutations for each row: in a random order, and in its "
    "reverse, columns take over from those of a row of the training data drawn anew for each pair. The {pairs} rows "
    "drawn are the baseline. Standard errors are those of the mean over the pairs."
)
