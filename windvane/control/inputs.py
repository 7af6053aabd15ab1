"""The input of a job: which objects an S3 data source stands for, and what must be true of it before a job
is accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from windvane.artifacts.base import (
    Artifacts,
    Location,
    ObjectInfo,
    parse_location,
    read_at_most,
)
from windvane.control.members import Request
from windvane.control.roles import Action, Grant
from windvane.domain.datasource import DataSource
from windvane.domain.features import (
    NO_FILE,
    FeatureSpecification,
    FeatureType,
    SpecificationFile,
    read_specification,
)
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.jobspec import DataSpec, Problem
from windvane.errors import InvalidRequest, NoObjects, OutputBucketMissing
from windvane.jsonsize import count_values
from windvane.names import Scope

MOST_LOOKED_AT = 100_000
"""Objects of an input, before its job is admitted."""

MAX_MANIFEST_BYTES = 16 * 1024**2
MOST_NAMED = 100_000
"""Objects of a manifest."""

_MOST_VALUES = 16 * MOST_NAMED
"""Of a manifest; some keys have commas and brackets too."""

MAX_SPECIFICATION_BYTES = 1024**2


def data_source(source: Request) -> DataSource:
    """Translate an S3DataSource, or the S3Input of a processing job."""
    return DataSource(source["S3Uri"], source.get("S3DataType") == "ManifestFile")


def check_input(artifacts: Artifacts, scope: Scope, grant: Grant, source: DataSource) -> None:
    """Check that the role may read the input of a job, and that it is there.

    raises    InvalidRequest if the role may not read it, if nothing is there, or if a manifest is malformed
              or names what does not exist
    """
    location = parse_location(source.uri)
    if source.is_manifest:
        named = _named_readably(artifacts, grant, location)
        for item in named:
            grant.require(Action.GET, item.bucket, item.key)
        for item in named:
            grant.require_decryption(_info_of_named(artifacts, item, location))
        return
    grant.require(Action.LIST, location.bucket, location.key)
    found = False
    for info in islice(_under_prefix(artifacts, location), MOST_LOOKED_AT):
        if not found or info.kms_key:
            grant.require_read(info)
        found = True
    if not found:
        raise NoObjects(
            f'No S3 objects found under S3 URL "{source.uri}" given in input data source. Please '
            f"ensure that the bucket exists in the selected region ({scope.region}), that objects "
            f'exist under that S3 prefix, and that the role "{grant.role_arn}" has '
            f'"s3:ListBucket" permissions on bucket "{location.bucket}".'
        )


def readable_objects(
    artifacts: Artifacts, grant: Grant, source: DataSource
) -> Iterator[ObjectInfo]:
    """Yield what input_objects does, as far as the role may read it: it is asked before anything is looked for, so that
    nobody learns which objects there are where they may not read.

    raises    InvalidRequest besides if the role may not list the prefix, or read the manifest or an object
    """
    location = parse_location(source.uri)
    if not source.is_manifest:
        grant.require(Action.LIST, location.bucket, location.key)
        for info in _under_prefix(artifacts, location):
            grant.require_read(info)
            yield info
        return
    for item in _named_readably(artifacts, grant, location):
        grant.require(Action.GET, item.bucket, item.key)
        info = _info_of_named(artifacts, item, location)
        grant.require_decryption(info)
        yield info


def _named_readably(artifacts: Artifacts, grant: Grant, manifest: Location) -> list[Location]:
    """Return what a manifest names that the role may read; of what it names that is yet to be asked."""
    grant.require(Action.GET, manifest.bucket, manifest.key)
    if (info := artifacts.info(manifest)) is not None:
        grant.require_read(info)
    return manifest_locations(artifacts, manifest)


def check_output(
    artifacts: Artifacts, scope: Scope, grant: Grant, uri: str, below: str = ""
) -> None:
    """Check that a job may write its output to a place.

    below     the folder that the job makes for itself there; "" if it makes none

    raises    InvalidRequest if the role may not write there; OutputBucketMissing
    """
    location = parse_location(uri)
    bucket, parts = location.bucket, (location.key.rstrip("/"), below)
    grant.require(Action.PUT, bucket, "".join(f"{part}/" for part in parts if part))
    if not artifacts.bucket_exists(bucket):
        raise OutputBucketMissing(bucket, uri, scope.region, grant.role_arn)


def check_specification(
    artifacts: Artifacts, grant: Grant, problem: Problem, data: DataSpec
) -> SpecificationFile:
    """Return what the feature specification file of a problem says; all features if there is none.

    raises    InvalidRequest if the role may not read it, if it is missing or malformed, or if it says how to split rows
              where a validation channel has
    """
    if not problem.feature_specification:
        return NO_FILE
    location = parse_location(problem.feature_specification)
    grant.require(Action.GET, location.bucket, location.key)
    if (info := artifacts.info(location)) is not None:
        grant.require_read(info)
    told = specification_at(artifacts, location, problem.kept_apart)
    if isinstance(problem, ForecastSpec):
        _check_covariates(told.features, location)
    if told.split_key:
        _check_split(
            f'The feature specification file "{location}" has {told.split_key}', problem, data
        )
    return told


def _check_covariates(features: FeatureSpecification, location: Location) -> None:
    """Check that features are what forecasts can be made with.

    raises    InvalidRequest naming one that is not
    """
    for name, kind in features.types.items():
        if kind not in (FeatureType.NUMERIC, FeatureType.CATEGORICAL):
            raise InvalidRequest(
                f"The feature specification file \"{location}\" gives '{name}' the type {kind}; features of a forecast are "
                f"{FeatureType.NUMERIC} or {FeatureType.CATEGORICAL}."
            )


def _check_split(told: str, problem: Problem, data: DataSpec) -> None:
    """Check that there are rows to be split by a column.

    told      what says so
    raises    InvalidRequest
    """
    if isinstance(problem, ForecastSpec):
        raise InvalidRequest(
            f"{told}, which is for tables: forecasts are always scored on later times. Leave it out."
        )
    if data.validation is not None:
        raise InvalidRequest(
            f"{told}, and there is a validation channel: its rows are the ones that are validated, so there is nothing to "
            "split. Leave one of the two out."
        )


def specification_at(
    artifacts: Artifacts, location: Location, apart: Mapping[str, str]
) -> SpecificationFile:
    """Read a feature specification file.

    apart     columns that cannot be features -> what they are
    raises    InvalidRequest if the file is missing, too large or not of the documented form
    source    AutoMLCandidateGenerationConfig in SageMaker's API reference
    """
    info = artifacts.info(location)
    if info is None:
        raise InvalidRequest(
            f'Could not find the feature specification file "{location}". Please ensure that the object exists.'
        )
    text = read_at_most(artifacts, location, MAX_SPECIFICATION_BYTES)
    if text is None:
        raise InvalidRequest(
            f'The feature specification file "{location}" has {info.size} bytes; at most {MAX_SPECIFICATION_BYTES} are '
            "read."
        )
    try:
        return read_specification(text, apart)
    except InvalidRequest as error:
        raise InvalidRequest(
            f'The feature specification file "{location}" is malformed: {str(error).rstrip(".")}.'
        ) from error


def input_objects(artifacts: Artifacts, source: DataSource) -> Iterator[ObjectInfo]:
    """Yield every object that a data source stands for: those under a prefix in key order, without the empty
    ones that mark folders, or those that a manifest names, in its order.

    raises    InvalidRequest if a manifest is malformed or names what does not exist
    """
    location = parse_location(source.uri)
    if not source.is_manifest:
        yield from _under_prefix(artifacts, location)
        return
    for item in manifest_locations(artifacts, location):
        yield _info_of_named(artifacts, item, location)


def manifest_locations(artifacts: Artifacts, manifest: Location) -> list[Location]:
    """Return what a manifest file names.

    raises    InvalidRequest if it is missing, too large or not of the documented form
    source    AutoMLS3DataSource in SageMaker's API reference
    """
    info = artifacts.info(manifest)
    if info is None:
        raise InvalidRequest(f'Could not find the manifest file "{manifest}".')
    text = read_at_most(artifacts, manifest, MAX_MANIFEST_BYTES)
    if text is None:
        raise InvalidRequest(
            f'The manifest file "{manifest}" has {info.size} bytes; at most {MAX_MANIFEST_BYTES} '
            "are read. Is it the data themselves? Then choose S3DataType S3Prefix."
        )
    if count_values(text) > _MOST_VALUES:
        raise _names_too_many(manifest)
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise _malformed(manifest, "it is nested too deeply") from error
    except ValueError as error:
        raise _malformed(manifest, f"it is not JSON ({error})") from error
    return _named_in(document, manifest)


def _named_in(document: Any, manifest: Location) -> list[Location]:
    if not isinstance(document, list) or not document:
        raise _malformed(manifest, "it is not a list")
    head, *keys = document
    prefix = head.get("prefix") if isinstance(head, dict) else None
    if not isinstance(prefix, str) or not prefix.startswith("s3://"):
        raise _malformed(manifest, "its first item is not a prefix")
    if not keys:
        raise _malformed(manifest, "it names no object")
    if len(keys) > MOST_NAMED:
        raise _names_too_many(manifest)
    for number, key in enumerate(keys, start=2):
        if not isinstance(key, str) or not key:
            raise _malformed(manifest, f"item {number} is not the key of an object")
    try:
        return [parse_location(prefix + key) for key in keys]
    except InvalidRequest as error:
        raise _malformed(manifest, str(error).rstrip(".")) from error


def _names_too_many(manifest: Location) -> InvalidRequest:
    return InvalidRequest(
        f'The manifest file "{manifest}" names more than {MOST_NAMED} objects; put them under a prefix and choose '
        "S3DataType S3Prefix, or make fewer, larger ones."
    )


def _malformed(manifest: Location, reason: str) -> InvalidRequest:
    return InvalidRequest(
        f'The manifest file "{manifest}" is malformed: {reason}. It must be a JSON list: first '
        '{"prefix": "s3://BUCKET/PREFIX/"}, then the keys of one or more objects relative to it.'
    )


def _info_of_named(artifacts: Artifacts, named: Location, manifest: Location) -> ObjectInfo:
    info = artifacts.info(named)
    if info is None:
        raise InvalidRequest(
            f'The object "{named}" named in the manifest file "{manifest}" does not exist.'
        )
    return info


def _under_prefix(artifacts: Artifacts, prefix: Location) -> Iterator[ObjectInfo]:
    for info in artifacts.list(prefix):
        if info.size or not info.location.key.endswith("/"):
            yield info
