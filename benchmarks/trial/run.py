"""One trial, in this process: a system learns from a table, answers rows that it has not seen, and is scored.

    python run.py SPEC.json RESULT.json

It is run by the interpreter of the system's own environment, which need not have windvane: pandas, NumPy and scikit-learn
are enough. RESULT.json is written anew after each stage, so that what is known of a trial that died stays known.

SPEC    system, problem, budget_s, threads, seed, folder, options, train, test, target

With the option `file`, of systems that have it, the system is given the path of the file to learn from, and this process does not
read it.
"""

import importlib
import json
import os
import sys
import time
import traceback
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import metrics

_METRICS = {"binary": "auc", "multiclass": "logloss", "regression": "rmse"}
"""The score of each problem."""

_ROWS, _WARM_UP, _ROWS_S = 50, 2, 6.0
"""Single rows that are asked for, and for how long at the most."""

_SECOND_CALL_S = 20.0
"""A whole test part that took longer is not predicted a second time."""


def main(spec_file, result_file):
    spec, result = json.loads(Path(spec_file).read_text()), {}
    stage = "import"

    def tell(**found):
        result.update(found)
        Path(f"{result_file}.new").write_text(json.dumps(result))
        Path(f"{result_file}.new").replace(result_file)

    try:
        system = importlib.import_module(f"systems.{spec['system']}").Trial(
            spec["problem"],
            spec["budget_s"],
            spec["threads"],
            spec["seed"],
            spec["folder"],
            spec["options"],
        )
        stage = "data"
        X_test, y_test = _read(spec, "test")
        if "file" in spec["options"]:
            learn = partial(system.fit_file, spec["train"], spec["target"])
        else:
            learn = partial(system.fit, *_read(spec, "train"))
            tell(n_train=len(learn.args[0]))
        tell(n_test=len(X_test), n_features=X_test.shape[1])
        stage = "setup"
        setup_s, _ = _timed(system.setup)
        tell(setup_s=round(setup_s, 3), versions=system.versions())
        stage = "fit"
        fit_s, _ = _timed(learn)
        tell(fit_s=round(fit_s, 2))
        stage = "predict"
        predict_s, predicted = _timed(lambda: system.predict(X_test))
        tell(predict_s=round(predict_s, 3))
        if predict_s < _SECOND_CALL_S:
            tell(predict_warm_s=round(_timed(lambda: system.predict(X_test))[0], 3))
        stage = "score"
        found = _scores(spec["problem"], y_test, predicted, system.classes)
        score = _METRICS[spec["problem"]]
        upward = found[score] if score == "auc" else -found[score]
        tell(metric=score, score=found[score], score_up=upward, **found)
        stage = "latency"
        tell(**_latency(system, X_test))
        stage = "save"
        saved = Path(spec["folder"]).parent / "saved"
        saved.mkdir()
        tell(model_mb=round(_megabytes(system.save(str(saved))), 3))
        stage = "about"
        tell(**system.about())
        system.close()
    except BaseException as error:  # noqa: BLE001 - whatever a system does is told
        traceback.print_exc()
        tell(error=f"{stage}: {type(error).__name__}: {str(error)[:400]}")
        _end(1)
    _end(0)


def _end(code):
    """Without waiting for threads that a system left."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _read(spec, part):
    """A part as (rows, target): texts as plain objects, class labels as texts."""
    pd.set_option("future.infer_string", False)
    target = spec["target"]
    dtype = None if spec["problem"] == "regression" else {target: str}
    table = pd.read_csv(spec[part], dtype=dtype, low_memory=False)
    table = table.dropna(subset=[target]).reset_index(drop=True)
    return table.drop(columns=target), table[target]


def _timed(what):
    before = time.perf_counter()
    found = what()
    return time.perf_counter() - before, found


def _scores(problem, y, predicted, classes):
    if problem == "regression":
        y, predicted = np.asarray(y, float), np.asarray(predicted, float)
        return {
            "rmse": float(np.sqrt(np.mean((y - predicted) ** 2))),
            "r2": float(metrics.r2_score(y, predicted)),
            "mae": float(np.mean(np.abs(y - predicted))),
        }
    y, labels = np.asarray(y).astype(str), np.array([str(label) for label in classes])
    predicted = np.asarray(predicted, float)
    if not np.isfinite(predicted).all():
        raise ValueError("probabilities are not finite")
    known = np.unique([*labels, *y])
    whole = np.zeros((len(y), len(known)))
    whole[:, np.searchsorted(known, labels)] = predicted
    truth = np.searchsorted(known, y)
    bounded = np.clip(whole, 1e-15, 1)
    bounded /= bounded.sum(axis=1, keepdims=True)
    found = {
        "accuracy": float((whole.argmax(axis=1) == truth).mean()),
        "logloss": float(-np.log(bounded[np.arange(len(y)), truth]).mean()),
    }
    if problem == "binary":
        found["auc"] = float(metrics.roc_auc_score(truth == 1, whole[:, 1]))
    return found


def _latency(system, X_test):
    """Of a DataFrame with one row, asked for again and again."""
    random, seconds = np.random.RandomState(0), []
    until = time.perf_counter() + _ROWS_S
    for number, row in enumerate(random.randint(0, len(X_test), _ROWS + _WARM_UP)):
        one = X_test.iloc[[row]].reset_index(drop=True)
        took, _ = _timed(lambda one=one: system.predict(one))
        if number >= _WARM_UP:
            seconds.append(took)
        if len(seconds) >= 3 and time.perf_counter() > until:
            break
    p50, p95 = np.quantile(seconds, [0.5, 0.95])
    return {
        "row_ms": round(1000 * float(p50), 3),
        "row_p95_ms": round(1000 * float(p95), 3),
        "row_calls": len(seconds),
    }


def _megabytes(folder):
    files = (file for file in Path(folder).rglob("*") if file.is_file() and not file.is_symlink())
    return sum(file.stat().st_size for file in files) / 2**20


if __name__ == "__main__":
    main(*sys.argv[1:])
