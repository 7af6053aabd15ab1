"""What candidates are called where people read of them; the API has longer names, which nobody else has."""

from __future__ import annotations

_LONGEST = 40


def candidate_title(algorithm: str, number: int) -> str:
    """Return a name that people can say: the algorithm of a candidate, and its number within the job.

    >>> candidate_title("lightgbm", 9), candidate_title("nn-torch", 2), candidate_title("seasonal-naive", 1)
    ('LightGBM 9', 'TabM network 2', 'Seasonal naive 1')
    """
    return f"{algorithm_title(algorithm)} {number}"


def algorithm_title(algorithm: str) -> str:
    """Return the same without the number: what a forecasting model is called, of which a job has one each.

    >>> algorithm_title("log-ets"), algorithm_title("boosted-levels")
    ('Log ETS', 'Boosted levels')
    """
    plain = algorithm.replace("-", " ")[:_LONGEST]
    return _ALGORITHMS.get(algorithm) or plain[:1].upper() + plain[1:]


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
    "log-ets": "Log ETS",
    "arima": "ARIMA",
    "npts": "NPTS",
    "seasonal-npts": "Seasonal NPTS",
    "adida": "ADIDA",
    "tsb": "TSB",
    "sba": "SBA",
    "chronos-bolt": "Chronos-Bolt",
}
