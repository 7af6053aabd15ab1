"""Every file of a job that clients see in S3, below `<S3OutputPath>/<job name>/`: the one place that lists them.

Each is written when the stage beside it ends, and is there whole or not at all. docs/artefacts.md is this list.

source    reference of the artefacts' layout: AWS's own jobs
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from windvane.domain.problem import Mode
from windvane.domain.reports import BACKTEST_RESULTS, EXPLANATIONS, INSIGHT_REPORTS
from windvane.domain.task import TaskKind

_PLACE = re.compile(r"\{(\w+)\}")

_PIPELINES = (Mode.AUTO, Mode.TUNING)
_ALL = tuple(Mode)
_CANDIDATES = (TaskKind.TRAIN, TaskKind.ENSEMBLE, TaskKind.BASELINE, TaskKind.PACK)


@dataclass(frozen=True)
class Artefact:
    """A kind of file that jobs leave in S3.

    path    below the job's root; what stands in braces differs from file to file, and {file} may have folders
    stages  that write it
    holds   what is in it
    modes   of jobs that have it
    """

    path: str
    stages: tuple[TaskKind, ...]
    holds: str
    modes: tuple[Mode, ...] = _ALL

    def at(self, **names: str) -> str:
        """Return the path of one file.

        raises    KeyError if a name is missing
        """
        return _PLACE.sub(lambda place: names[place[1]], self.path)

    def folder(self, **names: str) -> str:
        """Return the path up to the first name that is not given, without a slash at its end."""
        known = _PLACE.sub(lambda place: names.get(place[1], place[0]), self.path)
        return known.partition("{")[0].rstrip("/")

    def below(self, **names: str) -> str:
        """Return the path of one file, relative to the folder that all of them are in."""
        folder = self.path.partition("{")[0].rpartition("/")[0]
        return self.at(**names).removeprefix(f"{folder}/")

    def matches(self, path: str) -> bool:
        """Return whether the file at this path, relative to the job's root, is one of these."""
        pattern = ""
        for text, name in re.findall(r"([^{]*)(?:\{(\w+)\})?", self.path):
            pattern += re.escape(text) + {"": "", "file": ".+", "n": "[0-9]+"}.get(name, "[^/]+")
        return re.fullmatch(pattern, path) is not None


WRITE_TEST = Artefact(
    "validations/output_validation",
    (TaskKind.ANALYZE,),
    "Nothing: a test, before the data are read, that the output can be written.",
)
HEADERS = Artefact(
    "preprocessed-data/header/headers.csv",
    (TaskKind.ANALYZE,),
    "One line: the names of the columns of the split data, the target first.",
)
TUNING_DATA = Artefact(
    "preprocessed-data/tuning_data/{part}/chunk_{n}.csv",
    (TaskKind.SPLIT,),
    "The data as they were read, without a header, the target first; parts are `train` and "
    "`validation` (the rows held out by the first fold, or those of the validation channel). "
    "Sample weights are not among them. Dates are ISO 8601 in UTC, missing values are empty. "
    "Chunks have at most 50 MB.",
)
DATASET = Artefact(
    "preprocessed-data/dataset/{file}",
    (TaskKind.SPLIT,),
    "The same as typed arrays, with target, folds and `analysis.json`: what every training job of the job reads.",
)
SAMPLE = Artefact(
    "preprocessed-data/explainability_samples/sample.csv",
    (TaskKind.EXPLAIN,),
    "The rows that were explained, with a header.",
)
NOTEBOOKS = Artefact(
    "sagemaker-automl-candidates/{processing_job}/notebooks/{file}",
    (TaskKind.EXPLORE,),
    "The data exploration notebook, and the page and the PDF of the same content; the candidate definition notebook.",
)
MODULES = Artefact(
    "sagemaker-automl-candidates/{processing_job}/generated_module/{file}",
    (TaskKind.EXPLORE,),
    "The modules of the candidate definition notebook: one per feature recipe, and one that "
    "submits step jobs and waits for them.",
)
TRANSFORMERS = Artefact(
    "data-processor-models/{training_job}/output/model.tar.gz",
    (TaskKind.FEATURES, *_CANDIDATES),
    "The transformers of a recipe, fitted on all rows; those that an ensemble or the baseline needs.",
)
TRANSFORMED = Artefact(
    "transformed-data/{recipe}/csv/{part}/chunk_{n}.csv",
    (TaskKind.TRANSFORM,),
    "The feature matrix of the recipe, fitted on the training rows of the first fold, without a "
    "header, the target (a class as its number) first; of `train` and `validation` the first "
    "rows, as many as `[artifacts] transformed_rows`, fewer of a matrix of more than 200 "
    "features.",
)
MODEL = Artefact(
    "tuning/{pipeline}/{candidate}/output/model.tar.gz",
    _CANDIDATES,
    "The model of a candidate, whose input is the output of the transformers.",
    _PIPELINES,
)
OUTPUT = Artefact(
    "tuning/{pipeline}/{candidate}/output/output.tar.gz",
    _CANDIDATES,
    "`outcome.json`, the candidate's definition and metrics, and `oof.npy`, its predictions for rows it was not trained "
    "on.",
    _PIPELINES,
)
WHOLE = Artefact(
    "sagemaker-automl-candidates/model/{candidate}/model.tar.gz",
    _CANDIDATES,
    "Transformers and model of a candidate in one archive.",
    (Mode.ENSEMBLING,),
)
WHOLE_OUTPUT = Artefact(
    "sagemaker-automl-candidates/model/{candidate}/output.tar.gz",
    OUTPUT.stages,
    OUTPUT.holds,
    WHOLE.modes,
)
FINDINGS = Artefact(
    "preprocessed-data/series/findings.json",
    (TaskKind.ANALYZE,),
    "How many series and steps the rows are, their frequency, the roles that were found for further columns, and findings, "
    "the most severe first.",
)
BACKTESTS = Artefact(
    f"{BACKTEST_RESULTS}/{{candidate}}/{{file}}",
    (TaskKind.TRAIN, TaskKind.ENSEMBLE, TaskKind.BASELINE),
    "`windows.csv`: what the model forecast for each item and step of each backtest window, beside the actual value; "
    "`metrics.json`: all metrics of all windows together, the objective of each window, its standard error, and the share "
    "of values between the outermost quantiles; `outcome.json`, `forecasts.npz` and, of the ensemble, `weights.json`: the same as "
    "reports on demand read it.",
)
EXPLANATION = Artefact(
    f"{EXPLANATIONS}/{{candidate}}/{{file}}",
    (TaskKind.EXPLAIN,),
    "The explainability report of the best candidate, or of a requested one: `analysis.json`, "
    "`analysis_config.json`, `explanations_shap/`, `instance_shap_values.csv`, "
    "`feature_importance.json`, and the report as page, notebook and PDF.",
)
INSIGHTS = Artefact(
    f"{INSIGHT_REPORTS}/{{candidate}}/{{file}}",
    (TaskKind.INSIGHTS,),
    "The model insights report of the same candidates: `statistics.json`, `constraints.json`, "
    "`figures.json` (the data of the charts), `segments.json` (errors by the values of each column), and the report as page, notebook and PDF.",
)
PREDICTIONS = Artefact(
    "documentation/model_monitor/predictions/{candidate}/predictions.csv",
    (TaskKind.INSIGHTS,),
    "The predictions that the model insights report of the best candidate evaluates, without a header: "
    "for each scored row the target, the out-of-fold prediction (classes as their numbers), the "
    "probability of the predicted class (not for regression), and its fold.",
    (Mode.ENSEMBLING,),
)

FORECASTER = replace(
    WHOLE,
    holds="What answers as a candidate does: members, their weights, the width of intervals, and the series that it was fitted "
    "to. `AutoForecast.load` reads it.",
)

SERIES_REPORT = replace(
    NOTEBOOKS,
    holds="The data exploration notebook of the series, and the page and the PDF of the same content.",
)
BACKTEST_REPORT = replace(
    INSIGHTS,
    holds="The backtest report of the best candidate: `figures.json` (the data of the charts), and the report as page, notebook "
    "and PDF.",
)

EFFECT_REPORT = replace(
    EXPLANATION,
    holds="The explainability report of the best candidate: `analysis.json` (how much covariates and holidays matter, in "
    "Clarify's form), `feature_importance.json`, `decompositions.csv` (level, trend, season and effects of each step), "
    "`figures.json` (the data of the charts), and the report as page, notebook and PDF.",
)

FORECAST_LAYOUT = (
    WRITE_TEST,
    FINDINGS,
    BACKTESTS,
    FORECASTER,
    SERIES_REPORT,
    EFFECT_REPORT,
    BACKTEST_REPORT,
)
"""Of a forecasting job."""

LAYOUT = (
    WRITE_TEST,
    HEADERS,
    TUNING_DATA,
    DATASET,
    SAMPLE,
    NOTEBOOKS,
    MODULES,
    TRANSFORMERS,
    TRANSFORMED,
    MODEL,
    OUTPUT,
    WHOLE,
    WHOLE_OUTPUT,
    EXPLANATION,
    INSIGHTS,
    PREDICTIONS,
)
