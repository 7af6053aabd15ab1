"""FLAML."""

from systems.base import System

_METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}


class Trial(System):
    packages = ("flaml", "lightgbm", "catboost", "xgboost", "scikit-learn", "pandas")

    def setup(self):
        from flaml import AutoML

        self._model = AutoML()

    def fit(self, X, y):
        self._model.fit(
            X_train=X,
            y_train=self.coded(y),
            task="regression" if self.problem == "regression" else "classification",
            metric=_METRICS[self.problem],
            time_budget=self.budget_s,
            n_jobs=self.threads,
            seed=self.seed,
        )

    def predict(self, X):
        if self.problem == "regression":
            return self._model.predict(X)
        return self._model.predict_proba(X)

    def about(self):
        return {"best_model": str(self._model.best_estimator)}
