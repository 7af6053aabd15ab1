"""`AutoML` under scikit-learn's estimator contract: for `Pipeline`, `cross_val_score`, `GridSearchCV` and whatever else asks for
`fit(X, y)`.

Both pass scikit-learn's `check_estimator`, but for the equivalence of whole-numbered weights and repeated rows: candidates are
compared on folds of rows, which are others if rows are repeated (as for several of scikit-learn's own ensembles).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from windvane.automl.estimator import AutoML
from windvane.domain.problem import ProblemType
from windvane.engine.data.target import is_label
from windvane.errors import DataFault, InvalidRequest

Features = Any
"""A table of features: what NumPy makes a 2-d array of, a pandas DataFrame, or anything that exports Arrow data (Polars, PyArrow,
DuckDB)."""


class _AutoMLEstimator(BaseEstimator):  # type: ignore[misc]
    """The base of both estimators: parameters, and features as the DataFrames that `AutoML` takes."""

    model_: AutoML
    n_features_in_: int

    def __init__(
        self,
        objective: str | None = None,
        max_runtime_s: float = 60,
        max_candidates: int | None = None,
        threads: int | None = None,
        memory_mb: int | None = None,
        max_latency_ms: float | None = None,
        monotone: Mapping[str, int] | None = None,
        mode: str | None = None,
        algorithms: Sequence[str] | None = None,
        features: Sequence[str] | None = None,
        feature_types: Mapping[str, str] | None = None,
        validation_fraction: float | None = None,
        time_column: str | None = None,
        group_column: str | None = None,
        random_state: int | np.random.RandomState | None = 0,
        progress: bool | None = None,
    ) -> None:
        self.objective = objective
        self.max_runtime_s = max_runtime_s
        self.max_candidates = max_candidates
        self.threads = threads
        self.memory_mb = memory_mb
        self.max_latency_ms = max_latency_ms
        self.monotone = monotone
        self.mode = mode
        self.algorithms = algorithms
        self.features = features
        self.feature_types = feature_types
        self.validation_fraction = validation_fraction
        self.time_column = time_column
        self.group_column = group_column
        self.random_state = random_state
        self.progress = progress

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.non_deterministic = self.max_candidates is None
        return tags

    def _fit(
        self,
        frame: pd.DataFrame,
        y: pd.Series[Any],
        weight: NDArray[np.float64] | None,
        problem_type: ProblemType,
        **of_classes: bool,
    ) -> None:
        """Fit `model_` to features and a target of as many rows.

        raises    ValueError for parameters and rows that `AutoML` refuses
        """
        target = _free_name(str(y.name or "target"), frame)
        columns = {target: y.to_numpy()}
        if weight is not None:
            columns[_free_name("sample_weight", frame, target)] = weight
        table = frame.reset_index(drop=True).assign(**columns)
        with _as_value_errors():
            model = AutoML(
                target,
                problem_type=problem_type,
                objective=self.objective,
                max_runtime_s=self.max_runtime_s,
                max_candidates=self.max_candidates,
                threads=self.threads,
                memory_mb=self.memory_mb,
                seed=self._seed(),
                max_latency_ms=self.max_latency_ms,
                sample_weight=None if weight is None else list(columns)[-1],
                monotone=self.monotone,
                mode=self.mode,
                algorithms=self.algorithms,
                features=self.features,
                feature_types=self.feature_types,
                validation_fraction=self.validation_fraction,
                time_column=self.time_column,
                group_column=self.group_column,
                **of_classes,
            )
            self.model_ = model.fit(table, progress=self.progress)

    def _seed(self) -> int:
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _training_rows(
        self, X: Features, y: Any, sample_weight: ArrayLike | None, *, is_numeric: bool
    ) -> tuple[pd.DataFrame, pd.Series[Any], NDArray[np.float64] | None]:
        """Return features, target and weights; rows of weight 0 are left out, and so are weights that are all 1."""
        name = getattr(y, "name", None)
        if _exports_arrow(y) and not isinstance(y, pd.Series):
            y = np.asarray(y)
        values = validate_data(self, X="no_validation", y=y, y_numeric=is_numeric)
        frame = self._frame(X, reset=True)  # last: the names of its columns are kept
        check_consistent_length(frame, values)
        if len(frame) < 2:
            raise ValueError(f"{type(self).__name__} needs more rows; X has 1 sample.")
        target = pd.Series(values, name=name if isinstance(name, str) else None)
        if sample_weight is None:
            return frame, target, None
        weight = np.asarray(
            _check_sample_weight(sample_weight, frame.index, ensure_non_negative=True), np.float64
        )
        counts = weight > 0
        frame, target, weight = frame[counts], target[counts], weight[counts]
        return frame, target, None if (weight == 1).all() else weight

    def _frame(self, X: Features, *, reset: bool) -> pd.DataFrame:
        """Return features as a DataFrame; columns without names are called x0, x1, ...

        reset     whether this is what is learnt from; else columns must be those that were
        """
        table = _table(X)
        if table is None:
            values = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite="allow-nan")
            frame = pd.DataFrame(values)
            return _numbered(frame.infer_objects() if values.dtype == object else frame)
        validate_data(self, table, reset=reset, skip_check_array=True)
        is_named = all(isinstance(name, str) for name in table.columns)
        return table if is_named and hasattr(self, "feature_names_in_") else _numbered(table)

    def _fitted_frame(self, X: Features) -> pd.DataFrame:
        """Return features to predict.

        raises    NotFittedError before `fit`; ValueError if columns are not those that were learnt from
        """
        check_is_fitted(self, "model_")
        return self._frame(X, reset=False)


class AutoMLClassifier(ClassifierMixin, _AutoMLEstimator):  # type: ignore[misc]
    """`AutoML` for classes, as a scikit-learn estimator. Parameters are those of `AutoML`, with these differences:

    tune_threshold  False unless given: `predict` is the class of the highest probability, as scikit-learn expects
    time_column, group_column, monotone, features, feature_types
                    name columns of X; x0, x1, ... in an array
    random_state    the seed: an integer, a RandomState, or None for another one at each `fit`
    progress        whether `fit` shows how far it is; None: in a terminal and in notebooks
    """

    classes_: NDArray[Any]

    def __init__(
        self,
        objective: str | None = None,
        max_runtime_s: float = 60,
        max_candidates: int | None = None,
        threads: int | None = None,
        memory_mb: int | None = None,
        max_latency_ms: float | None = None,
        monotone: Mapping[str, int] | None = None,
        mode: str | None = None,
        algorithms: Sequence[str] | None = None,
        features: Sequence[str] | None = None,
        feature_types: Mapping[str, str] | None = None,
        validation_fraction: float | None = None,
        time_column: str | None = None,
        group_column: str | None = None,
        random_state: int | np.random.RandomState | None = 0,
        progress: bool | None = None,
        calibrate: bool = True,
        tune_threshold: bool = False,
    ) -> None:
        super().__init__(
            objective=objective,
            max_runtime_s=max_runtime_s,
            max_candidates=max_candidates,
            threads=threads,
            memory_mb=memory_mb,
            max_latency_ms=max_latency_ms,
            monotone=monotone,
            mode=mode,
            algorithms=algorithms,
            features=features,
            feature_types=feature_types,
            validation_fraction=validation_fraction,
            time_column=time_column,
            group_column=group_column,
            random_state=random_state,
            progress=progress,
        )
        self.calibrate = calibrate
        self.tune_threshold = tune_threshold

    def fit(self, X: Features, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Search and train until the time or the candidates are used up; the fitted `AutoML` is `model_`, the labels in
        their order are `classes_`. If a class has only one row, this row counts twice, since candidates are compared
        on folds.

        X              (n_rows, n_features): an array, a pandas or Polars DataFrame, or an Arrow table
        y              (n_rows,) labels of at least two classes
        sample_weight  (n_rows,) what each row counts for, >= 0; rows of weight 0 are left out
        raises         ValueError if nothing can be learned from these rows, or for a wrong parameter
        """
        frame, target, weight = self._training_rows(X, y, sample_weight, is_numeric=False)
        check_classification_targets(target)
        self.classes_ = np.unique(target.to_numpy())
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs rows of at least 2 classes; y has 1 class: {self.classes_[0]!r}."
            )
        unread = next((label for label in self.classes_ if not is_label(str(label))), None)
        if unread is not None:
            raise ValueError(f"The label {unread!r} in y stands for a missing value; rename it.")
        frame, target, weight = _with_pairs(frame, target, weight)
        is_binary = len(self.classes_) == 2
        self._fit(
            frame,
            target,
            weight,
            ProblemType.BINARY if is_binary else ProblemType.MULTICLASS,
            calibrate=self.calibrate,
            tune_threshold=self.tune_threshold,
        )
        return self

    def predict(self, X: Features) -> NDArray[Any]:
        """Return (n_rows,) labels.

        X         as for `fit`, with the same columns in the same order
        raises    NotFittedError before `fit`; ValueError for other columns, or naming a value that cannot be read
        """
        frame = self._fitted_frame(X)
        with _as_value_errors():
            return self.classes_[self._places(self.model_.predict(frame))]

    def predict_proba(self, X: Features) -> NDArray[np.float64]:
        """Return (n_rows, n_classes) probabilities, columns in the order of `classes_`.

        X         as for `predict`
        raises    as `predict` does
        """
        frame = self._fitted_frame(X)
        with _as_value_errors():
            probabilities = np.empty((len(frame), len(self.classes_)))
            probabilities[:, self._places(self.model_.classes_)] = self.model_.predict_proba(frame)
            return probabilities

    def _places(self, labels: NDArray[Any]) -> NDArray[np.int64]:
        """Return where in `classes_` labels of the model are."""
        return np.searchsorted(self.classes_, labels.astype(self.classes_.dtype))


class AutoMLRegressor(RegressorMixin, _AutoMLEstimator):  # type: ignore[misc]
    """`AutoML` for numbers, as a scikit-learn estimator. Parameters are those of `AutoML`, with these differences:

    time_column, group_column, monotone, features, feature_types
                    name columns of X; x0, x1, ... in an array
    random_state    the seed: an integer, a RandomState, or None for another one at each `fit`
    progress        whether `fit` shows how far it is; None: in a terminal and in notebooks
    """

    def fit(self, X: Features, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Search and train until the time or the candidates are used up; the fitted `AutoML` is `model_`.

        X              (n_rows, n_features): an array, a pandas or Polars DataFrame, or an Arrow table
        y              (n_rows,) numbers
        sample_weight  (n_rows,) what each row counts for, >= 0; rows of weight 0 are left out
        raises         ValueError if nothing can be learned from these rows, or for a wrong parameter
        """
        frame, target, weight = self._training_rows(X, y, sample_weight, is_numeric=True)
        self._fit(frame, target.astype(np.float64), weight, ProblemType.REGRESSION)
        return self

    def predict(self, X: Features) -> NDArray[np.float64]:
        """Return (n_rows,) values.

        X         as for `fit`, with the same columns in the same order
        raises    NotFittedError before `fit`; ValueError for other columns, or naming a value that cannot be read
        """
        frame = self._fitted_frame(X)
        with _as_value_errors():
            return self.model_.predict(frame)


@contextmanager
def _as_value_errors() -> Iterator[None]:
    try:
        yield
    except (InvalidRequest, DataFault) as error:
        raise ValueError(str(error)) from error


def _with_pairs(
    frame: pd.DataFrame, target: pd.Series[Any], weight: NDArray[np.float64] | None
) -> tuple[pd.DataFrame, pd.Series[Any], NDArray[np.float64] | None]:
    """Return rows with those repeated whose class has no other row."""
    is_single = ~target.duplicated(keep=False).to_numpy()
    if not is_single.any():
        return frame, target, weight
    places = np.append(np.arange(len(target)), np.flatnonzero(is_single))
    repeated = None if weight is None else weight[places]
    return frame.iloc[places], target.iloc[places], repeated


def _exports_arrow(data: Any) -> bool:
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")


def _table(X: Features) -> pd.DataFrame | None:
    """Return a table of any kind as a DataFrame, None for what is an array, or is to become one."""
    if isinstance(X, pd.DataFrame):
        return X
    if isinstance(X, (pd.Series, np.ndarray)) or not _exports_arrow(X):
        return None
    return pa.table(X).to_pandas()  # type: ignore[no-any-return]


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis([f"x{place}" for place in range(frame.shape[1])], axis=1)


def _free_name(wanted: str, frame: pd.DataFrame, *taken: str) -> str:
    names = {*map(str, frame.columns), *taken}
    while wanted in names:
        wanted += "_"
    return wanted
