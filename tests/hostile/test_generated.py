"""Requests generated from the service models: none is answered with a 500, late, or with an unmodelled code."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from botocore.parsers import create_parser
from hostile.generated import Called, calls, model_of
from hostile.house import House, read_refusal
from hostile.writing import written
from hypothesis import HealthCheck, given, seed, settings
from s3.served import ServedStore

from windvane.artifacts.s3 import S3Artifacts
from windvane.wire.model import load_service

SLOW_S = 5.0
SEED = int(os.environ.get("WINDVANE_FUZZ_SEED", "20261101"))
"""Another one makes other requests; the same one the same."""

MANY = int(os.environ.get("WINDVANE_FUZZ_REQUESTS", "10000"))
"""Requests of the long run."""

COMMON = {
    "sagemaker": {"ValidationException", "SerializationException"},
    "windvane": {
        "ValidationException",
        "SerializationException",
        "ResourceNotFound",
        "ThrottlingException",
    },
    "logs": {"SerializationException"},
    "kms": {"ValidationException", "SerializationException", "AccessDeniedException"},
    "application-autoscaling": {
        "ValidationException",
        "SerializationException",
        "AccessDeniedException",
    },
    "cloudwatch": {"ValidationError", "MalformedInput", "AccessDenied", "ResourceNotFound"},
    "sagemaker-runtime": {"SerializationException"},
    "sts": {"ValidationError", "MalformedInput", "AccessDenied"},
    "iam": {"ValidationError", "MalformedInput", "AccessDenied"},
}
"""Codes that any operation of a service may answer with, besides those modelled for it.

source    autopilot.md 1.2 and 4.2
"""

MOST_BYTES = 2**20
TOO_LARGE = {
    service: "RequestEntityTooLarge"
    if service in ("sts", "iam", "cloudwatch")
    else "RequestEntityTooLargeException"
    for service in COMMON
}
"""What a body of more than so many bytes is answered with; docs/operations.md."""

_READ = ("Describe", "List", "Get", "Filter", "Invoke", "Follow")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    built = House(tmp_path_factory.mktemp("house"), concurrent_jobs=100)
    yield built
    built.close()


@pytest.fixture(scope="module")
def contents(house):
    kept = house.backup()
    yield kept
    kept.close()


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A house over a real S3 store."""
    store = ServedStore(tmp_path_factory.mktemp("s3"))
    built = House(
        tmp_path_factory.mktemp("stored"), S3Artifacts(store.connection), concurrent_jobs=100
    )
    yield built
    built.close()
    store.stop()


def settled(n_requests: int) -> settings:
    return settings(
        max_examples=n_requests,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )


def check(house: House, contents, called: Called) -> int:
    """The status that a generated request is answered with."""
    ask = written(called)
    sent = ask.made()
    answered = house.send(sent)
    if answered.status == 200 and not called.operation.startswith(_READ):
        house.restore(contents)
    if answered.seconds > SLOW_S:  # perhaps the machine was busy: slow twice is slow
        assert house.send(sent).seconds < SLOW_S
    if answered.status >= 400:
        told = read_refusal(answered, ask)
        assert told.status < 500, told
        too_large = {TOO_LARGE[called.service]} if len(sent.body) > MOST_BYTES else set()
        assert told.code in codes(called) | too_large, told
        assert told.text
    else:
        read(called, answered)
    return answered.status


def codes(called: Called) -> set[str]:
    operation = model_of(called.service, called.operation)
    modelled = {
        error.metadata.get("error", {}).get("code", error.name) for error in operation.error_shapes
    }
    return modelled | COMMON[called.service]


def read(called: Called, answered) -> None:
    """As botocore reads it, with every required member of the answer there."""
    shape = model_of(called.service, called.operation).output_shape
    parser = create_parser(load_service(called.service).protocol.value)
    parsed = parser.parse(
        {"status_code": answered.status, "headers": answered.headers, "body": answered.body}, shape
    )
    if shape is not None:
        assert set(shape.required_members) <= set(parsed)


def run(
    house: House, contents, n_requests: int, number: int, operations: list[tuple[str, str]]
) -> Counter[tuple[str, bool]]:
    """How often each operation was served, and refused."""
    seen: Counter[tuple[str, bool]] = Counter()

    @seed(number)
    @settled(n_requests)
    @given(calls(operations))
    def sent(called: Called) -> None:
        status = check(house, contents, called)
        seen[called.operation, status < 300] += 1

    sent()
    return seen


def test_generated_requests_are_answered_as_modelled(house, contents):
    run(house, contents, 300, SEED, house.operations)


@pytest.mark.long
@pytest.mark.timeout(max(3000, MANY // 3))
def test_many_generated_requests_are_answered_as_modelled(house, contents):
    seen = run(house, contents, MANY, SEED, house.operations)
    assert seen.total() >= MANY
    operations = {operation for _, operation in house.operations}
    served = {operation for operation, well in seen if well}
    assert operations - NEVER_SERVED <= served, operations - NEVER_SERVED - served


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_generated_requests_about_objects_of_a_real_store_are_answered_as_modelled(stored):
    kept = stored.backup()
    about_objects = [called for called in stored.operations if called[1] in ABOUT_OBJECTS]
    seen = run(stored, kept, 3_000, SEED, about_objects)
    kept.close()
    assert {operation for operation, well in seen if well} == ABOUT_OBJECTS


ABOUT_OBJECTS = {
    "CreateAutoMLJob",
    "CreateAutoMLJobV2",
    "CreateModel",
    "CreateProcessingJob",
    "CreateTrainingJob",
    "CreateTransformJob",
}
"""Operations that look into the S3 store before they accept anything."""

NEVER_SERVED = {
    "StartCandidateReports",
    "DescribeCandidateReports",
    "PreviewTable",
}
"""Operations that answer well only where there is what the house has not: data of a job, reports; or with a body
of our own protocol, which these requests do not have."""
