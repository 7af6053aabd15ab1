"""What candidates are called where people read of them; the API has longer names, which nobody else has."""

from __future__ import annotations

_LONGEST = 40


def candidate_title(algorithm: str, number: int) -> str:
    """Return a name that people can say: the algorithm of a candidate, and its number within the job.

    >>> candidate_title("lightgbm", 9), candidate_title("nn-torch", 2), candidate_title("seasonal-naive", 1)
    ('LightGBM 9', 'TabM network 2', 'Seasonal naive 1')
    """
    plain = algorithm.replace("-", " ")[:_LONGEST]
    return f"{_ALGORITHMS.get(algorithm) or plain[:1].upper() + plain[1:]} {number}"


_ALGORITHMS = {
    "lightgbm": "LightGBM",
    "xgboost": "XGBoost",
    "catboost": "CatBoost",
    "linear-learner": "Linear model",
    "randomforest": "Random forest",
    "extra-trees": "Extra trees",
    "mlp": "Neural network",
    "nn-torch": "TabM network",
    "fastai": "Embedding network",
    "neighbors": "Nearest neighbours",
    "baseline": "Baseline",
    "ensemble": "Ensemble",
    "ets": "ETS",
    "arima": "ARIMA",
    "npts": "NPTS",
    "seasonal-npts": "Seasonal NPTS",
    "adida": "ADIDA",
    "tsb": "TSB",
}
