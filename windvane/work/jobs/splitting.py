"""The processing job that reads and splits the table of an AutoML job, as what is sent back does the same again."""

from __future__ import annotations

from typing import Any

from windvane.control.step_rules import SPECIFICATION_INPUT
from windvane.domain.job import AutoMLJob
from windvane.domain.jobspec import Channel
from windvane.domain.task import Task


def split_inputs(job: AutoMLJob) -> dict[str, dict[str, Any]]:
    """Return the S3Input of each input by its name: the channels by their purpose, and the feature specification."""
    inputs = {str(channel.purpose): _table(channel) for channel in job.spec.data.channels}
    if uri := job.spec.problem.feature_specification:
        inputs[SPECIFICATION_INPUT] = {"S3DataType": "S3Prefix", "S3Uri": uri}
    return inputs


def split_environment(job: AutoMLJob, analysis: Task) -> dict[str, str]:
    """Return the problem as the data were found to pose it, until then as it was asked; weights and the share held out."""
    problem, found = job.spec.tabular, analysis.result or {}
    share = job.spec.data.validation_fraction
    told = {
        "TARGET_ATTRIBUTE_NAME": problem.target,
        "PROBLEM_TYPE": found.get("problem_type") or problem.problem_type,
        "OBJECTIVE": found.get("objective") or problem.objective,
        "SAMPLE_WEIGHT_ATTRIBUTE_NAME": problem.sample_weight,
        "TEXT_COLUMN": job.spec.text_column,
        "VALIDATION_FRACTION": None if share is None else repr(share),
    }
    return {name: str(value) for name, value in told.items() if value}


def _table(channel: Channel) -> dict[str, Any]:
    """Return a channel of an AutoML job as a processing job's S3Input."""
    source = {
        "S3DataType": "ManifestFile" if channel.source.is_manifest else "S3Prefix",
        "S3Uri": channel.source.uri,
    }
    if channel.compression is None:
        return source
    return {**source, "S3CompressionType": channel.compression.value}
