"""A look at a table before a job: an operation of our own, described in wire/data/windvane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.api.answers import present
from windvane.api.automl_request.data_rules import CSV, PARQUET
from windvane.api.operation import OperationTable, Services
from windvane.control.inputs import data_source
from windvane.control.previews import PreviewView
from windvane.engine.preview.records import PreviewRequest
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("windvane")

_ROWS_SHOWN = 20
_CONTENT_TYPES = {"csv": CSV, "parquet": PARQUET}


@OPERATIONS.serves("PreviewTable")
def preview_table(parts: Services, call: Call) -> Result:
    given = call.parameters
    source = data_source(given)
    view = parts.previews.preview(call.caller, given.get("RoleArn", ""), source, _asked(given))
    seen = view.seen
    return {
        "Source": _source(view),
        "Format": _format(seen),
        "RowsRead": seen["n_rows"],
        "RowsTotal": seen["n_rows_total"],
        "RowsTotalIsEstimated": seen["is_estimated"],
        "IsSampled": seen["is_sampled"],
        "Columns": [_column(column) for column in seen["columns"]],
        "Rows": seen["rows"],
        **({} if seen["target"] is None else {"Target": _target(seen["target"])}),
        **({} if seen["series"] is None else {"Series": _series(seen["series"])}),
        "Findings": [_finding(finding) for finding in seen["findings"]],
    }


def _asked(given: Mapping[str, Any]) -> PreviewRequest:
    features = given.get("FeatureAttributeNames")
    return PreviewRequest(
        name="",
        n_bytes=0,
        compression=given.get("CompressionType", ""),
        target=given.get("TargetAttributeName", ""),
        problem_type=given.get("ProblemType", ""),
        types=given.get("FeatureDataTypes", {}),
        features=None if features is None else tuple(features),
        group_column=given.get("GroupColumn", ""),
        time_column=given.get("TimeColumn", ""),
        timestamp=given.get("TimestampColumn", ""),
        item=given.get("ItemColumn", ""),
        group_columns=tuple(given.get("GroupingColumns", ())),
        n_shown=given.get("RowCount", _ROWS_SHOWN),
    )


def _source(view: PreviewView) -> dict[str, Any]:
    return {
        "PreviewedS3Uri": str(view.shown.location),
        "PreviewedBytes": view.shown.size,
        "BytesRead": view.seen["n_bytes_read"],
        "ObjectCount": view.n_objects,
        "TotalBytes": view.n_bytes,
        "HasMoreObjects": view.has_more_objects,
    }


def _format(seen: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ContentType": _CONTENT_TYPES[seen["format"]],
        "CompressionType": seen["compression"],
        **present(Encoding=seen["encoding"], Delimiter=seen["delimiter"], Quote=seen["quote"]),
        "FirstRowLooksLikeData": seen["looks_headless"],
    }


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Name": column["name"],
        "Type": column["type"],
        "Reason": column["reason"],
        "IsFeature": column["is_feature"],
        "MissingCount": column["n_missing"],
        "MissingShare": column["n_missing"] / max(column["n_rows"], 1),
        "DistinctCount": column["n_distinct"],
        "Examples": column["examples"],
        **present(TypeFault=column["fault"], PossibleType=column["may_be"]),
    }


def _target(target: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of the target, without problem type and objectives where nothing can be learned of it."""
    objectives = target["objectives"]
    return {
        "Name": target["name"],
        **present(
            Fault=target["fault"], ProblemType=target["problem_type"], Reason=target["reason"]
        ),
        **({"DefaultObjective": objectives[0], "Objectives": objectives} if objectives else {}),
        "ClassCount": target["n_classes"],
        "Distribution": [_bar(bar) for bar in target["bars"]],
        "ValidCount": target["n_valid"],
        "InvalidCount": target["n_invalid"],
    }


def _series(series: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rows as time series, without frequency and horizon where times have none."""
    return {
        "TimestampColumn": series["timestamp"],
        **present(ItemColumn=series["item"], Fault=series["fault"]),
        "GroupingColumns": series["groups"],
        "SeriesCount": series["n_series"],
        "RepeatedCount": series["n_repeated"],
        **present(ForecastFrequency=series["frequency"]),
        "StepCount": series["n_steps"],
        **({"ProposedHorizon": series["horizon"]} if series["horizon"] else {}),
    }


def _bar(bar: Mapping[str, Any]) -> dict[str, Any]:
    if bar["low"] is None:
        return {"Count": bar["count"], "Label": bar["label"]}
    return {"Count": bar["count"], "From": bar["low"], "To": bar["high"]}


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Code": finding["code"],
        "Severity": finding["severity"],
        "ColumnNames": finding["columns"],
        "Evidence": finding["message"],
        "Consequence": finding["consequence"],
        "Action": finding["action"],
    }
