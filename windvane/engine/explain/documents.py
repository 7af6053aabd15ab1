"""An explanation as the files that SageMaker Clarify and Autopilot write.

analysis.json                    global values; of classes one entry each under its index, of regression "label0"
analysis_config.json             how they came about, in Clarify's words where it has them
explanations_shap/baseline.csv   the rows that stood for "not known"; the head alone if that is up to the trees
explanations_shap/out.csv        each row's values: <column>_label0, of three classes and more _label0, _label1, ...;
                                 of two classes those of the second
instance_shap_values.csv         the same as <column>_<class>, of two classes for both
feature_importance.json          the global values added up over the classes

source    SageMaker developer guide, "Get analysis results"; outputs of Autopilot jobs as published
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.data.cells import cell_texts
from windvane.engine.explain.dependence import Dependence
from windvane.engine.explain.explanation import Explanation

VERSION = "1.0"


def documents(explanation: Explanation) -> dict[str, bytes]:
    """Path relative to the report's folder -> content; JSON is ASCII, CSV is UTF-8 with a head."""
    return {
        "analysis.json": _json(analysis(explanation)),
        "analysis_config.json": _json(analysis_config(explanation)),
        "explanations_shap/baseline.csv": baseline(explanation),
        "explanations_shap/out.csv": local_values(explanation),
        "instance_shap_values.csv": instance_values(explanation),
        "feature_importance.json": _json({"importance": feature_importance(explanation)}),
    }


def analysis(explanation: Explanation) -> dict[str, Any]:
    sizes = _by_label(explanation, explanation.importance().values)
    expected = _signed_by_label(explanation, explanation.attribution.expected)
    by_label = {
        label: {
            "expected_value": float(expected[label]),
            "global_shap_values": _named(explanation, sizes[label]),
        }
        for label in sizes
    }
    explanations: dict[str, Any] = {"kernel_shap": by_label}
    if explanation.dependences:
        explanations["pdp"] = [_dependence(one) for one in explanation.dependences]
    return {"version": VERSION, "explanations": explanations}


def feature_importance(explanation: Explanation) -> dict[str, float]:
    by_label = _by_label(explanation, explanation.importance().values)
    return _named(explanation, np.sum(list(by_label.values()), axis=0))


def analysis_config(explanation: Explanation) -> dict[str, Any]:
    """Clarify's `num_samples` and `baseline` are of its own sampling; they are told where there was any: a pair of
    permutations asks for two answers a column."""
    attribution = explanation.attribution
    shap: dict[str, Any] = {
        "agg_method": "mean_abs",
        "save_local_shap_values": True,
        "use_logit": bool(explanation.labels),
        "method": explanation.method,
        "rows": len(explanation.rows),
        "largest_relative_gap": explanation.gap,
    }
    if not attribution.is_exact:
        n_players = len(attribution.background)
        shap["num_samples"] = attribution.pairs * 2 * max(0, n_players - 1)
        shap["baseline"] = "explanations_shap/baseline.csv"
    return {
        "dataset_type": "text/csv",
        "headers": [explanation.target, *explanation.names],
        "label": explanation.target,
        "methods": {"shap": shap, "report": {"name": "report", "title": "Explainability"}},
    }


def baseline(explanation: Explanation) -> bytes:
    """Return the baseline of the columns that the predictor looks at: nothing stood for the others."""
    background = explanation.attribution.background
    used = [column for column in explanation.columns if column.name in background]
    texts = [cell_texts(background[column.name], column) for column in used]
    return _csv([column.name for column in used or explanation.columns], zip(*texts, strict=True))


def local_values(explanation: Explanation) -> bytes:
    values = explanation.attribution.values
    suffixes = [f"label{number}" for number in range(values.shape[2])]
    return _table(explanation, suffixes, values)


def instance_values(explanation: Explanation) -> bytes:
    by_label = _signed_by_label(explanation, explanation.attribution.values)
    return _table(explanation, list(by_label), np.stack(list(by_label.values()), axis=2))


def _by_label(
    explanation: Explanation, sizes: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Sizes (..., n_outputs) by label; what the second of two classes gains the first one loses."""
    if len(explanation.labels) == 2:
        return {"0": sizes[..., 0], "1": sizes[..., 0]}
    prefix = "" if explanation.labels else "label"
    return {f"{prefix}{number}": sizes[..., number] for number in range(sizes.shape[-1])}


def _signed_by_label(
    explanation: Explanation, values: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    by_label = _by_label(explanation, values)
    return by_label | {"0": -by_label["0"]} if len(explanation.labels) == 2 else by_label


def _named(explanation: Explanation, sizes: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(explanation.names, sizes.tolist(), strict=True))


def _dependence(one: Dependence) -> dict[str, Any]:
    values = one.grid.tolist() if one.column.type.value == "numeric" else list(one.texts)
    return {
        "feature_name": one.column.name,
        "data_type": "numerical" if one.is_ordered else "categorical",
        "feature_values": values,
        "model_predictions": one.answers.T.tolist(),
        "data_distribution": one.shares.tolist(),
    }


def _table(explanation: Explanation, suffixes: Sequence[str], values: NDArray[np.float64]) -> bytes:
    """Return values of each row and column as CSV.

    values    (n_rows, n_columns, n_suffixes)
    """
    head = [f"{name}_{suffix}" for name in explanation.names for suffix in suffixes]
    rows = values.reshape(len(values), -1).tolist()
    return _csv(head, ([repr(value) for value in row] for row in rows))


def _csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Half of a surrogate pair, which UTF-8 does not have, is spelt out."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return stream.getvalue().encode("utf-8", "backslashreplace")


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, allow_nan=False, indent=2).encode("ascii")
