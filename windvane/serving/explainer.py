"""One row explained, or labelled rows evaluated, in a process of its own, which then ends: endpoints go on answering
beside it.

    python -m windvane.serving.explainer

The request is one frame on standard input: {"spec": the spec of a model process, "budget_s": S, "ask": "explain"} and, as
its body, the row as JSON or CSV ("content_type"); or {"ask": "evaluate"} with CSV. The answer is one frame on standard output: {"status": 200} with JSON as its body, or
{"status": N, "container": ..., "message": ...}; {"failed": "why"} if the model cannot be loaded.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from typing import IO, Any

from windvane.domain.problem import ProblemType
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.prediction import PredictionExplanation, explain_prediction
from windvane.engine.explain.probabilities import Shares, probability_shares, value_shares
from windvane.engine.packages.package import Schema
from windvane.errors import InvalidRequest, OutOfTime, WindvaneError
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.notes.sentences import sentence
from windvane.process.frames import Frame, FrameBuffer, pack
from windvane.process.linux import forbids_callbacks
from windvane.process.log_lines import log_to
from windvane.serving.content_types import ASK_EVALUATE, ASK_EXPLAIN, JSON, MOST_MESSAGE
from windvane.serving.evaluating import evaluate
from windvane.serving.instance import cap_memory, confine_as, containers_of, trace_of
from windvane.serving.model import ServedModel
from windvane.serving.request_rows import Row, read_rows
from windvane.serving.served import Served, load_served

_LOG = logging.getLogger("windvane.serving.explainer")

_LABELS_SHOWN = 20

_POLITE = 10
"""Added to the niceness: whoever waits for an answer of the endpoint comes first."""


def answer(request: Frame) -> bytes:
    """Return the answer frame to a request frame."""
    header, body = request
    try:
        model = load_served(containers_of(header["spec"]))
    except WindvaneError as error:
        return pack({"failed": str(error)[:MOST_MESSAGE]})
    reads, predicts, _ = model.container_names
    try:
        told = _TOLD[header["ask"]](model, header, body)
    except InvalidRequest as error:
        return _fault(400, reads, str(error))
    except OutOfTime as error:
        return _fault(500, predicts, str(error))
    except MemoryError:
        forbidden = sentence(Note(NoteCode.CALLBACKS_FORBIDDEN))
        why = forbidden if forbids_callbacks() else "The model ran out of memory."
        return _fault(500, predicts, why)
    except Exception as error:  # noqa: BLE001 - the end of a request: whoever asked is told
        _LOG.error("Rows could not be explained or evaluated.\n%s", trace_of(error))
        return _fault(500, predicts, f"The model failed: {type(error).__name__}.")
    return pack({"status": 200, "content_type": JSON}, json.dumps(told).encode())


def _explained(model: Served, header: dict[str, Any], body: bytes) -> dict[str, Any]:
    if not isinstance(model, ServedModel):
        raise InvalidRequest(
            "A forecast is explained with its answer: send `Accept: application/json; explain=true` to InvokeEndpoint."
        )
    schema = model.predictor.schema
    row = _only_row(read_rows(body, header["content_type"], schema))
    label = _wanted_label(header["label"], schema)
    budget = Budget(float(header["budget_s"]))
    explanation = explain_prediction(model.predictor, model.sketch, row, budget)
    if label is None and schema.labels:
        label = int(explanation.predictions.classes[0])
    return _explanation_answer(schema, row, explanation, label)


def _evaluated(model: Served, _header: dict[str, Any], body: bytes) -> dict[str, Any]:
    if not isinstance(model, ServedModel):
        raise InvalidRequest(
            "Forecasts are not evaluated here: the backtest report of the candidate has their metrics."
        )
    return evaluate(model.predictor, body)


_TOLD: dict[str, Callable[[Served, dict[str, Any], bytes], dict[str, Any]]] = {
    ASK_EXPLAIN: _explained,
    ASK_EVALUATE: _evaluated,
}


def _wanted_label(text: str, schema: Schema) -> int | None:
    """Return its number; None if the caller leaves it to the model."""
    if not text:
        return None
    if text not in schema.labels:
        known = ", ".join(schema.labels[:_LABELS_SHOWN])
        raise InvalidRequest(
            f"The model has no label '{text}'. It has: {known}."
            if schema.labels
            else "A regression model has no labels: leave out the label."
        )
    return schema.labels.index(text)


def _fault(status: int, container: str, message: str) -> bytes:
    return pack({"status": status, "container": container, "message": message[:MOST_MESSAGE]})


def _only_row(rows: list[Row]) -> Row:
    if len(rows) > 1:
        raise InvalidRequest(f"One row is explained at a time; there are {len(rows)}.")
    return rows[0]


def _explanation_answer(
    schema: Schema, row: Row, explanation: PredictionExplanation, label: int | None
) -> dict[str, Any]:
    """Plain values that survive JSON. `margins` are Shapley values on the scale of engine/explain/margins.py."""
    attribution = explanation.attribution
    shares = (
        value_shares(attribution, 0) if label is None else probability_shares(attribution, 0, label)
    )
    output, sign = _output(schema, label)
    return {
        **_answered(schema, explanation),
        "explained_label": None if label is None else schema.labels[label],
        "scale": "value" if label is None else "probability",
        "margin_scale": _margin_scale(schema),
        "method": attribution.method,
        "is_exact": attribution.is_exact,
        "baseline": str(explanation.baseline),
        "expected": shares.expected,
        "expected_error": shares.expected_error,
        "answer": shares.answer,
        "expected_margin": sign * float(attribution.expected[output]),
        "margin": sign * float(attribution.answers[0, output]),
        "contributions": _contributions(schema, row, explanation, shares, (output, sign)),
    }


def _answered(schema: Schema, explanation: PredictionExplanation) -> dict[str, Any]:
    predictions = explanation.predictions
    if not schema.labels:
        return {"value": float(predictions.values[0]), "label": None, "probabilities": []}
    return {
        "value": None,
        "label": schema.labels[int(predictions.classes[0])],
        "probabilities": list(
            zip(schema.labels, predictions.probabilities[0].tolist(), strict=True)
        ),
    }


def _output(schema: Schema, label: int | None) -> tuple[int, int]:
    """Return which output of the attribution, and its sign: of two classes the log-odds of the second are explained."""
    if label is None:
        return 0, 1
    return (0, 1 if label else -1) if len(schema.labels) == 2 else (label, 1)


def _margin_scale(schema: Schema) -> str:
    return {
        ProblemType.REGRESSION: "value",
        ProblemType.BINARY: "log-odds",
        ProblemType.MULTICLASS: "centred log-probability",
    }[ProblemType(schema.problem_type)]


def _contributions(
    schema: Schema,
    row: Row,
    explanation: PredictionExplanation,
    shares: Shares,
    at: tuple[int, int],
) -> list[dict[str, Any]]:
    """Return the contributions in the order of the table."""
    output, sign = at
    cell_of = dict(zip(schema.features, row, strict=True))
    return [
        {
            "column": spec.name,
            "cell": cell_of[spec.name] or "",
            "contribution": float(shares.values[place]),
            "error": float(shares.errors[place]),
            "margin": sign * float(explanation.attribution.values[0, place, output]),
            "margin_error": float(explanation.attribution.errors[0, place, output]),
        }
        for place, spec in enumerate(explanation.columns)
    ]


def main() -> int:
    log_to("%(asctime)s %(levelname)s %(message)s")
    os.nice(_POLITE)
    frames = FrameBuffer()
    frames.feed(sys.stdin.buffer.read())
    request = frames.next_frame()
    if request is None:
        _LOG.error("No whole request on standard input.")
        return 2
    confine_as(request[0]["spec"])
    cap_memory(request[0]["spec"])
    with _kept_apart() as answers:
        answers.write(answer(request))
    return 0


def _kept_apart() -> IO[bytes]:
    """Return standard output, for answers alone: what libraries print goes where the log goes."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


if __name__ == "__main__":
    raise SystemExit(main())
