"""What a task may read and write in S3: worked out of its job's record, and held against who owns each bucket now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from windvane.artifacts.base import Artifacts, Location, parse_location
from windvane.artifacts.reach import Reach
from windvane.control.inputs import data_source, manifest_locations
from windvane.control.members import found
from windvane.domain.candidate import ProcessingJob, TrainingJob, TransformJob
from windvane.domain.datasource import DataSource
from windvane.domain.job import AutoMLJob
from windvane.domain.task import TaskKind
from windvane.errors import WindvaneError

Permits = Callable[[str], bool]
"""Whether the job's account may use a bucket at all."""

MayRead = Callable[[Location], bool]
"""Whether the job's role may read an object."""

MayWrite = Callable[[Location], bool]
"""Whether the job's role may write an object."""


def reach_of(
    job: AutoMLJob | ProcessingJob,
    kind: TaskKind,
    artifacts: Artifacts,
    permits: Permits,
    role: MayRead,
    writes: MayWrite,
) -> Reach:
    """Return the reach of one task. Objects that a manifest names are those that it names now.

    artifacts    to read manifests
    permits      asked at each request: a manifest may name as many buckets as objects
    role         what the job's role lets it read now
    writes       what it lets it write now
    """
    read: list[Location] = []
    objects: set[Location] = set()
    for source in _sources(job, kind):
        location = parse_location(source.uri)
        if not source.is_manifest:
            read.append(location)
        elif permits(location.bucket) and _may_be_read(location, role):
            read.append(location / "")
            objects |= {location, *_named(artifacts, location)}
        else:
            objects.add(location)
    if isinstance(job, TransformJob):
        urls = [container.model_data_url for container in job.containers]
        objects |= {parse_location(url) for url in (*urls, job.transformers) if url}
    return Reach(
        tuple(read),
        frozenset(objects),
        tuple(_outputs(job)),
        role,
        permits,
        writes,
    )


def role_of(job: AutoMLJob | ProcessingJob) -> str:
    """ARN of the role that a job was given, or its model was; "" where there was none."""
    if isinstance(job, TransformJob):
        return job.role
    if isinstance(job, AutoMLJob):
        return job.spec.role
    return str(job.details.get("RoleArn", ""))


def creator_of(job: AutoMLJob | ProcessingJob) -> str:
    """Return who created a job whose model has no role, as its record keeps them; "" for every other job."""
    return job.creator if isinstance(job, TransformJob) else ""


def _sources(job: AutoMLJob | ProcessingJob, kind: TaskKind) -> Iterator[DataSource]:
    if isinstance(job, AutoMLJob):
        if kind is TaskKind.ANALYZE:
            yield from (channel.source for channel in job.spec.data.channels)
    elif isinstance(job, TransformJob):
        yield from _at(job.details, "TransformInput.DataSource.S3DataSource")
    elif isinstance(job, TrainingJob):
        yield from _at(job.details, "InputDataConfig.*.DataSource.S3DataSource")
    else:
        yield from _at(job.details, "ProcessingInputs.*.S3Input")


def _outputs(job: AutoMLJob | ProcessingJob) -> Iterator[Location]:
    if isinstance(job, AutoMLJob):
        yield parse_location(job.output_root) / ""
    elif isinstance(job, TransformJob):
        yield _folder(job.details["TransformOutput"]["S3OutputPath"])
    elif isinstance(job, TrainingJob):
        yield _folder(job.details["OutputDataConfig"]["S3OutputPath"]) / job.name / ""
    else:
        for _, uri in found(job.details, "ProcessingOutputConfig.Outputs.*.S3Output.S3Uri"):
            yield _folder(uri)


def _at(request: Mapping[str, Any], path: str) -> Iterator[DataSource]:
    for _, value in found(request, path):
        yield data_source(value)


_OF_THE_STORE = (WindvaneError, OSError, BotoCoreError, ClientError)
"""Why an object cannot be looked at: its owner may have seen to that since the job was admitted, in an external store by a
key of its own. The task finds out, and says so; the worker goes on."""


def _may_be_read(manifest: Location, role: MayRead) -> bool:
    try:
        return role(manifest)
    except _OF_THE_STORE:
        return False


def _named(artifacts: Artifacts, manifest: Location) -> list[Location]:
    """Return the objects that a manifest names; none if it cannot be read."""
    try:
        return manifest_locations(artifacts, manifest)
    except _OF_THE_STORE:
        return []


def _folder(uri: str) -> Location:
    location = parse_location(uri.rstrip("/"))
    return location / "" if location.key else location
