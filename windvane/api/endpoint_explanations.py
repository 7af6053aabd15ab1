"""What an endpoint's model takes and gives, why it answers a row as it does, and how good its answers to labelled rows are:
operations of our own, described in wire/data/windvane. Asynchronous, because they wait for processes and for nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from windvane.api.answers import present
from windvane.api.operation import scope_of
from windvane.domain.resource import Kind
from windvane.errors import DoesNotExist, EndpointMissing
from windvane.names import arn
from windvane.serving.content_types import CSV, JSON
from windvane.serving.explaining import Explaining, RowQuestion
from windvane.serving.router import Router
from windvane.wire.account_semaphores import AccountSemaphores
from windvane.wire.call import Call, Result
from windvane.wire.edge import AsyncHandler

_AT_ONCE = 2
"""Documents that are read for one account: the threads that do it are the event loop's own, which everybody needs."""


def explanation_operations(
    router: Router, explaining: Explaining
) -> dict[tuple[str, str], AsyncHandler]:
    """Return (service, operation) -> handler, as the wire wants it."""
    turns = AccountSemaphores(_AT_ONCE)

    async def describe_endpoint_schema(call: Call) -> Result:
        parameters = call.parameters
        name = parameters["EndpointName"]
        wanted = parameters.get("VariantName", "")
        with _known_endpoint(call):
            variant, document = await router.describe(scope_of(call), name, wanted)
        async with turns.of(call.caller.account):
            schema = await asyncio.to_thread(_schema_in, document)
        return {"EndpointName": name, "VariantName": variant, **schema}

    async def explain_prediction(call: Call) -> Result:
        name = call.parameters["EndpointName"]
        question = _question(call.parameters)
        with _known_endpoint(call):
            variant, told = await explaining.explain(scope_of(call), name, question)
        async with turns.of(call.caller.account):
            reasons = await asyncio.to_thread(_reasons_in, told)
        return {"EndpointName": name, "VariantName": variant, **reasons}

    async def evaluate_predictions(call: Call) -> Result:
        parameters = call.parameters
        name, variant = parameters["EndpointName"], parameters.get("VariantName", "")
        with _known_endpoint(call):
            variant, told = await explaining.evaluate(
                scope_of(call), name, parameters["Body"], variant
            )
        async with turns.of(call.caller.account):
            found = await asyncio.to_thread(_evaluation_in, told)
        return {"EndpointName": name, "VariantName": variant, **found}

    return {
        ("windvane", "DescribeEndpointSchema"): describe_endpoint_schema,
        ("windvane", "ExplainPrediction"): explain_prediction,
        ("windvane", "EvaluatePredictions"): evaluate_predictions,
    }


@contextmanager
def _known_endpoint(call: Call) -> Iterator[None]:
    """A missing one is told as by the operations that manage endpoints.

    raises    DoesNotExist
    """
    try:
        yield
    except EndpointMissing as error:
        missing = arn(scope_of(call), Kind.ENDPOINT, call.parameters["EndpointName"])
        raise DoesNotExist("endpoint", missing) from error


def _question(parameters: Mapping[str, Any]) -> RowQuestion:
    row = parameters["Row"]
    is_csv = "Csv" in row
    text = row["Csv"] if is_csv else json.dumps([row["Cells"]])
    return RowQuestion(
        text.encode(),
        CSV if is_csv else JSON,
        parameters.get("VariantName", ""),
        parameters.get("Label", ""),
    )


def _spelt_out(told: Any) -> Any:
    """Return JSON with halves of surrogate pairs, which names in a DataFrame may have and UTF-8 has not, written as
    escapes."""
    if isinstance(told, str):
        return told.encode("utf-8", "backslashreplace").decode()
    if isinstance(told, list):
        return [_spelt_out(one) for one in told]
    if isinstance(told, dict):
        return {key: _spelt_out(one) for key, one in told.items()}
    return told


def _schema_in(document: bytes) -> dict[str, Any]:
    return _schema(_spelt_out(json.loads(document)))


def _reasons_in(told: Mapping[str, Any]) -> dict[str, Any]:
    return _explanation(_spelt_out(told))


def _evaluation_in(told: Mapping[str, Any]) -> dict[str, Any]:
    return evaluation_answer(_spelt_out(told))


def _schema(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Target": told["target"],
        "ProblemType": told["problem_type"],
        "Algorithm": told["algorithm"],
        "Labels": told["labels"],
        "Responses": told["responses"],
        "ContentTypes": told["media"],
        "DefaultAccept": told["default_accept"],
        "HasTypicalRow": told["has_typical_row"],
        "Columns": [_column(column) for column in told["columns"]],
    }


def _column(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Name": told["name"],
        "Type": told["type"],
        "Used": told["is_used"],
        "Typical": told["typical"],
        "MayBeMissing": told["has_missing"],
        **present(Format=told["format"], Minimum=told["least"], Maximum=told["most"]),
        **present(
            Values=told["values"], ValueCount=told["n_values"] or None, Role=told.get("role")
        ),
    }


def _explanation(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "PredictedLabel": told["label"],
        "PredictedValue": told["value"],
        "Probabilities": [
            {"Label": label, "Probability": chance} for label, chance in told["probabilities"]
        ],
        "ExplainedLabel": told["explained_label"],
        "Scale": told["scale"],
        "MarginScale": told["margin_scale"],
        "Method": told["method"],
        "Exact": told["is_exact"],
        "Baseline": told["baseline"],
        "Expected": told["expected"],
        "ExpectedError": told["expected_error"],
        "Answer": told["answer"],
        "ExpectedMargin": told["expected_margin"],
        "Margin": told["margin"],
        "Contributions": [
            {
                "Column": one["column"],
                "Cell": one["cell"],
                "Contribution": one["contribution"],
                "Error": one["error"],
                "Margin": one["margin"],
                "MarginError": one["margin_error"],
            }
            for one in told["contributions"]
        ],
    }


def evaluation_answer(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of EvaluatePredictions' answer.

    told    as serving/evaluating.py has it
    """
    classes, confusion = told["classes"], told["confusion"]
    return {
        "Rows": told["n_rows"],
        "EvaluatedRows": told["n_evaluated"],
        "Metrics": [
            {
                "MetricName": one["metric"],
                **present(
                    Value=one["value"],
                    StandardError=one["error"],
                    ValidationValue=one["validation"],
                    ValidationStandardError=one["validation_error"],
                ),
            }
            for one in told["metrics"]
        ],
        "LeftOut": [
            {
                "Reason": one["reason"],
                "Rows": one["n_rows"],
                "FirstRows": one["rows"],
                "Values": one["values"],
            }
            for one in told["left_out"]
        ],
        "MissingColumns": told["missing"],
        "IgnoredColumns": told["ignored"],
        **present(
            Classes=None if classes is None else [_class(one) for one in classes],
            ConfusionMatrix=None
            if confusion is None
            else [
                {"Actual": actual, "Predicted": predicted, "Rows": n_rows}
                for actual, predicted, n_rows in confusion
            ],
        ),
    }


def _class(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Label": told["label"],
        "Rows": told["n_rows"],
        **present(Precision=told["precision"], Recall=told["recall"], F1=told["f1"]),
    }
