"""AutoGluon. Options: preset; seq=1 fits folds in this process instead of through ray; dystack=0 is without dynamic stacking."""

from systems.base import System

_METRICS = {
    "binary": "roc_auc",
    "multiclass": "log_loss",
    "regression": "root_mean_squared_error",
}
_LABEL = "__label__"


class Trial(System):
    packages = (
        "autogluon.tabular", "lightgbm", "catboost", "xgboost", "xgboost-cpu", "torch", "ray", "fastai", "pytabkit",
    )  # fmt: skip

    def setup(self):
        from autogluon.tabular import TabularPredictor

        self._class = TabularPredictor

    def fit(self, X, y):
        self._predictor = self._class(
            label=_LABEL,
            problem_type=self.problem,
            eval_metric=_METRICS[self.problem],
            path=str(self.folder),
        )
        given = {}
        if self.options.get("seq") == "1":
            given["ag_args_ensemble"] = {"fold_fitting_strategy": "sequential_local"}
        if self.options.get("dystack") == "0":
            given["dynamic_stacking"] = False
        self._predictor.fit(
            X.assign(**{_LABEL: y.values}),
            presets=self.options["preset"],
            time_limit=self.budget_s,
            num_cpus=self.threads,
            num_gpus=0,
            **given,
        )
        self._predictor.persist()
        if self.problem != "regression":
            self.classes = list(self._predictor.class_labels)

    def predict(self, X):
        if self.problem == "regression":
            return self._predictor.predict(X).values
        return self._predictor.predict_proba(X)[self.classes].values

    def save(self, folder):
        return self._predictor.clone_for_deployment(f"{folder}/deploy", return_clone=False)

    def about(self):
        board = self._predictor.leaderboard(silent=True)
        return {"n_candidates": len(board), "best_model": self._predictor.model_best}
