"""Small records as the harness writes them, and tables."""

import gzip
import hashlib

from benchmarks.tables import Table


def record(system, dataset, score_up, budget=60.0, seed=0, **changes):
    metric = changes.pop("metric", "auc")
    made = {
        "system": system,
        "opts": [],
        "dataset": dataset,
        "budget": budget,
        "seed": seed,
        "threads": 2,
        "status": "ok",
        "started": "2026-01-02T03:04:05",
        "date": "2026-01-02",
        "commit": "abc1234",
        "others_cpu_frac": 0.05,
        "peak_rss_mb": 200,
        "peak_pss_mb": 150,
        "n_test": 100,
        "fit_s": budget - 1,
        "predict_s": 0.1,
        "row_ms": 2.0,
        "model_mb": 1.5,
        "n_candidates": 7,
        "metric": metric,
        "score": score_up if metric == "auc" else -score_up,
        "score_up": score_up,
        "versions": {system: "1.0"},
    }
    return {**made, **changes}


def failed(system, dataset, **changes):
    """A run that never came as far as a prediction."""
    lost = {
        "metric",
        "score",
        "score_up",
        "fit_s",
        "predict_s",
        "row_ms",
        "model_mb",
        "n_candidates",
    }
    made = record(system, dataset, 0.0, status="error", error="fit: boom", **changes)
    return {key: value for key, value in made.items() if key not in lost}


def write_tables(folder, *names):
    """Small tables in a folder of their own; what the index says of them."""
    return [_written(folder, name) for name in names]


def _written(folder, name):
    home, sums = folder / name, {}
    home.mkdir(parents=True)
    for part in ("train", "test"):
        text = f"a,y\n1,{part}\n"
        (home / f"{part}.csv.gz").write_bytes(gzip.compress(text.encode()))
        sums[part] = hashlib.sha256(text.encode()).hexdigest()
    return table(name, sums)


def table(name, sums=None, suite="development", target="y"):
    return Table(
        name=name,
        suite=suite,
        target=target,
        problem="BinaryClassification",
        description=f"what {name} tells",
        source="made up",
        licence="none",
        sha256=sums or {"train": "", "test": ""},
    )
