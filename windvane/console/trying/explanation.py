"""What a page shows of an explained prediction: a few sentences, charts, and the numbers behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.console.charts.base import Chart, Numbers
from windvane.console.charts.contributions import Contributions, Step, chance_bars, waterfall
from windvane.console.wording import name, number, percent

_MOST_STEPS = 10
_MOST_LABELS = 12
_SENTENCES = 3
_CELL_LETTERS = 40

_BASELINES = {
    "trees": "To leave a column out, both branches of a tree are followed and weighted by their numbers of training rows.",
    "drawn": "To leave a column out, it gets values sampled from the training data, independently of the other columns.",
    "missing": "To leave a column out, its value is treated as missing: this model was trained by an earlier version, which "
    "stored no training data to compare with.",
}


@dataclass(frozen=True)
class ExplanationView:
    """The explanation of a single prediction.

    label      whose probability is explained; None for a value
    labels     that can be chosen from
    sentences  what matters most, in plain words
    how        how it was found out, and how sure it is
    chances    None for a value
    """

    label: str | None
    labels: Sequence[str]
    sentences: Sequence[str]
    how: Sequence[str]
    waterfall: Chart
    chances: Chart | None


def explanation_view(
    answer: Mapping[str, Any], target: str, labels: Sequence[str]
) -> ExplanationView:
    """Return what is shown of the explanation of a prediction.

    answer    of ExplainPrediction
    """
    label = answer.get("ExplainedLabel")
    contributions = sorted(
        answer["Contributions"], key=lambda one: abs(one["Contribution"]), reverse=True
    )
    return ExplanationView(
        label=label,
        labels=labels,
        sentences=_sentences(answer, contributions, target),
        how=_how(answer),
        waterfall=_waterfall(answer, contributions, target),
        chances=_chances(answer),
    )


def _what(answer: Mapping[str, Any], target: str) -> str:
    label = answer.get("ExplainedLabel")
    return name(target, 60) if label is None else f"the probability of {name(label, 60)}"


def _sentences(
    answer: Mapping[str, Any], contributions: Sequence[Mapping[str, Any]], target: str
) -> list[str]:
    what = _what(answer, target)
    opening = (
        f"The average prediction of {what} (the baseline) is {_said(answer, answer['Expected'])}; the prediction for "
        f"this row is {_said(answer, answer['Answer'])}."
    )
    told = [
        f"{_cell(one)} {'raised' if one['Contribution'] > 0 else 'lowered'} it by "
        f"{_gain(answer, abs(one['Contribution']))}{_unit(answer)}{_error(answer, one['Error'])}."
        for one in contributions[:_SENTENCES]
        if one["Contribution"]
    ]
    return [opening, *(told or ["No column makes a difference."]), *_decision(answer)]


def _decision(answer: Mapping[str, Any]) -> list[str]:
    """Return why the answer is not the likeliest label, if it is not."""
    found = {one["Label"]: one["Probability"] for one in answer["Probabilities"]}
    return decision(answer["PredictedLabel"], found) if found else []


def decision(predicted: str, chances: Mapping[str, float]) -> list[str]:
    """Return why the predicted label is not the likeliest one, if it is not.

    chances    probability of each label
    """
    likeliest = max(chances, key=chances.__getitem__)
    if chances[likeliest] <= chances.get(predicted, 0.0):
        return []
    why = "its decision threshold was tuned for the objective, or chosen when it was deployed."
    return [
        f"The model predicts {name(predicted, 60)} although {name(likeliest, 60)} is more likely: {why}"
    ]


def _cell(one: Mapping[str, Any]) -> str:
    cell = name(one["Cell"], _CELL_LETTERS) if one["Cell"] else "(empty)"
    return f"{name(one['Column'], 60)} = {cell}"


def _said(answer: Mapping[str, Any], value: float) -> str:
    return number(value) if answer["Scale"] == "value" else _chance(value)


def _chance(value: float) -> str:
    """Return a probability with as many digits as tell it from sure."""
    return (
        percent(value)
        if 0.001 <= value <= 0.999
        else f"{100 * value:.2g} %"
        if value < 0.5
        else f"{100 * value:.4g} %"
    )


def _rounded(value: float) -> float:
    """Round to three digits: sampled values have no more."""
    return float(f"{value:.3g}")


def _gain(answer: Mapping[str, Any], value: float) -> str:
    """Return a contribution as text, to a probability in percentage points."""
    return number(_rounded(value if answer["Scale"] == "value" else 100 * value))


def _unit(answer: Mapping[str, Any]) -> str:
    return "" if answer["Scale"] == "value" else " percentage points"


def _error(answer: Mapping[str, Any], error: float) -> str:
    return f" (± {_gain(answer, float(f'{error:.1g}'))})" if error else ""


def _signed(value: float) -> str:
    told = number(_rounded(abs(value)))
    return f"+{told}" if value >= 0 else f"−{told}"


def _waterfall(
    answer: Mapping[str, Any], contributions: Sequence[Mapping[str, Any]], target: str
) -> Chart:
    shown, others = contributions[:_MOST_STEPS], contributions[_MOST_STEPS:]
    steps = [Step(_cell(one), one["Contribution"], one["Error"]) for one in shown]
    if others:
        rest = sum(one["Contribution"] for one in others)
        steps.append(Step(f"{len(others)} other columns", rest))
    way = Contributions("baseline", answer["Expected"], steps, "this row", answer["Answer"])
    unit = "" if answer["Scale"] == "value" else ", in percentage points"
    factor = 1.0 if answer["Scale"] == "value" else 100.0
    return waterfall(
        f"Contributions to {_what(answer, target)}{unit}",
        way,
        lambda value: _said(answer, value),
        lambda gain: _signed(factor * gain),
        _table(answer, contributions),
    )


def _table(answer: Mapping[str, Any], contributions: Sequence[Mapping[str, Any]]) -> Numbers:
    is_value = answer["Scale"] == "value"
    head = ["Column", "Value", "Contribution", "Standard error"]
    extra = [] if is_value else [answer["MarginScale"].capitalize()]

    def row(one: Mapping[str, Any]) -> list[str]:
        margin = [] if is_value else [_signed(one["Margin"])]
        error = f"{one['Error']:.2g}" if one["Error"] else "exact" if answer["Exact"] else "0"
        return [
            one["Column"],
            one["Cell"] or "(empty)",
            _signed(one["Contribution"]),
            error,
            *margin,
        ]

    ends = [
        [
            "(baseline)",
            "",
            number(answer["Expected"]),
            "",
            *_margin_of(answer, "ExpectedMargin"),
        ],
        ["(this row)", "", number(answer["Answer"]), "", *_margin_of(answer, "Margin")],
    ]
    rows = [ends[0], *map(row, contributions), ends[1]]
    return Numbers([*head, *extra], rows, frozenset({2, 3, 4}), "Contributions of every column")


def _margin_of(answer: Mapping[str, Any], member: str) -> list[str]:
    return [] if answer["Scale"] == "value" else [number(_rounded(answer[member]))]


def _chances(answer: Mapping[str, Any]) -> Chart | None:
    found = [(one["Label"], one["Probability"]) for one in answer["Probabilities"]]
    if not found:
        return None
    found.sort(key=lambda one: -one[1])
    rows = [(label, f"{chance:.6g}") for label, chance in found]
    table = Numbers(("Label", "Probability"), rows, frozenset({1}), "Probabilities of the labels")
    title = (
        "Predicted probabilities"
        if len(found) <= _MOST_LABELS
        else f"The {_MOST_LABELS} most likely labels"
    )
    return chance_bars(title, found[:_MOST_LABELS], _chance, table)


def _how(answer: Mapping[str, Any]) -> list[str]:
    told = [
        f"Shapley values of the whole pipeline: {answer['Method']}.",
        _BASELINES[answer["Baseline"]],
    ]
    if answer["Scale"] == "probability":
        told.append(
            f"On the scale of {answer['MarginScale']} they add up to the prediction. The chart converts them to changes of "
            "the probability and keeps their proportions."
        )
    if not answer["Exact"]:
        told.append("± is the standard error due to sampling.")
    return told
