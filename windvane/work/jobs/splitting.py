"""The processing job that reads and splits the table of an AutoML job, as what is sent back does the same again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.control.data_rules import FRACTION, SPECIFICATION, training_channel
from windvane.control.members import first
from windvane.control.step_rules import SPECIFICATION_INPUT
from windvane.domain.job import AutoMLJob
from windvane.domain.task import Task


def split_inputs(job: AutoMLJob) -> dict[str, dict[str, Any]]:
    """Name -> S3Input: the channels by their types, and the feature specification."""
    inputs = {
        channel.get("ChannelType", "training"): _table(channel)
        for channel in job.request["InputDataConfig"]
    }
    if uri := first(job.request, SPECIFICATION):
        inputs[SPECIFICATION_INPUT] = {"S3DataType": "S3Prefix", "S3Uri": uri}
    return inputs


def split_environment(job: AutoMLJob, analysis: Task) -> dict[str, str]:
    """The problem as the data were found to pose it, until then as it was asked; weights and the share held out."""
    request, found = job.request, analysis.result or {}
    objective = request.get("AutoMLJobObjective", {}).get("MetricName")
    channel, share = training_channel(request), first(request, FRACTION)
    told = {
        "TARGET_ATTRIBUTE_NAME": channel["TargetAttributeName"],
        "PROBLEM_TYPE": found.get("problem_type") or request.get("ProblemType"),
        "OBJECTIVE": found.get("objective") or objective,
        "SAMPLE_WEIGHT_ATTRIBUTE_NAME": channel.get("SampleWeightAttributeName"),
        "VALIDATION_FRACTION": None if share is None else repr(share),
    }
    return {name: value for name, value in told.items() if value}


def _table(channel: Mapping[str, Any]) -> dict[str, Any]:
    """A channel of an AutoML job as a processing job's S3Input."""
    source = channel["DataSource"]["S3DataSource"]
    if "CompressionType" not in channel:
        return dict(source)
    return {**source, "S3CompressionType": channel["CompressionType"]}
