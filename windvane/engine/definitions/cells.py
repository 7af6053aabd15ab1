"""The fixed cells of the notebook: text and code into which nothing is put."""

from __future__ import annotations

TITLE = """\
# Candidate definitions

The candidate pipelines of this job: feature transformations, algorithms and hyperparameters, with the code that trains them.
Run the cells from top to bottom to train the candidates; edit them as you like, and run again."""

NEEDS = """\
The code needs Python 3.11 and boto3 only; a run without a service needs windvane. Feature transformation and training run
in the service's images, or in windvane itself."""

SETUP = """\
## Sagemaker Setup

The next cell contains everything that is specific to the job; nothing else in this notebook depends on the data. Edit it as
you like and run the notebook again from there.

- `RUN_ON` is `"server"` to train with training jobs of the service, or `"local"` to train on this machine with `windvane`
  and no service. The environment variable `WINDVANE_NOTEBOOK_RUN_ON` takes precedence.
- boto3 connects to the service as configured by `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
  Without the first one it connects to Amazon.
- `DATASET_FOLDER` is the folder `dataset` of a job on this machine, for local runs. The environment variable
  `WINDVANE_NOTEBOOK_DATASET` takes precedence.
- `max_candidates`, `max_runtime_s` and `max_candidate_s` in `JOB` are the limits of the job. A run of this notebook
  observes them; its time starts with the cell *Job and S3 Configuration*."""

SWITCHES_CODE = """\
import os

RUN_ON = os.environ.get("WINDVANE_NOTEBOOK_RUN_ON", RUN_ON)
DATASET_FOLDER = os.environ.get("WINDVANE_NOTEBOOK_DATASET", DATASET_FOLDER)
if RUN_ON == "server" and JOB["modules"] is None:
    raise RuntimeError("This job ran without a service, so it cannot train with one: set RUN_ON to 'local'.")"""

DOWNLOADING = """\
### Downloading Generated Modules

The modules with the feature recipes and the training helper are downloaded from S3 into a folder next to this notebook.
Existing files are not overwritten, so your changes are kept; delete the folder to restore the original files."""

DOWNLOADING_CODE = """\
import sys
from pathlib import Path

folder = Path(JOB["folder"], "generated_module")
if RUN_ON == "local" and not folder.exists():
    folder = Path("..", "generated_module")
    if not folder.exists():
        raise FileNotFoundError(f"A local run needs the job's folder {folder.resolve()}.")
if RUN_ON == "server":
    import boto3

    s3 = boto3.client("s3", region_name=JOB["region"])
    bucket, _, prefix = JOB["modules"].removeprefix("s3://").partition("/")
    for path in MODULES:
        file = folder / path
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(s3.get_object(Bucket=bucket, Key=f"{prefix}/{path}")["Body"].read())
sys.path.insert(0, str(folder.resolve()))
print("Modules:", folder)"""

CONFIGURATION = """\
### Job and S3 Configuration

`automl` keeps the candidates, the limits and the results. Run this cell again to start over."""

CONFIGURATION_CODE = """\
from autopilot_run import open_run

automl = open_run(JOB, RUN_ON, DATASET_FOLDER)
print("Run on:", RUN_ON)
print("Maximum candidates:", JOB["max_candidates"])
print("Maximum runtime (s):", JOB["max_runtime_s"])"""

GENERATED = """\
## Candidate Pipelines

### Generated Candidates

A pipeline is a feature recipe and an algorithm with hyperparameters. The pipelines below are those that the job's own search
starts with on this table: the defaults of every algorithm first, then variations that performed well on other tables. Fast
pipelines come first, and diverse ones, which help an ensemble, come before variations of the same.

Each pair of cells describes and selects a pipeline. Its title is what the console calls the candidate of the job with the same
number, its name what this notebook calls it. To exclude a pipeline, do not run its second cell. To change it, edit the
cell. To exclude columns, edit `WITHOUT` in the module of its recipe."""

SELECTED = """\
### Selected Candidates

They run in this order, up to the limits."""

SELECTED_CODE = "automl.show_selected()"

TRANSFORMING = """\
## Executing the Candidate Pipelines

### Run Data Transformation Steps

Each recipe's transformers are fitted once on all rows (except separate validation data). To avoid leakage, cross-validation
does not use these fits: there, the transformers are fitted again on the training rows of each fold only."""

TRANSFORMING_CODE = "automl.fit_transformers()"

TUNING = """\
### Multi Algorithm Hyperparameter Tuning

**Objective.** The metric named in `JOB`, on rows that a candidate was not trained on. All candidates are scored on the same
folds, so their scores are comparable.

**Static hyperparameters.** Those without a range in a pipeline's table are fixed. Numbers of rounds are among them: training
stops early, once the score on held-out rows no longer improves.

**Ranges.** As given in each pipeline's cell. Widen or narrow them there.

The selected candidates come first."""

TUNING_CODE = "automl.run_candidates()"

SEARCH = """\
**Search.** Variations follow. One of the best three candidates is chosen, with a higher probability for better ones. With
probability 0.3 all hyperparameters with a range are resampled; otherwise about half of them, at least one, are perturbed. The
same results and the same `SEED` give the same variations. `VARIATIONS` is their maximum number; `None` means as many as the
limits of candidates and time allow."""

SEARCH_CODE = """\
VARIATIONS = None
SEED = 0

automl.search(VARIATIONS, SEED)"""

ENSEMBLE = """\
**Ensemble.** Finally, a weighted mean of candidates is scored like a candidate. `WEIGHTS` maps candidate names to weights with
the sum 1; `None` means equal weights for the best three. If this run may have three candidates or more, one of them is
reserved for the ensemble."""

ENSEMBLE_CODE = """\
WEIGHTS = None

automl.combine(WEIGHTS)"""

RESULTS = """\
## Model Selection and Deployment

### Tuning Job Result Overview

All candidates of this run, best first. Scores are shown with full precision."""

RESULTS_CODE = "automl.show_leaderboard()"

LINKING = """\
### Linking Best Training Job with Feature Pipelines

A model's input is the output of its recipe's transformers; an ensemble includes those of its members. The best candidate, its
features and its hyperparameters:"""

LINKING_CODE = """\
best = automl.best()
print("Candidate:", best.candidate.name)
print("Trained by:", best.place)
for part in best.members or (best,):
    print(part.candidate.name, part.candidate.features, part.candidate.hyperparameters)"""

AGAIN = """\
### Rerun a Candidate of the Job's Leaderboard

The description of a candidate's training job can be submitted to the service again, and gives exactly the same score. For an
ensemble, its members are rerun first, each with its own training job, and then combined with the same weights. Training that
was stopped by the job's time limit stops at the same point again. `CANDIDATE` is the full name of a candidate, which
ListCandidatesForAutoMLJob gives and the console shows beside the short one; `None` means the best one. A rerun counts neither as a candidate of this run nor towards its time limit. A job that only generates
definitions has no leaderboard, and nothing is run."""

AGAIN_CODE = """\
CANDIDATE = None

again = automl.run_again(CANDIDATE)
if again is not None and again.now != again.before:
    raise AssertionError(f"{again.name} scored {again.before!r}, and {again.now!r} this time.")"""

DEPLOYING = """\
### Deploying Best Pipeline

Nothing is deployed unless `DEPLOY` is `True`, or the environment variable `WINDVANE_NOTEBOOK_DEPLOY` is `1`. Then a model, an
endpoint configuration and an endpoint are created for the best candidate of this run. The endpoint exists until you delete it:
`automl.delete(ENDPOINT_NAME)`. Without a service, the model packages for windvane are written to a folder instead."""

DEPLOYING_CODE = """\
DEPLOY = False

deployed = None
if DEPLOY or os.environ.get("WINDVANE_NOTEBOOK_DEPLOY") == "1":
    deployed = automl.deploy(best, ENDPOINT_NAME)"""

INVOKING = """\
An endpoint accepts rows as CSV, with the columns in the order of the training data, without the target. `ROW` is one of them:
fill in the known values by column; all others are missing."""

INVOKING_CODE = """\
import importlib

ROW = {}

if deployed is not None and RUN_ON == "server":
    part = (best.members or (best,))[0]
    recipe = importlib.import_module(f"candidate_data_processors.{part.candidate.recipe}")
    print(automl.invoke(deployed, [recipe.read_features(ROW)]))"""
