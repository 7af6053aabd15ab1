"""statistics.json, in the schema of SageMaker Model Monitor's model quality."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from windvane.engine.quality.judged import Judged


@dataclass(frozen=True)
class Times:
    """When the rows judged arose and were judged; with time zone.

    start, end    the period that the rows are of, or that the job ran
    """

    start: datetime
    end: datetime
    evaluation: datetime


def statistics(judged: Judged, times: Times, metrics: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the document; `dataset.rows` is our own addition and says which rows these are.

    metrics    {'binary_classification_metrics', 'multiclass_classification_metrics' or 'regression_metrics': ...}
    """
    return {
        "version": 0.0,
        "dataset": {
            "item_count": judged.n_rows,
            "start_time": _iso_time(times.start),
            "end_time": _iso_time(times.end),
            "evaluation_time": _iso_time(times.evaluation),
            "rows": judged.rows_are,
        },
        **metrics,
    }


def _iso_time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
