"""The terms that pages and reports use, each with one meaning; docs/glossary.md is the same table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

TERMS: Mapping[str, str] = MappingProxyType(
    {
        "accuracy": (
            "The share of rows whose class is predicted correctly. If one class is rare, predicting "
            "the other one always is accurate too: compare it with the baseline."
        ),
        "ARN": (
            "Amazon Resource Name: the full name of a job, model, endpoint or key, with its account and "
            "region. AWS clients and policies name things by it."
        ),
        "AUC": (
            "The area under the ROC curve: the probability that a random positive row gets a "
            "higher score than a random negative one. 0.5 is random, 1 is perfect."
        ),
        "autocorrelation": (
            "The correlation of the values of a series with those a number of steps earlier, its lag. "
            "A peak at the lag of a season shows that the season repeats."
        ),
        "background data": (
            'Rows of the training data that stand for "unknown" when a prediction is explained '
            "by sampling: values of the explained row are replaced by theirs."
        ),
        "backtest": (
            "A test of a forecasting model on the past: it is given the series as they were at some "
            "moment, and its forecast is compared with what came. Each such moment, with the steps of "
            "the horizon after it, is a window."
        ),
        "base rate": "The share of the rows of a group that are positive, whatever the model predicts.",
        "baseline": (
            "The simplest model, which ignores all columns and predicts the same for every row "
            "(the class frequencies, or the mean or median of the target). Any useful model beats "
            "it. In reports, the baseline of a metric is the best value that such a model can reach."
        ),
        "baseline prediction": (
            "The average prediction, to which the SHAP values of a row are added to get its "
            "prediction; also called base value or expected value."
        ),
        "calibration": (
            "Whether predicted probabilities match observed frequencies: of the rows predicted at "
            "30 %, about 30 % should be positive. Windvane calibrates with temperature scaling."
        ),
        "calibration error": (
            "The expected calibration error (ECE): the difference between predicted probability "
            "and observed share, averaged over bins of rows."
        ),
        "candidate": (
            "A trained pipeline (feature recipe, algorithm, hyperparameters) or an ensemble of such "
            "pipelines. Each candidate has a score and is one row of the leaderboard."
        ),
        "confusion matrix": "The number of rows for each pair of actual and predicted class.",
        "covariate": (
            "A column that may explain a target over time, such as a price or a promotion. It is known "
            "in advance if its values are there for the steps to be forecast; a past covariate is known "
            "up to the last value of its series alone."
        ),
        "coverage": (
            "The share of rows whose actual value lies within the prediction interval. A 90 % "
            "interval should have a coverage of 90 %."
        ),
        "cross-fitted": "An ensemble's score is cross-fitted if every row is predicted with weights that were fitted without "
        "the row's fold: then the fitting of the weights does not make the score too good.",
        "cross-validation": (
            "Each of several folds is predicted by a model trained on the other folds, so that "
            "every training row gets a prediction by a model that has not seen it."
        ),
        "data-parallel": "Training of one model by several nodes, each with a share of the rows.",
        "demand pattern": (
            "What zeros a series has: smooth and erratic series have few, intermittent and lumpy ones "
            "many; the sizes of erratic and lumpy ones vary much."
        ),
        "disparate impact": (
            "The selection rate of a group divided by that of another: 1 if the model predicts the "
            "positive class equally often in both. Among several groups, the smallest selection rate divided "
            "by the largest."
        ),
        "duplicates": (
            "Rows that are equal in all features and the target. They stay in the same fold, "
            "unless more than 20 % of all rows have copies."
        ),
        "early stopping": (
            "Ending training once the score on validation rows no longer improves. A candidate "
            "that was stopped early was ended because it was clearly worse than another one, or "
            "because of the time limit."
        ),
        "endpoint": "A deployed model that answers requests over HTTP, as in SageMaker.",
        "ensemble": (
            "A weighted average of the predictions of several candidates, its members; possibly "
            "followed by a second layer (see stacking)."
        ),
        "F1": (
            "The harmonic mean of precision and recall, from 0 to 1: high only if most positive rows "
            "are found and most positive predictions are correct."
        ),
        "feature recipe": (
            "The feature transformations applied to the columns of a table, fitted on training "
            "rows: imputation, scaling, encodings, date and text features. Its short name is dpp0 "
            "to dpp4."
        ),
        "feature transformation": (
            "A single step of a feature recipe, such as one-hot encoding, target encoding or "
            "standardisation."
        ),
        "fold": "One of the parts into which the training rows are divided for cross-validation.",
        "hold-out": (
            "A part of the rows that is not used for training, only for scoring; used instead of "
            "cross-validation on large tables, or on request."
        ),
        "horizon": ("The number of steps to forecast."),
        "hyperparameter": (
            "A setting of an algorithm that is chosen before training, such as the learning rate "
            "or the number of trees."
        ),
        "latency percentile": (
            "The time within which a share of the requests was answered: p50 is the median, 95 % were "
            "answered within the p95 and 99 % within the p99."
        ),
        "leaderboard": "All candidates of a job, ranked by the objective.",
        "leakage": (
            "Information in the training data that is not available when predictions are made, "
            "such as a column derived from the target. Scores are then better than predictions on "
            "new data will be."
        ),
        "learning curve": (
            "The score on the same held-out rows by the number of rows learnt from. Where it is flat, more rows do not help."
        ),
        "lift": (
            "How many times more positive rows the top-ranked rows contain than a random "
            "selection of the same size."
        ),
        "log loss": (
            "The mean of minus the logarithm of the probability that was predicted for the actual "
            "class. Lower is better; a confident wrong prediction costs most."
        ),
        "MAE": (
            "Mean absolute error: how far predictions are off on average, in the unit of the target."
        ),
        "MAPE": (
            "Mean absolute percentage error: the absolute error of the median forecast as a share of "
            "the actual value, averaged over all steps whose value is not 0."
        ),
        "MASE": (
            "Mean absolute scaled error: the mean absolute error of the median forecast, divided by "
            "the mean absolute change of the series from one season to the next. Below 1, a forecast "
            "is better than repeating the last season usually was."
        ),
        "model insights report": (
            "How well a candidate predicts rows it was not trained on: metrics, curves, "
            "calibration, thresholds. The developer guide of SageMaker also calls it the model "
            "quality or performance report."
        ),
        "MSE": (
            "Mean squared error: the average of the squared errors, in the square of the target's "
            "unit. Its root is the RMSE."
        ),
        "objective": (
            "The metric by which candidates are ranked and which they are tuned for, such as AUC, "
            "F1 or MSE."
        ),
        "one-hot encoding": (
            "A category as one feature per value, 1 where the row has this value and 0 elsewhere."
        ),
        "out-of-fold": (
            "In cross-validation, the out-of-fold prediction of a row is made by the model that "
            "was not trained on the row's fold. Candidates are scored, and the weights of "
            "ensembles fitted, on out-of-fold predictions."
        ),
        "outlier": (
            "A value more than 3 interquartile ranges outside the quartiles; an extreme outlier "
            "lies more than twice as far out as any other value of its column."
        ),
        "Pareto front": (
            "The candidates for which no other candidate is both better and faster: the best "
            "trade-offs of score and latency."
        ),
        "paired test": (
            "A test of the difference of two candidates on the same rows. What makes a row easy or "
            "hard for both cancels out, so that smaller differences are clear than the standard "
            "errors of the two scores suggest."
        ),
        "partial dependence": (
            "The average prediction when one column is set to the same value in every row, as a "
            "function of this value. Correlations with other columns are ignored."
        ),
        "permutation importance": (
            "The loss in score when the values of a column are shuffled. Windvane reports the "
            "mean absolute SHAP value as feature importance instead; both estimate how much a "
            "model relies on a column."
        ),
        "precision, recall": (
            "Of the rows predicted positive, the share that is positive; of the positive rows, "
            "the share that is predicted positive. F1 is their harmonic mean."
        ),
        "prediction interval": (
            "A range that contains the actual value with a stated probability, such as 90 %."
        ),
        "prediction power": (
            "How well a single column predicts the target on unseen rows, from 0 (not at all) to "
            "1 (perfectly): a check for leakage."
        ),
        "quantile": (
            "The value that a share of all outcomes does not exceed: the actual value should be at "
            "most p90 in nine of ten cases. The p50 is the median."
        ),
        "R2": (
            "The share of the differences between the target's values that a model explains: 1 is "
            "perfect, 0 is as good as always predicting the mean, and it can be negative."
        ),
        "refit": (
            "Training a candidate again on all rows, after its score was measured by cross-"
            "validation or on a hold-out."
        ),
        "residual": "The actual value minus the predicted value.",
        "RMSE": (
            "Root mean squared error: a typical size of an error, in the unit of the target. Large "
            "errors count more than in the MAE."
        ),
        "sample weight": "How much a row counts in training and scoring.",
        "seasonal naive forecast": (
            "Repeats the last season: every other forecast should be better."
        ),
        "seasonal strength": (
            "The share of the variance of a series without its trend that its season explains, from 0 "
            "(none) to 1."
        ),
        "selection rate": (
            "The share of the rows of a group that the model predicts positive. The demographic parity "
            "difference is the largest selection rate among groups minus the smallest; the equal "
            "opportunity difference is the same of true positive rates; the equalized odds difference is "
            "the larger of the same of true and of false positive rates."
        ),
        "SHAP value": (
            "The contribution of a column to one prediction (Shapley value). The SHAP values of a "
            "row and the baseline prediction add up to its prediction."
        ),
        "skewness": (
            "The asymmetry of a distribution: 0 if symmetric, above 0 if the right tail is longer."
        ),
        "stacking": (
            "A second layer: a model trained on the out-of-fold predictions of the members of an "
            "ensemble."
        ),
        "standard deviation": (
            "In model insights reports: how much a metric varies between the folds (or parts of "
            "the hold-out)."
        ),
        "standard error": (
            "The uncertainty of a score because it was measured on a limited number of rows; "
            "shown as ± behind the score. If two scores differ by less than about twice the "
            "standard error of their difference, they are not clearly different."
        ),
        "static column": (
            "A column that has the same value in all rows of a series, such as the kind of a product."
        ),
        "target": "The column to predict.",
        "target encoding": (
            "A category as the (smoothed) mean of the target over training rows of this category; "
            "computed on other rows than the encoded one to avoid leakage."
        ),
        "threshold": (
            "In binary classification, a row is predicted positive if its probability is at least the "
            "threshold. It is tuned for the objective if the objective depends on it."
        ),
        "true positive rate, false positive rate": (
            "The share of the positive rows that are predicted positive (the recall), and the share of the negative "
            "rows that are. Specificity is 1 minus the false positive rate."
        ),
        "validation data": (
            "Rows used for scoring candidates, choosing among them and tuning weights and "
            "thresholds, never for training: a separate channel, a hold-out, or in cross-"
            "validation each fold in turn."
        ),
        "variant": (
            "One of the models of an endpoint, with its own weight and number of processes. Requests are "
            "distributed among the variants by their weights; most endpoints have one variant."
        ),
        "WAPE": (
            "Weighted absolute percentage error: the sum of absolute errors of the median forecast, "
            "divided by the sum of absolute actual values."
        ),
        "weighted quantile loss": (
            "The loss of quantile forecasts (AverageWeightedQuantileLoss, WQL): errors count by how "
            "unlikely the quantile says they are, in sum over all series and steps, divided by the "
            "sum of absolute actual values, on average over the quantiles. 0 is perfect; for the "
            "median alone it is the WAPE."
        ),
        "winner's curse": (
            "The best of many candidates looks better than it is, because it was selected by its "
            "(uncertain) score. Windvane states how large this effect is expected to be for the best candidate."
        ),
    }
)
"""What each means, a sentence or two."""
