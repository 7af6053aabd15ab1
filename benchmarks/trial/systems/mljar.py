"""mljar-supervised. Option: mode."""

from systems.base import System

_METRICS = {"binary": "auc", "multiclass": "logloss", "regression": "rmse"}
_TASKS = {
    "binary": "binary_classification",
    "multiclass": "multiclass_classification",
    "regression": "regression",
}


class Trial(System):
    packages = ("mljar-supervised", "lightgbm", "catboost", "xgboost", "pandas", "scikit-learn")

    def setup(self):
        from supervised.automl import AutoML

        self._class = AutoML

    def fit(self, X, y):
        self._model = self._class(
            mode=self.options["mode"],
            total_time_limit=int(self.budget_s),
            ml_task=_TASKS[self.problem],
            eval_metric=_METRICS[self.problem],
            results_path=str(self.folder),
            n_jobs=self.threads,
            random_state=self.seed + 1,
            verbose=0,
            explain_level=0,
        )
        self._model.fit(X, self.coded(y))

    def predict(self, X):
        if self.problem == "regression":
            return self._model.predict(X)
        return self._model.predict_proba(X)

    def save(self, folder):  # noqa: ARG002 - it keeps everything where it worked
        return self.folder

    def about(self):
        board = self._model.get_leaderboard()
        best = board.sort_values("metric_value").iloc[0]
        return {"n_candidates": len(board), "best_model": str(best["model_type"])}
