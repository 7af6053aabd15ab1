"""The frame of a model insights report: which candidate, judged by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from windvane.domain.problem import ProblemType
from windvane.engine.quality.decision_texts import calibration_text, threshold_text
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.learning_curve import learning_curve_sections
from windvane.engine.quality.measured import Measured
from windvane.engine.reports.document import Report, Section
from windvane.engine.reports.names import names_of_candidate
from windvane.wording import count, milliseconds

_KINDS = {
    ProblemType.BINARY: "Binary classification",
    ProblemType.MULTICLASS: "Multiclass classification",
    ProblemType.REGRESSION: "Regression",
}


def quality_report(
    judged: Judged, figures: Mapping[str, Measured], sections: Sequence[Section]
) -> Report:
    """Return the model insights report of a candidate.

    figures     the engine's among them
    sections    those of the problem type
    """
    return Report(
        title="Model insights",
        lead=(
            f"How well {judged.candidate} predicts rows it was not trained on: {count(judged.n_rows)} "
            f"{judged.rows_are}."
        ),
        facts=_facts(judged, figures),
        sections=[*sections, *learning_curve_sections(judged)],
    )


def _facts(judged: Judged, figures: Mapping[str, Measured]) -> list[tuple[str, str]]:
    facts = [
        *names_of_candidate(judged.candidate, judged.api_name),
        ("Algorithm", judged.algorithm),
        ("Problem", _KINDS[judged.problem_type]),
        ("Rows evaluated", f"{count(judged.n_rows)} {judged.rows_are}"),
    ]
    if judged.objective in figures:
        facts.append((f"Objective: {judged.objective}", figures[judged.objective].text))
    if judged.problem_type is ProblemType.BINARY:
        facts.append(("Positive class", judged.labels[1]))
        facts.append(("Threshold", threshold_text(judged)))
    if judged.problem_type is ProblemType.MULTICLASS:
        facts.append(("Labels", count(len(judged.labels))))
        facts.append(("Predicted label", "the most probable class"))
    if judged.problem_type.is_classification:
        facts.append(("Calibration", calibration_text(judged)))
    if judged.latency_s is not None:
        facts.append(("Latency for one row", milliseconds(judged.latency_s)))
    return facts
