"""What the page calls refused is refused, by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from api.alarmed import HIGH
from api.identities import identity_of, utc_now
from api.scaled import ADDRESS, TRACKING
from api.steps import split_request, training_request
from api.test_auto_ml_job_v2 import request as v2_request
from api.test_transform_jobs import transform_request
from api.world import (
    ROLE,
    Keys,
    World,
    build_world,
    close,
    config_request,
    job_request,
    model_request,
    refusal,
)
from botocore import xform_name
from conformance.places import path_of
from conformance.refusals import reason_for, refusals, unknown_paths, unused_reasons
from conformance.samples import sample, with_member

from windvane.api.identity import identity_operations
from windvane.api.runtime import runtime_operations
from windvane.wire.edge import Edge
from windvane.wire.model import load_service

BASES = {
    "CreateAutoMLJob": job_request(),
    "CreateAutoMLJobV2": v2_request(),
    "CreateModel": model_request(),
    "CreateEndpointConfig": config_request(),
    "CreateEndpoint": {"EndpointName": "e", "EndpointConfigName": "c"},
    "UpdateEndpoint": {"EndpointName": "e", "EndpointConfigName": "c"},
    "CreateTrainingJob": training_request(),
    "CreateProcessingJob": split_request(),
    "CreateTransformJob": transform_request(),
    "ListTrainingJobs": {},
    "InvokeEndpoint": {"EndpointName": "e", "Body": b"1"},
    "AssumeRole": {"RoleArn": ROLE, "RoleSessionName": "session"},
    "GetSessionToken": {},
    "CreateUser": {"UserName": "u"},
    "CreateRole": {"RoleName": "r", "AssumeRolePolicyDocument": "{}"},
    "UpdateRole": {"RoleName": "r"},
    "PutScalingPolicy": {**ADDRESS, **TRACKING},
    "PutMetricAlarm": HIGH,
    "DescribeAlarms": {},
    "SimulatePrincipalPolicy": {"PolicySourceArn": ROLE, "ActionNames": ["s3:GetObject"]},
}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """By service."""
    made = build_world(tmp_path_factory.mktemp("world"))
    parts = identity_of([("111122223333", "111122223333", "secret")])
    sts = Edge(parts.keyring, identity_operations(parts), {}, None, utc_now)
    runtime = Edge(Keys(), {}, runtime_operations(None), None, utc_now)
    yield {
        "sagemaker": made,
        "application-autoscaling": made,
        "cloudwatch": made,
        "sts": World(None, None, None, sts),
        "iam": World(None, None, None, sts),
        "sagemaker-runtime": World(None, None, None, runtime),
    }
    close(made)
    sts.close()
    runtime.close()


@pytest.mark.slow
@pytest.mark.parametrize("one", refusals(), ids=lambda one: f"{one.operation}-{one.path}")
def test_a_member_that_is_not_served_is_refused_by_name(one, worlds):
    shape = load_service(one.service).operation(one.operation).input_shape
    value = sample(shape_at(shape, one.path), one.accepted)
    request = with_member(BASES[one.operation], shape, one.path, value)
    client = worlds[one.service].client(service=one.service)
    _, message = refusal(getattr(client, xform_name(one.operation)), **request)
    assert one.path in {path_of(word.strip("',:.")) for word in message.split()}, message


def shape_at(shape, path):
    for name in path.split("."):
        shape = shape.members[name.removesuffix("[]")]
        shape = shape.member if name.endswith("[]") else shape
    return shape


def test_every_refusal_is_of_a_member_of_the_model_and_has_a_reason():
    assert unknown_paths() == []
    assert [one for one in refusals() if not reason_for(one)] == []
    assert unused_reasons() == set()


def test_every_rule_that_refuses_is_among_them():
    """A file of rules that is not looked into would leave members out."""
    package = Path(__file__).resolve().parents[2] / "windvane"
    rooms = ("control", "control/alarms", "control/scaling", "api/automl_request")
    found = (file for room in rooms for file in package.glob(f"{room}/*.py"))
    files = {file.stem for file in found if "Unserved(" in file.read_text()}
    conditional = {"channel_rules"}
    assert files - conditional == {
        "endpoint_configs",
        "endpoints",
        "models",
        "policies",
        "rules",
        "service",
        "step_rules",
        "steps",
        "transform_rules",
        "v2",
    }
