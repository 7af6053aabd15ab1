"""One model without search: its defaults, without a budget. Option: model=lgbm, catboost, catboost_ord, histgb or rf.

Of lgbm also: rounds=N and leaves=N in place of the defaults; cut=1 ends training with the round in which the budget is over.
"""

import time

from systems.base import System


class Trial(System):
    packages = ("lightgbm", "catboost", "scikit-learn")

    def setup(self):
        model, is_classifier = self.options["model"], self.problem != "regression"
        if model == "lgbm":
            import lightgbm

            kind = lightgbm.LGBMClassifier if is_classifier else lightgbm.LGBMRegressor
            names = {"n_estimators": "rounds", "num_leaves": "leaves"}
            told = {n: int(self.options[o]) for n, o in names.items() if o in self.options}
            self._model = kind(n_jobs=self.threads, random_state=self.seed, verbose=-1, **told)
            self._over = lightgbm.EarlyStopException
        elif model.startswith("catboost"):
            import catboost

            kind = catboost.CatBoostClassifier if is_classifier else catboost.CatBoostRegressor
            self._model = kind(
                thread_count=self.threads,
                random_seed=self.seed,
                verbose=False,
                allow_writing_files=False,
            )
        elif model == "histgb":
            from sklearn import ensemble

            name = f"HistGradientBoosting{'Classifier' if is_classifier else 'Regressor'}"
            self._model = getattr(ensemble, name)(random_state=self.seed)
        elif model == "rf":
            from sklearn import ensemble

            name = f"RandomForest{'Classifier' if is_classifier else 'Regressor'}"
            self._model = getattr(ensemble, name)(n_jobs=self.threads, random_state=self.seed)
        else:
            raise ValueError(model)
        self._is_native = model == "catboost"

    def fit(self, X, y):
        self._codes = _codes_of(X)
        told = {"cat_features": list(self._codes)} if self._is_native else {}
        if "cut" in self.options:
            told = {"callbacks": [self._ender(time.monotonic() + self.budget_s)]}
        self._model.fit(self._matrix(X), self.coded(y), **told)

    def predict(self, X):
        matrix = self._matrix(X)
        if self.problem == "regression":
            return self._model.predict(matrix)
        return self._model.predict_proba(matrix)

    def save(self, folder):
        """The library's own file; of scikit-learn, which has none, the arrays of the trees."""
        import numpy as np

        if self.options["model"] == "lgbm":
            self._model.booster_.save_model(f"{folder}/model.txt")
        elif self.options["model"] == "rf":
            trees = [tree.tree_.__getstate__() for tree in self._model.estimators_]
            nodes = {f"nodes{i}": one["nodes"] for i, one in enumerate(trees)}
            values = {f"values{i}": one["values"] for i, one in enumerate(trees)}
            np.savez(f"{folder}/model.npz", **nodes, **values)
        elif self.options["model"] == "histgb":
            trees = [tree for step in self._model._predictors for tree in step]  # noqa: SLF001
            np.savez(f"{folder}/model.npz", *(tree.nodes for tree in trees))
        else:
            self._model.save_model(f"{folder}/model.cbm")
        return folder

    def about(self):
        return {"n_candidates": 1}

    def _ender(self, until):
        """Return the callback of LightGBM that ends training once the time is over."""

        def after(env):
            if time.monotonic() >= until:
                raise self._over(env.iteration, [])

        return after

    def _matrix(self, X):
        if not self._is_native:
            return _coded(X, self._codes)
        return X.assign(**{name: X[name].astype(str) for name in self._codes})


def _codes_of(X):
    """Columns that are no numbers, with a number for each value of theirs."""
    import pandas as pd

    codes = {}
    for name in X.columns:
        if not (pd.api.types.is_numeric_dtype(X[name]) or pd.api.types.is_bool_dtype(X[name])):
            values = sorted(X[name].dropna().astype(str).unique())
            codes[name] = {value: float(code) for code, value in enumerate(values)}
    return codes


def _coded(X, codes):
    """All columns as numbers; what is missing or was not seen is NaN."""
    import numpy as np
    import pandas as pd

    found = {}
    for name in X.columns:
        if name in codes:
            texts = X[name].astype(str).where(X[name].notna(), None)
            found[name] = texts.map(codes[name]).astype(float)
        else:
            found[name] = pd.to_numeric(X[name], errors="coerce").astype(float)
    table = pd.DataFrame(found, index=X.index)
    table.columns = [f"f{place}" for place in range(table.shape[1])]
    return table.replace([np.inf, -np.inf], np.nan)
