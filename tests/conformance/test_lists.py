"""Filters, orders and pages of every list of the control plane, each member asked for by its name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from api.records import job_record, step_record
from api.world import SCOPE, build_world, close
from botocore import xform_name

from windvane.domain.candidate import ProcessingJob, TrainingJob, TransformJob
from windvane.domain.deployment import Endpoint
from windvane.domain.job import AutoMLJob
from windvane.wire.model import load_service

NAMES = ["alpha", "beta", "gamma"]
LISTS = {
    "ListAutoMLJobs": ("AutoMLJobSummaries", "AutoMLJobName"),
    "ListProcessingJobs": ("ProcessingJobSummaries", "ProcessingJobName"),
    "ListTrainingJobs": ("TrainingJobSummaries", "TrainingJobName"),
    "ListTransformJobs": ("TransformJobSummaries", "TransformJobName"),
    "ListModels": ("Models", "ModelName"),
    "ListEndpointConfigs": ("EndpointConfigs", "EndpointConfigName"),
    "ListEndpoints": ("Endpoints", "EndpointName"),
}
LAST = {
    "CreationTimeAfter": (50, ["beta", "gamma"]),
    "CreationTimeBefore": (150, ["alpha", "beta"]),
    "LastModifiedTimeAfter": (850, ["alpha"]),
    "LastModifiedTimeBefore": (850, ["beta", "gamma"]),
}
"""Seconds after the first was created -> names. The later one was created, the earlier it was modified."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Three of each kind, a hundred seconds apart."""
    made = build_world(tmp_path_factory.mktemp("lists"))
    made.create_model("m")
    made.client().delete_model(ModelName="m")
    for number, name in enumerate(NAMES):
        now = made.clock()
        made.insert(job_record(now, name))
        made.insert(
            *(step_record(kind, now, name) for kind in (ProcessingJob, TrainingJob, TransformJob))
        )
        made.create_model(name)
        variant = {"VariantName": "v", "ModelName": name, "InitialInstanceCount": 1}
        made.create_config(name, ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}])
        made.client().create_endpoint(EndpointName=name, EndpointConfigName=name)
        modified = now + timedelta(seconds=900 - 200 * number)
        for kind in (AutoMLJob, ProcessingJob, TrainingJob, TransformJob, Endpoint):
            with made.store.transaction() as tx:
                tx.update(replace(tx.find(kind, SCOPE, name), modified=modified))
        made.clock.advance(100)
    yield made
    close(made)


def members_of(operation):
    return load_service("sagemaker").operation(operation).input_shape.members


def asked(world, operation, **parameters):
    items, name = LISTS[operation]
    answer = getattr(world.client(), xform_name(operation))(**parameters)
    return [summary[name] for summary in answer[items]], answer.get("NextToken")


@pytest.mark.parametrize("operation", LISTS)
def test_names_and_times_narrow_a_list(world, operation):
    first = world.clock() - timedelta(seconds=300)
    assert asked(world, operation, NameContains="et")[0] == ["beta"]
    for member in LAST.keys() & members_of(operation).keys():
        seconds, names = LAST[member]
        found, _ = asked(world, operation, **{member: first + timedelta(seconds=seconds)})
        assert sorted(found) == names, member


@pytest.mark.parametrize("operation", LISTS)
def test_a_list_is_in_the_order_asked_for(world, operation):
    for order in members_of(operation)["SortBy"].enum:
        if order != "Status":
            for direction, names in (("Ascending", NAMES), ("Descending", NAMES[::-1])):
                assert asked(world, operation, SortBy=order, SortOrder=direction)[0] == names


@pytest.mark.parametrize("operation", LISTS)
def test_pages_join_to_the_whole(world, operation):
    whole, _ = asked(world, operation)
    first, token = asked(world, operation, MaxResults=2)
    rest, end = asked(world, operation, MaxResults=2, NextToken=token)
    assert (first + rest, end) == (whole, None)


@pytest.mark.parametrize("operation", ["ListAutoMLJobs", "ListProcessingJobs", "ListTrainingJobs"])
def test_a_status_picks_those_that_have_it(world, operation):
    assert sorted(asked(world, operation, StatusEquals="InProgress")[0]) == NAMES
    assert asked(world, operation, StatusEquals="Failed")[0] == []
