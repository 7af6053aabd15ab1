"""H2O AutoML, in a Java machine that `setup` starts."""

from systems.base import System

_METRICS = {"binary": "AUC", "multiclass": "logloss", "regression": "RMSE"}
_LABEL, _PORT, _MEMORY = "__label__", 54421, "8G"


class Trial(System):
    packages = ("h2o", "pandas")

    def setup(self):
        import h2o

        self.folder.mkdir(parents=True)
        self._h2o = h2o
        h2o.init(nthreads=self.threads, max_mem_size=_MEMORY, port=_PORT, ice_root=str(self.folder))
        h2o.no_progress()

    def fit(self, X, y):
        import pandas as pd
        from h2o.automl import H2OAutoML

        self._types = {
            name: "numeric" if pd.api.types.is_numeric_dtype(X[name]) else "enum" for name in X
        }
        self._types[_LABEL] = "numeric" if self.problem == "regression" else "enum"
        frame = self._frame(X.assign(**{_LABEL: y.values}))
        search = H2OAutoML(
            max_runtime_secs=int(self.budget_s),
            seed=self.seed + 1,
            sort_metric=_METRICS[self.problem],
        )
        search.train(x=list(X.columns), y=_LABEL, training_frame=frame)
        self._model, self._n = search.leader, int(search.leaderboard.nrow)
        if self._model is None:
            raise RuntimeError("no model within the budget")
        if self.problem != "regression":
            self.classes = frame[_LABEL].levels()[0]

    def predict(self, X):
        found = self._model.predict(self._frame(X)).as_data_frame(use_pandas=True)
        return found["predict"].values if self.problem == "regression" else found.iloc[:, 1:].values

    def save(self, folder):
        self._h2o.save_model(self._model, path=folder, force=True)
        return folder

    def about(self):
        return {"n_candidates": self._n, "best_model": self._model.model_id}

    def close(self):
        self._h2o.cluster().shutdown()

    def _frame(self, X):
        types = {name: kind for name, kind in self._types.items() if name in X.columns}
        return self._h2o.H2OFrame(X, column_types=types)
