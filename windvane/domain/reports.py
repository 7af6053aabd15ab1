"""Reports on a candidate: where they lie, and the processing job that makes them where they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from windvane.domain.candidate import Candidate, ProcessingJob
from windvane.domain.images import EXPLAINER, image_uri
from windvane.domain.job import AutoMLJob
from windvane.titles import candidate_title

EXPLANATIONS = "documentation/explainability/output"
INSIGHT_REPORTS = "documentation/model_monitor/output"
"""Below the job's root; those on a candidate lie in a folder of its name."""

BACKTESTS, BACKTEST_RESULTS = "backtests", "backtest-results"
"""The input of a report on a forecast, and the folder of all backtests, below the job's root."""

EXPORTS = "exports"
"""Below the job's root: models in forms that need no Windvane, each in a folder of its candidate's name."""

_EXPLANATION, _INSIGHTS, _ONNX = "explanation", "insights", "onnx"
_LOCAL = "/opt/ml/processing"
_CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
_AN_HOUR = {"MaxRuntimeInSeconds": 3600}


def explanations_of(job: AutoMLJob) -> str:
    """Return the S3 prefix of the explanations of its candidates."""
    return f"{job.output_root}/{EXPLANATIONS}"


def insights_of(job: AutoMLJob) -> str:
    """Return the S3 prefix of what is said of its candidates' quality."""
    return f"{job.output_root}/{INSIGHT_REPORTS}"


def exports_of(job: AutoMLJob) -> str:
    """Return the S3 prefix of what its candidates' models were exported as."""
    return f"{job.output_root}/{EXPORTS}"


def report_job_name(candidate: Candidate, attempt: int) -> str:
    """Return the name of the processing job of this attempt, counted from 1: the same whenever it is asked."""
    return f"{candidate.name}-reports-{attempt}"


def inputs_of_table(candidate: Candidate, dataset: str) -> dict[str, str]:
    """Return the inputs of reports on a candidate of a table.

    dataset    S3 prefix of the job's data, as typed and split
    """
    return {"dataset": dataset, **_artefacts(candidate)}


def inputs_of_forecast(job: AutoMLJob, candidate: Candidate) -> dict[str, str]:
    """Return the inputs of reports on a candidate of a forecasting job: its package, and the backtests of all."""
    (container,) = candidate.containers
    backtests = f"{job.output_root}/{BACKTEST_RESULTS}"
    return {BACKTESTS: backtests, "model": container.model_data_url}


def report_request(
    job: AutoMLJob, candidate: Candidate, inputs: Mapping[str, str], name: str
) -> dict[str, Any]:
    """Return the parameters of CreateProcessingJob for the reports on a finished candidate whose model is there; of a table
    with the model as an ONNX file.

    inputs    S3 locations by the names of inputs
    name      of the processing job
    """
    outputs = {_EXPLANATION: explanations_of(job), _INSIGHTS: insights_of(job)}
    if not job.is_forecast:
        outputs[_ONNX] = exports_of(job)
    return {
        "ProcessingJobName": name,
        "AppSpecification": {"ImageUri": image_uri(job.scope, EXPLAINER)},
        "RoleArn": job.spec.role,
        "ProcessingInputs": [
            {
                "InputName": one,
                "S3Input": {
                    "S3Uri": uri,
                    "LocalPath": f"{_LOCAL}/{one}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for one, uri in inputs.items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": one,
                    "S3Output": {
                        "S3Uri": uri,
                        "LocalPath": f"{_LOCAL}/{one}",
                        "S3UploadMode": "EndOfJob",
                    },
                }
                for one, uri in outputs.items()
            ],
            **({"KmsKeyId": job.output_key} if job.output_key else {}),
        },
        "ProcessingResources": {
            "ClusterConfig": {
                **_CLUSTER,
                **({"VolumeKmsKeyId": job.volume_key} if job.volume_key else {}),
            }
        },
        "StoppingCondition": _AN_HOUR,
        "Environment": {
            "CANDIDATE_NAME": candidate.name,
            "CANDIDATE_TITLE": candidate_title(candidate.algorithm, candidate.index),
        },
    }


def reported(candidate: Candidate, made_by: ProcessingJob) -> Candidate:
    """Return the candidate with the reports of a processing job that is Completed."""
    outputs = outputs_of(made_by)
    return replace(
        candidate, explainability=outputs[_EXPLANATION], model_insights=outputs[_INSIGHTS]
    )


def outputs_of(job: ProcessingJob) -> Mapping[str, str]:
    """S3 prefixes by the names of its outputs."""
    outputs = job.details.get("ProcessingOutputConfig", {}).get("Outputs", ())
    return {one["OutputName"]: one["S3Output"]["S3Uri"] for one in outputs}


def _artefacts(candidate: Candidate) -> dict[str, str]:
    """A pipeline's first container has the transformers, its second the model; a container alone has both."""
    first, *others = (container.model_data_url for container in candidate.containers)
    packages = {"model": others[0], "transformers": first} if others else {"model": first}
    beside = packages["model"].rpartition("/")[0]
    return {**packages, "output": f"{beside}/output.tar.gz"}
