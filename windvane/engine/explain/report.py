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
from windvane.engine.reports.names import names_of_candidate
from windvane.wording import counted, number


def explanation_report(explanation: Explanation, candidate: str, api_name: str = "") -> Report:
    """Return the explainability report of a candidate.

    candidate    its name, for people
    api_name     the one that the API has for it; "" without a server
    """
    return Report(
        title="Explainability",
        lead=(
            f"How {candidate} predicts {explanation.target}: how strongly and in which direction "
            "each column changes the predictions, with a few rows as examples."
        ),
        facts=[*names_of_candidate(candidate, api_name), *_facts(explanation)],
        sections=[
            _importance(explanation),
            _summary(explanation),
            *_dependences(explanation),
            _examples(explanation),
            Section("Method", [Text(text) for text in _method(explanation)]),
        ],
    )


def _facts(explanation: Explanation) -> list[tuple[str, str]]:
    attribution = explanation.attribution
    return [
        ("Method", explanation.method),
        ("Rows explained", str(len(explanation.rows))),
        ("Columns", str(len(explanation.columns))),
        ("Scale", _scale(explanation)),
        ("Baseline prediction", ", ".join(map(number, attribution.expected.tolist()))),
        ("Time", f"{explanation.seconds:.1f} s of {explanation.budget_s:.1f} s"),
    ]


def _scale(explanation: Explanation) -> str:
    if not explanation.labels:
        return f"value of {explanation.target}"
    if len(explanation.labels) == 2:
        return f"log-odds of {explanation.labels[1]}"
    return "log-probability relative to the mean over the classes"


def _importance(explanation: Explanation) -> Section:
    words = (
        "The mean absolute SHAP value of each column over the explained rows: how far it moves "
        "a prediction away from the baseline prediction."
    )
    if explanation.attribution.is_exact:
        words += " The standard error is due to explaining a sample of the rows."
    else:
        words += (
            " The standard error is due to explaining a sample of the rows and to sampling within each row. With "
            "sampling, a mean of absolute values is never 0: columns whose importance is close to its standard error "
            "may be irrelevant."
        )
    figure = importance_figure(explanation, _scale(explanation))
    return Section("Feature importance", [Text(words), *_too_few(explanation), figure])


def _too_few(explanation: Explanation) -> list[Text]:
    """Return why fewer rows were explained than were drawn; nothing if all were."""
    n_rows, n_drawn = len(explanation.rows), explanation.n_drawn
    if n_rows == n_drawn:
        return []
    words = (
        f"There was time for {counted(n_rows, 'row')} of the {number(n_drawn)} that were drawn "
        f"({explanation.budget_s:.0f} s). With more time, the report explains more of them, and its standard errors are "
        "smaller: have it generated again."
    )
    return [Text(words)]


def _summary(explanation: Explanation) -> Section:
    answers = explanation.attribution.answers
    output = int(np.bincount(answers.argmax(axis=1)).argmax())
    scale = _scale(explanation)
    blocks: list[Block] = []
    if answers.shape[1] > 1:
        label = explanation.outputs[output]
        scale = f"log-probability of {label} relative to the mean over the classes"
        blocks.append(Text(f"For the most frequently predicted class, {label}."))
    return Section("SHAP values", [*blocks, summary_figure(explanation, output, scale)])


def _dependences(explanation: Explanation) -> list[Section]:
    if not explanation.dependences:
        return []
    words = (
        "For each value shown: the average prediction if this column had the value in every row "
        "and all other columns stayed unchanged, minus the mean of these averages. Where the 10th "
        "to 90th percentile range is wide, the effect differs between rows (interactions). "
    )
    words += (
        "The predictions are probabilities."
        if explanation.labels
        else f"The predictions are values of {explanation.target}."
    )
    words += " Correlations between columns are ignored, so some combinations are unrealistic."
    figures = [dependence_figure(explanation, one) for one in explanation.dependences]
    return [Section("Partial dependence", [Text(words), *figures])]


def _examples(explanation: Explanation) -> Section:
    words = (
        "The baseline prediction and the contributions (SHAP values) of a row add up to its "
        f"prediction. All of them are on this scale: {_scale(explanation)}. Rows are numbered from "
        "0 in the order of the data; excluded rows are not counted."
    )
    return Section("Example predictions", [Text(words), *example_tables(explanation)])


def _method(explanation: Explanation) -> list[str]:
    is_exact = explanation.attribution.is_exact
    words = [_EXACT, _SHARED] if is_exact else _sampled_words(explanation)
    words.append(
        "The sum of a row's SHAP values and the baseline prediction differs from the model's "
        f"prediction by at most {explanation.gap:.1g}, relative to the largest prediction (or to "
        "1, if that is larger)."
    )
    texts = [one.name for one in explanation.columns if one.type is ColumnType.TEXT]
    if texts:
        words.append(f"Partial dependence is not computed for text columns: {', '.join(texts)}.")
    return words


def _sampled_words(explanation: Explanation) -> list[str]:
    words = [_SAMPLED.format(pairs=explanation.attribution.pairs)]
    if explanation.labels:
        words.append(
            f"Probabilities below {LEAST_PROBABILITY:g} are clipped to it: their logarithms would dominate all others."
        )
    return words


_EXACT = (
    "The model is a sum of decision trees, whose Shapley values were computed exactly "
    "(path-dependent TreeSHAP): to leave a column out, both branches of a tree are followed and "
    "weighted by their numbers of training rows. There is no sampling error."
)
_SHARED = (
    "Values were computed for the transformed features and summed for each column of the table; "
    "the value of a feature made from several columns is split equally among them."
)
_SAMPLED = (
    "Shapley values were estimated from {pairs} pairs of permutations for each row: in a random "
    "order, and in the reverse order, the values of a random training row are replaced by those "
    "of the row to explain. The {pairs} training rows drawn are the background data. Standard "
    "errors are those of the mean over the pairs."
)
