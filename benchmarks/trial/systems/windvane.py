"""Windvane's library. Options: max_candidates; memory_mb; file=1 learns from the path of a file; order=TABLE tries openings in the
order that was learnt without that table."""

import json
from pathlib import Path

from systems.base import System

PROBLEMS = {
    "binary": "BinaryClassification",
    "multiclass": "MulticlassClassification",
    "regression": "Regression",
}
_OBJECTIVES = {"binary": "AUC", "multiclass": "LogLoss", "regression": "RMSE"}
_TARGET = "__target__"
_ORDERS = Path(__file__).parents[2] / "orders.json"


class Trial(System):
    packages = (
        "windvane", "lightgbm", "xgboost-cpu", "catboost", "scikit-learn", "numpy",
    )  # fmt: skip

    def setup(self):
        from windvane import AutoML

        self._class = AutoML
        if table := self.options.get("order"):
            _order_openings(table)

    def fit(self, X, y):
        self._fit(X.assign(**{_TARGET: y}), _TARGET)

    def fit_file(self, train, target):
        self._fit(train, target)

    def _fit(self, train, target):
        most, memory_mb = self.options.get("max_candidates"), self.options.get("memory_mb")
        self._model = self._class(
            target=target,
            problem_type=PROBLEMS[self.problem],
            objective=_OBJECTIVES[self.problem],
            max_runtime_s=self.budget_s,
            max_candidates=int(most) if most else None,
            threads=self.threads,
            memory_mb=int(memory_mb) if memory_mb else None,
            seed=self.seed,
        )
        self._model.fit(train)
        if self.problem != "regression":
            self.classes = [str(label) for label in self._model.classes_]

    def predict(self, X):
        if self.problem == "regression":
            return self._model.predict(X)
        return self._model.predict_proba(X)

    def save(self, folder):
        self._model.save(folder)
        return folder

    def about(self):
        return {"n_candidates": len(self._model.leaderboard())}


def _order_openings(table):
    """As benchmarks/portfolio.py learnt it without the table; what is not in it stays last."""
    from windvane.engine.tuning import portfolio

    order = json.loads(_ORDERS.read_text())[table]
    places = {key: place for place, key in enumerate(order)}
    portfolio.OPENINGS = tuple(
        sorted(
            portfolio.OPENINGS,
            key=lambda one: places.get(f"{one.algorithm}: {one.why}", len(places)),
        )
    )
