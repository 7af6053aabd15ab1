"""Jobs with candidates behind the console: the real operations over a store, and reports as the engine writes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import numpy as np
from api.records import finished_candidate, job_record
from api.test_reports import EXPLANATIONS, INSIGHTS, PIPELINE, ROOT

from windvane.domain.candidate import Candidate, Metric
from windvane.domain.job import AutoMLJob
from windvane.domain.problem import MetricName, ProblemType
from windvane.domain.resource import Resource
from windvane.engine.quality.assess import assess
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.statistics import Times
from windvane.engine.scoring.threshold import decide
from windvane.store.base import Store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HERE = "/console/jobs/churn/candidates/churn-001"
HOSTILE = '<script>alert(1)</script>"onload="x'


@dataclass
class Jobs:
    """What stands in the store and in S3 behind a console."""

    store: Store
    console: Any

    def insert(self, *records: Resource) -> None:
        with self.store.transaction() as tx:
            for record in records:
                assert tx.insert(record)

    def find(self, kind: type[Any], scope: Any, name: str) -> Any:
        with self.store.snapshot() as tx:
            return tx.find(kind, scope, name)

    def put(self, uri: str, content: str | bytes | dict[str, Any]) -> None:
        text = json.dumps(content) if isinstance(content, dict) else content
        self.console.put(uri, text.encode() if isinstance(text, str) else text)

    def put_quality(self, judged: Judged, name: str = "churn-001") -> None:
        quality = assess(judged, Times(NOW, NOW, NOW))
        self.put(f"{INSIGHTS}/{name}/statistics.json", quality.statistics)
        self.put(f"{INSIGHTS}/{name}/figures.json", quality.figures)
        self.put(f"{INSIGHTS}/{name}/report.html", "<h1>Model quality</h1>")

    def put_explanation(self, analysis: dict[str, Any], values: str, sample: str = "") -> None:
        self.put(f"{EXPLANATIONS}/churn-001/analysis.json", analysis)
        self.put(f"{EXPLANATIONS}/churn-001/explanations_shap/out.csv", values)
        if sample:
            self.put(f"{ROOT}/preprocessed-data/explainability_samples/sample.csv", sample)


def a_job(**changes: Any) -> AutoMLJob:
    fields = {
        "objective": MetricName.F1,
        "problem_type": ProblemType.BINARY,
        "best_candidate": "churn-001",
    }
    return job_record(NOW, **(fields | changes))


def a_candidate(index: int = 1, **changes: Any) -> Candidate:
    """Finished, and with everything recorded."""
    score = changes.pop("score", 0.9)
    fields = {
        "score": score,
        "metrics": (
            Metric(MetricName.F1, score, standard_error=0.012),
            Metric(MetricName.AUC, 0.95, standard_error=0.004),
            Metric(MetricName.F1, 0.99, "Train"),
        ),
        "fit_s": 12.5,
        "latency_s": 0.0012,
        "size_bytes": 1_400_000,
        "folds": 5,
        "containers": PIPELINE,
        "ended": NOW + timedelta(seconds=30),
    }
    return finished_candidate(NOW, index, **(fields | changes))


def with_reports(**changes: Any) -> Candidate:
    places = {"explainability": EXPLANATIONS, "model_insights": INSIGHTS}
    return a_candidate(**(places | changes))


def judged_two(
    labels: tuple[str, str] = ("no", "yes"), n_rows: int = 500, noise: float = 0.0
) -> Judged:
    """Predictions; of the same rows, the worse the more noise there is."""
    random = np.random.default_rng(0)
    sign = random.beta(0.7, 1.6, n_rows)
    y = (random.random(n_rows) < sign).astype(float)
    positive = (1 - noise) * sign + noise * random.random(n_rows)
    predicted = np.column_stack([1 - positive, positive])
    return _judged(ProblemType.BINARY, MetricName.F1, y, predicted, decide(predicted, 0.4), labels)


def judged_many(labels: Sequence[str], n_rows: int = 600) -> Judged:
    random = np.random.default_rng(0)
    predicted = random.dirichlet(np.full(len(labels), 0.5), n_rows)
    y = np.array([random.choice(len(labels), p=row) for row in predicted], float)
    of = ProblemType.MULTICLASS
    return _judged(of, MetricName.ACCURACY, y, predicted, decide(predicted), tuple(labels))


def judged_numbers(n_rows: int = 800) -> Judged:
    random = np.random.default_rng(0)
    predicted = random.gamma(2.0, 10.0, n_rows)
    y = predicted + random.normal(0, 1 + predicted / 5)
    classes = np.zeros(n_rows, np.int64)
    return _judged(ProblemType.REGRESSION, MetricName.MSE, y, predicted, classes, ())


def _judged(
    problem: ProblemType,
    objective: MetricName,
    y: Any,
    predicted: Any,
    classes: Any,
    labels: tuple[str, ...],
) -> Judged:
    return Judged(
        problem_type=problem,
        objective=objective,
        y=y,
        predicted=predicted,
        classes=classes,
        folds=(np.arange(y.size) % 5).astype(np.int8),
        labels=labels,
        threshold=0.4,
        candidate="churn-001",
        algorithm="XGBoost",
        places=np.arange(y.size),
    )


class _Cells(HTMLParser):
    """Rows of texts of every table, and which elements there are."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.tables: list[list[list[str]]] = []
        self._is_in = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._is_in = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._is_in = False

    def handle_data(self, data: str) -> None:
        if self._is_in:
            self.tables[-1][-1][-1] += data


def read(text: str) -> _Cells:
    cells = _Cells()
    cells.feed(text)
    return cells


def check_harmless(text: str) -> None:
    """No script but those of the console, no handler, no style in an attribute."""
    found = read(text)
    assert "alert(1)" not in _scripts(text)
    assert not [name for name, _ in found.attributes if name.startswith("on") or name == "style"]
    assert HOSTILE not in text


def _scripts(text: str) -> str:
    parts = text.split("<script")[1:]
    return " ".join(part.partition("</script>")[0] for part in parts)
