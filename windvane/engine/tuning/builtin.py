"""The other names of each algorithm's hyperparameters: those of SageMaker's built-in algorithms and of the libraries.

source    hyperparameter pages of XGBoost, Linear Learner, LightGBM, CatBoost and k-NN in SageMaker's developer guide;
          parameter pages of xgboost, lightgbm, catboost and scikit-learn
"""

from __future__ import annotations

from collections.abc import Mapping

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.tuning.aliases import (
    SEED,
    Alias,
    Counted,
    Counts,
    Fixed,
    Meaning,
    Refused,
    Rules,
    Says,
)

_BINARY = Meaning(ProblemType.BINARY)
_MULTICLASS = Meaning(ProblemType.MULTICLASS)
_SQUARED = Meaning(ProblemType.REGRESSION, absolute=False)
_ABSOLUTE = Meaning(ProblemType.REGRESSION, MetricName.MAE, absolute=True)

_ONE_THREAD = Fixed(("1", "0", "-1"), "a training job has one thread")
_QUIET = Fixed(("0", "1", "-1"), "libraries write nothing but faults")


def _metrics(**names: MetricName) -> Says:
    return Says({name: Meaning(objective=metric) for name, metric in names.items()})


_XGBOOST: Rules = {
    "n_estimators": Alias("num_round"),
    "num_boost_round": Alias("num_round"),
    "learning_rate": Alias("eta"),
    "min_split_loss": Alias("gamma"),
    "reg_lambda": Alias("lambda"),
    "reg_alpha": Alias("alpha"),
    "seed": Alias(SEED),
    "random_state": Alias(SEED),
    "objective": Says(
        {
            "binary:logistic": _BINARY,
            "multi:softprob": _MULTICLASS,
            "multi:softmax": _MULTICLASS,
            "reg:squarederror": _SQUARED,
            "reg:linear": _SQUARED,
            "reg:absoluteerror": _ABSOLUTE,
        }
    ),
    "eval_metric": _metrics(
        auc=MetricName.AUC,
        logloss=MetricName.LOG_LOSS,
        mlogloss=MetricName.LOG_LOSS,
        error=MetricName.ACCURACY,
        merror=MetricName.ACCURACY,
        f1=MetricName.F1,
        rmse=MetricName.RMSE,
        mse=MetricName.MSE,
        mae=MetricName.MAE,
    ),
    "num_class": Counts(Counted.CLASSES),
    "booster": Fixed(("gbtree",), "trees are boosted"),
    "tree_method": Fixed(("hist",), "trees are grown by histograms"),
    "grow_policy": Fixed(("depthwise",), "trees are grown depth-wise"),
    "sketch_eps": Refused("trees are grown by histograms"),
    "updater": Refused("trees are grown by histograms"),
    "base_score": Refused("it is estimated from the data"),
    "csv_weights": Fixed(("0",), "rows are weighted by the column that '_sample_weight' names"),
    "process_type": Fixed(("default",), "models are trained from scratch"),
    "nthread": _ONE_THREAD,
    "n_jobs": _ONE_THREAD,
    "verbosity": _QUIET,
    "silent": Fixed(("0", "1"), "libraries write nothing but faults"),
}

_LINEAR: Rules = {
    "epochs": Alias("max_iterations"),
    "wd": Alias("wd"),
    "l1": Alias("l1"),
    "positive_example_weight_mult": Alias(
        "positive_example_weight_mult", {"1": "none", "1.0": "none"}
    ),
    "predictor_type": Says(
        {
            "binary_classifier": _BINARY,
            "multiclass_classifier": _MULTICLASS,
            "regressor": Meaning(ProblemType.REGRESSION),
        }
    ),
    "loss": Says(
        {
            "logistic": _BINARY,
            "softmax_loss": _MULTICLASS,
            "squared_loss": _SQUARED,
            "absolute_loss": _ABSOLUTE,
        }
    ),
    "binary_classifier_model_selection_criteria": Says(
        {
            "accuracy": Meaning(ProblemType.BINARY, MetricName.ACCURACY),
            "f1": Meaning(ProblemType.BINARY, MetricName.F1),
            "loss_function": Meaning(ProblemType.BINARY, MetricName.LOG_LOSS),
        }
    ),
    "num_classes": Counts(Counted.CLASSES),
    "feature_dim": Counts(Counted.COLUMNS),
    "use_bias": Fixed(("true",), "an intercept is always fitted"),
    "normalize_data": Fixed(("true",), "columns are always standardised"),
    "normalize_label": Fixed(("true",), "the target is always standardised"),
    "num_models": Fixed(("1",), "one model is trained"),
    "learning_rate": Refused("L-BFGS, which finds the weights, has no such step"),
    "mini_batch_size": Refused("L-BFGS, which fits the weights, uses all rows at once"),
    "optimizer": Refused("the weights are fitted with L-BFGS"),
    "init_method": Refused("all weights start at 0"),
    "lr_scheduler_step": Refused("L-BFGS, which finds the weights, has no such step"),
    "early_stopping_patience": Refused("it stops when 20 iterations brought nothing"),
    "early_stopping_tolerance": Refused("it stops when 20 iterations brought nothing"),
}

_LIGHTGBM: Rules = {
    "num_boost_round": Alias("num_iterations"),
    "num_round": Alias("num_iterations"),
    "n_estimators": Alias("num_iterations"),
    "eta": Alias("learning_rate"),
    "shrinkage_rate": Alias("learning_rate"),
    "max_leaves": Alias("num_leaves"),
    "min_child_samples": Alias("min_data_in_leaf"),
    "colsample_bytree": Alias("feature_fraction"),
    "subsample": Alias("bagging_fraction"),
    "reg_alpha": Alias("lambda_l1"),
    "reg_lambda": Alias("lambda_l2"),
    "early_stopping_round": Alias("early_stopping_rounds"),
    "seed": Alias(SEED),
    "random_state": Alias(SEED),
    "objective": Says(
        {
            "binary": _BINARY,
            "multiclass": _MULTICLASS,
            "softmax": _MULTICLASS,
            "regression": _SQUARED,
            "regression_l2": _SQUARED,
            "regression_l1": _ABSOLUTE,
        }
    ),
    "metric": _metrics(
        auc=MetricName.AUC,
        binary_logloss=MetricName.LOG_LOSS,
        multi_logloss=MetricName.LOG_LOSS,
        binary_error=MetricName.ACCURACY,
        multi_error=MetricName.ACCURACY,
        rmse=MetricName.RMSE,
        l2=MetricName.MSE,
        mse=MetricName.MSE,
        l1=MetricName.MAE,
        mae=MetricName.MAE,
    ),
    "num_class": Counts(Counted.CLASSES),
    "boosting": Fixed(("gbdt",), "trees are boosted"),
    "boosting_type": Fixed(("gbdt",), "trees are boosted"),
    "bagging_freq": Fixed(("1",), "rows are sampled for each tree"),
    "tree_learner": Fixed(("serial",), "training uses one machine"),
    "is_unbalance": Fixed(("false",), "classes are not reweighted; see scale_pos_weight"),
    "num_threads": _ONE_THREAD,
    "verbosity": _QUIET,
}

_CATBOOST: Rules = {
    "num_boost_round": Alias("iterations"),
    "n_estimators": Alias("iterations"),
    "num_trees": Alias("iterations"),
    "eta": Alias("learning_rate"),
    "max_depth": Alias("depth"),
    "reg_lambda": Alias("l2_leaf_reg"),
    "max_bin": Alias("border_count"),
    "colsample_bylevel": Alias("rsm"),
    "od_wait": Alias("early_stopping_rounds"),
    "random_seed": Alias(SEED),
    "random_state": Alias(SEED),
    "loss_function": Says(
        {"Logloss": _BINARY, "MultiClass": _MULTICLASS, "RMSE": _SQUARED, "MAE": _ABSOLUTE}
    ),
    "eval_metric": _metrics(
        AUC=MetricName.AUC,
        Logloss=MetricName.LOG_LOSS,
        MultiClass=MetricName.LOG_LOSS,
        Accuracy=MetricName.ACCURACY,
        F1=MetricName.F1,
        RMSE=MetricName.RMSE,
        MAE=MetricName.MAE,
        R2=MetricName.R2,
    ),
    "classes_count": Counts(Counted.CLASSES),
    "grow_policy": Fixed(("SymmetricTree",), "trees are symmetric"),
    "bootstrap_type": Fixed(("Bayesian",), "rows are sampled with the Bayesian bootstrap"),
    "od_type": Fixed(("Iter",), "it stops when so many iterations brought nothing"),
    "thread_count": _ONE_THREAD,
    "verbose": Fixed(("0", "false"), "libraries write nothing but faults"),
}


def _forest(bootstrap: str) -> Rules:
    return {
        "seed": Alias(SEED),
        "random_state": Alias(SEED),
        "n_jobs": _ONE_THREAD,
        "verbose": Fixed(("0", "false"), "libraries write nothing but faults"),
        "bootstrap": Fixed((bootstrap,), "trees are grown so on up to 30,000 rows"),
        "warm_start": Fixed(("false",), "models are trained from scratch"),
    }


_MLP: Rules = {
    "seed": Alias(SEED),
    "random_state": Alias(SEED),
    "mini_batch_size": Alias("batch"),
    "batch_size": Alias("batch"),
}

_NEIGHBORS: Rules = {
    "k": Alias("n_neighbors"),
    "predictor_type": Says({"classifier": Meaning(), "regressor": Meaning(ProblemType.REGRESSION)}),
    "feature_dim": Counts(Counted.COLUMNS),
    "sample_size": Refused(
        "a model stores all rows; '_rows' sets how many the models of the folds are trained on"
    ),
}

BUILTIN: Mapping[str, Rules] = {
    "xgboost": _XGBOOST,
    "linear-learner": _LINEAR,
    "lightgbm": _LIGHTGBM,
    "catboost": _CATBOOST,
    "randomforest": _forest("true"),
    "extra-trees": _forest("false"),
    "mlp": _MLP,
    "neighbors": _NEIGHBORS,
}
"""By algorithm; one without a table has no other names."""
