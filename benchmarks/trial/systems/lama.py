"""LightAutoML, its preset for tables."""

from systems.base import System

_TASKS = {
    "binary": ("binary", "auc"),
    "multiclass": ("multiclass", "crossentropy"),
    "regression": ("reg", "mse"),
}
_LABEL = "__label__"


class Trial(System):
    packages = ("lightautoml", "lightgbm", "catboost", "torch", "pandas")

    def setup(self):
        import torch

        torch.set_num_threads(self.threads)
        from lightautoml.automl.presets.tabular_presets import TabularAutoML
        from lightautoml.tasks import Task

        self._preset, self._task = TabularAutoML, Task

    def fit(self, X, y):
        kind, metric = _TASKS[self.problem]
        self._model = self._preset(
            task=self._task(kind, metric=metric),
            timeout=self.budget_s,
            cpu_limit=self.threads,
            reader_params={"n_jobs": self.threads, "cv": 5, "random_state": self.seed},
        )
        table = X.assign(**{_LABEL: self.coded(y).values})
        self._model.fit_predict(table, roles={"target": _LABEL})

    def predict(self, X):
        import numpy as np

        found = self._model.predict(X).data
        if self.problem == "regression":
            return found[:, 0]
        if self.problem == "binary":
            return np.column_stack([1 - found[:, 0], found[:, 0]])
        columns = getattr(self._model.reader, "class_mapping", None)
        return found[:, [columns[i] for i in range(len(self.classes))]] if columns else found
