"""Small records as the harness writes them, and a folder that stands for the shared one."""

import json


def record(system, dataset, score_up, budget=60.0, seed=0, **changes):
    metric = changes.pop("metric", "auc")
    made = {
        "system": system,
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


def write_shared(folder, records, tables):
    (folder / "bench").mkdir(parents=True)
    (folder / "data" / "public").mkdir(parents=True)
    (folder / "bench" / "bench.py").write_text("raise SystemExit('not to be run')")
    (folder / "bench" / "peers.jsonl").write_text("\n".join(map(json.dumps, records)))
    index = {"datasets": [{"name": table} for table in tables]}
    (folder / "data" / "public" / "index.json").write_text(json.dumps(index))
    return folder
