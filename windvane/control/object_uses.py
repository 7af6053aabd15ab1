"""What uses objects of S3: models and endpoints that consist of them, and jobs at work that read or write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.artifacts.base import Artifacts, parse_location
from windvane.control.inputs import data_source, manifest_locations
from windvane.domain.candidate import (
    Container,
    ProcessingJob,
    StepStatus,
    TrainingJob,
    TransformJob,
)
from windvane.domain.datasource import DataSource
from windvane.domain.deployment import Endpoint, EndpointStatus, Model
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.domain.resource import Resource
from windvane.errors import InvalidRequest
from windvane.names import Scope
from windvane.store.base import Store, Transaction

_JOBS = tuple(status for status in JobStatus if not status.is_final)
_STEPS = tuple(status for status in StepStatus if not status.is_final)
_ENDPOINTS = tuple(status for status in EndpointStatus if status is not EndpointStatus.DELETING)
_STEP_KINDS: tuple[type[ProcessingJob], ...] = (TrainingJob, ProcessingJob, TransformJob)


@dataclass(frozen=True)
class ObjectUse:
    """A record that uses an object; `kind` is the value of a domain/resource.py `Kind`."""

    kind: str
    name: str
    region: str


@dataclass
class _Objects:
    """The objects that a record uses.

    single       URIs of objects, or of what is written to
    prefixes     of objects that are read
    manifests    URIs of files that name objects to read
    """

    single: set[str]
    prefixes: set[str]
    manifests: set[str]

    def has(self, place: str) -> bool:
        """Return whether an object, or one below a folder with a slash at its end, is among them."""
        if any(place.startswith(prefix) for prefix in self.prefixes):
            return True
        if not place.endswith("/"):
            return place in self.single
        return any(uri.startswith(place) for uri in (*self.single, *self.prefixes))


class ObjectUses:
    """Tells who uses objects before they are deleted."""

    def __init__(self, store: Store, artifacts: Artifacts) -> None:
        self._store = store
        self._artifacts = artifacts

    def of(self, account: str, places: Sequence[str]) -> dict[str, tuple[ObjectUse, ...]]:
        """Return what in an account, in whatever region, uses the objects at each place; none for places that nothing uses.

        places    URIs of objects, or of folders, with a slash at the end
        """
        with self._store.snapshot() as tx:
            using = list(_using(tx, account))
        for _, objects in using:
            for uri in objects.manifests:
                objects.single.update(self._named(account, uri))
        found = {
            place: tuple(
                ObjectUse(str(record.kind), record.name, record.scope.region)
                for record, objects in using
                if objects.has(place)
            )
            for place in places
        }
        return {place: uses for place, uses in found.items() if uses}

    def models_of(self, scope: Scope) -> Mapping[str, frozenset[str]]:
        """Return the names of the models that each endpoint of a scope runs or is to run, by its name: the endpoint knows them
        when its configuration is no more."""
        with self._store.snapshot() as tx:
            endpoints = tx.every(Endpoint, _ENDPOINTS, scope.account)
        return {
            one.name: frozenset(each.variant.model_name for each in (*one.running, *one.desired))
            for one in endpoints
            if one.scope == scope
        }

    def _named(self, account: str, manifest: str) -> Iterator[str]:
        try:
            named = manifest_locations(self._artifacts.of(account), parse_location(manifest))
        except InvalidRequest:
            return  # the job cannot read it, either
        yield from map(str, named)


def _using(tx: Transaction, account: str) -> Iterator[tuple[Resource, _Objects]]:
    for model in tx.every(Model, ("",), account):
        yield model, _Objects(_data_of(model.containers), set(), set())
    for endpoint in tx.every(Endpoint, _ENDPOINTS, account):
        deployed = (*endpoint.running, *endpoint.desired)
        urls = {url for one in deployed for url in _data_of(one.containers)}
        yield endpoint, _Objects(urls, set(), set())
    for job in tx.every(AutoMLJob, _JOBS, account):
        specification = getattr(job.spec.problem, "feature_specification", "")
        found = _Objects({specification} - {""}, set(), set())
        for channel in job.spec.data.channels:
            _add(found, channel.source)
        yield job, found
    for kind in _STEP_KINDS:
        for step in tx.every(kind, _STEPS, account):
            if not step.parent:
                yield step, _of_step(step)


def _data_of(containers: Sequence[Container]) -> set[str]:
    return {one.model_data_url for one in containers} - {""}


def _of_step(step: ProcessingJob) -> _Objects:
    found = _Objects(set(), set(), set())
    if isinstance(step, TransformJob):
        found.single |= _data_of(step.containers) | ({step.transformers} - {""})
    for source, is_output in _sources(step.details):
        if is_output:
            found.single.add(source.uri)
        else:
            _add(found, source)
    return found


def _add(found: _Objects, source: DataSource) -> None:
    if source.is_manifest:
        found.manifests.add(source.uri)
        found.single.add(source.uri)
    else:
        found.prefixes.add(source.uri)


def _sources(told: Any, *, is_output: bool = False) -> Iterator[tuple[DataSource, bool]]:
    """Yield what the request to create a step job names in S3, and whether it is written there."""
    if isinstance(told, dict):
        if isinstance(told.get("S3Uri"), str):
            yield data_source(told), is_output
        if isinstance(told.get("S3OutputPath"), str):
            yield DataSource(told["S3OutputPath"]), True
        for name, value in told.items():
            yield from _sources(value, is_output=is_output or "Output" in name)
    elif isinstance(told, list | tuple):
        for value in told:
            yield from _sources(value, is_output=is_output)
