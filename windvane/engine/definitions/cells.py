"""The fixed cells of the notebook: text and code into which nothing is put."""

from __future__ import annotations

TITLE = """\
# Candidate definitions

What this job tries on the data, in plain words, with the code that does it. Run the cells from top to bottom to train the
candidates; change what you like, and run again."""

NEEDS = """\
The code needs Python 3.11 with boto3 and nothing else; a run without a service needs windvane. Features are made and models
are trained by the service's images, or by windvane itself."""

SETUP = """\
## Sagemaker Setup

The next cell is what this notebook knows of the job; nothing else in it depends on the data. Change it as you like and
run again from there.

- `RUN_ON` is `"server"` to train with the training jobs of the service, or `"local"` to train on this machine with
  `windvane` imported and no service. The environment variable `WINDVANE_NOTEBOOK_RUN_ON` goes before it.
- The service is found as boto3 finds it: `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`. Without the
  first one boto3 asks Amazon.
- `DATASET_FOLDER` is the folder `dataset` of a job on this machine, for local runs. The environment variable
  `WINDVANE_NOTEBOOK_DATASET` goes before it.
- `max_candidates`, `max_runtime_s` and `max_candidate_s` in `JOB` are the job's own limits. A run of this notebook keeps
  to them; its time begins with the cell *Job and S3 Configuration*."""

SWITCHES_CODE = """\
import os

RUN_ON = os.environ.get("WINDVANE_NOTEBOOK_RUN_ON", RUN_ON)
DATASET_FOLDER = os.environ.get("WINDVANE_NOTEBOOK_DATASET", DATASET_FOLDER)
if RUN_ON == "server" and JOB["modules"] is None:
    raise RuntimeError("This job ran without a service, so there is none to train with: set RUN_ON to 'local'.")"""

DOWNLOADING = """\
### Downloading Generated Modules

The modules that describe the features, and the helper that trains, are fetched from S3 into a folder beside this notebook.
Files that are there already stay as they are, so your changes are kept; delete the folder to have them as they were."""

DOWNLOADING_CODE = """\
import sys
from pathlib import Path

folder = Path(JOB["folder"], "generated_module")
if RUN_ON == "local" and not folder.exists():
    folder = Path("..", "generated_module")
    if not folder.exists():
        raise FileNotFoundError("A local run needs the job's folder generated_module, beside the folder of this notebook.")
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

`automl` keeps the candidates, the limits and the results. Run this cell again to begin anew."""

CONFIGURATION_CODE = """\
from autopilot_run import open_run

automl = open_run(JOB, RUN_ON, DATASET_FOLDER)
print("Run on:", RUN_ON)
print("Candidates at most:", JOB["max_candidates"])
print("Seconds at most:", JOB["max_runtime_s"])"""

GENERATED = """\
## Candidate Pipelines

### Generated Candidates

A pipeline is a recipe of features and an algorithm with hyperparameters. Those below are the ones that the job's own search
begins with on this table: defaults of every algorithm first, then variations that have proved their worth. What is quick
comes early, and what errs differently, for the ensemble, comes before variations of the same.

Each pair of cells describes a pipeline and selects it. To leave a pipeline out, do not run its second cell. To change it,
change the cell. To change which columns it uses, change `WITHOUT` in the module of its recipe."""

SELECTED = """\
### Selected Candidates

They run in this order, as many as the limits allow."""

SELECTED_CODE = "automl.show_selected()"

TRANSFORMING = """\
## Executing the Candidate Pipelines

### Run Data Transformation Steps

Each recipe's transformers are fitted once on all rows (but those of validation data of their own). For honest scores candidates do not use these fits: there, the
transformers are fitted again on the training rows of each fold alone."""

TRANSFORMING_CODE = "automl.fit_transformers()"

TUNING = """\
### Multi Algorithm Hyperparameter Tuning

**Objective.** The metric named in `JOB`, on rows that a candidate did not train on. All candidates are scored on the same
folds, so their scores can be compared.

**Static hyperparameters.** Those that a pipeline's table shows without a range stay as they are. Numbers of rounds are among
them: training stops early, when rows held out no longer gain.

**Ranges.** Those of each pipeline's cell. Widen or narrow them there.

The selected candidates come first."""

TUNING_CODE = "automl.run_candidates()"

SEARCH = """\
**Search.** Then come variations. One of the best three candidates is taken, the better the likelier. With a chance of 0.3 all
hyperparameters that have a range are drawn anew from it; otherwise about half of them are moved a little, and at least one.
The same results and the same `SEED` give the same variations. `VARIATIONS` is how many there are at most; `None` is as many as
the candidates and the time of this run allow."""

SEARCH_CODE = """\
VARIATIONS = None
SEED = 0

automl.search(VARIATIONS, SEED)"""

ENSEMBLE = """\
**Ensemble.** Last, a weighted mean of candidates is scored like a candidate. `WEIGHTS` gives the weights by the candidates'
names, with the sum 1; `None` is equal weights of the best three. Where this run may have three candidates or more, one place
is kept for it."""

ENSEMBLE_CODE = """\
WEIGHTS = None

automl.combine(WEIGHTS)"""

RESULTS = """\
## Model Selection and Deployment

### Tuning Job Result Overview

Every candidate of this run, best first. Scores are given to the last digit."""

RESULTS_CODE = "automl.show_leaderboard()"

LINKING = """\
### Linking Best Training Job with Feature Pipelines

A model takes what its recipe's transformers make; an ensemble brings those of its members. The best one, its features and
what it was trained with:"""

LINKING_CODE = """\
best = automl.best()
print("Candidate:", best.candidate.name)
print("Trained by:", best.place)
for part in best.members or (best,):
    print(part.candidate.name, part.candidate.features, part.candidate.hyperparameters)"""

AGAIN = """\
### Run a Candidate of the Job's Leaderboard Again

What the service says of a candidate's training job can be sent to it again, and gives the same score to the last digit; of an
ensemble, its members are run again first, each with its own training job, and then weighted as before. Training that the
job's time cut short stops at the same place again. `CANDIDATE` is a name on the job's leaderboard; `None` is the best one.
This counts neither as a candidate of this run nor against its time. A job that was to generate definitions only has no
leaderboard, and nothing is run."""

AGAIN_CODE = """\
CANDIDATE = None

again = automl.run_again(CANDIDATE)
if again is not None and again.now != again.before:
    raise AssertionError(f"{again.name} scored {again.before!r}, and {again.now!r} this time.")"""

DEPLOYING = """\
### Deploying Best Pipeline

Nothing is deployed unless `DEPLOY` is `True`, or the environment variable `WINDVANE_NOTEBOOK_DEPLOY` is `1`. Then the best
candidate of this run becomes a model, an endpoint configuration and an endpoint. The endpoint stays until you delete it:
`automl.delete(ENDPOINT_NAME)`. Without a service, the packages that windvane answers from are written to a folder instead."""

DEPLOYING_CODE = """\
DEPLOY = False

deployed = None
if DEPLOY or os.environ.get("WINDVANE_NOTEBOOK_DEPLOY") == "1":
    deployed = automl.deploy(best, ENDPOINT_NAME)"""

INVOKING = """\
An endpoint takes rows as CSV, columns in the order of the training data without the target. `ROW` is one of them: fill in what
is known, by column; the rest is missing."""

INVOKING_CODE = """\
import importlib

ROW = {}

if deployed is not None and RUN_ON == "server":
    part = (best.members or (best,))[0]
    recipe = importlib.import_module(f"candidate_data_processors.{part.candidate.recipe}")
    print(automl.invoke(deployed, [recipe.read_features(ROW)]))"""
