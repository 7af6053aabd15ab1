"""Malformed and hostile requests: each gets the documented code and text, and leaves nothing behind."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from api.steps import split_request, training_request
from api.world import config_request, job_request, model_request
from hostile.asking import sagemaker
from hostile.case import Case
from hostile.house import House, Told, read_refusal
from hostile.requests import transform_request, v2_request
from hostile.tables import (
    alarms,
    buckets,
    endpoints,
    forecasts,
    iam,
    identity,
    jobs,
    jobs_data,
    jobs_v2,
    kms,
    links,
    lists,
    members_of_jobs,
    members_of_lists,
    members_of_models,
    models,
    names,
    own,
    protocol,
    runtime,
    scaling,
    signatures,
    steps,
    transforms,
    types,
)

TABLES = (
    signatures,
    links,
    protocol,
    types,
    names,
    members_of_jobs,
    members_of_lists,
    members_of_models,
    jobs,
    jobs_data,
    jobs_v2,
    forecasts,
    kms,
    models,
    endpoints,
    steps,
    transforms,
    lists,
    identity,
    iam,
    scaling,
    alarms,
    runtime,
    buckets,
    own,
)
CASES = [
    pytest.param(case, id=f"{table.__name__.rpartition('.')[2]}: {case.name}")
    for table in TABLES
    for case in table.CASES
]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    built = House(tmp_path_factory.mktemp("house"))
    yield built
    built.close()


@pytest.fixture(scope="module")
def contents(house) -> str:
    return house.contents()


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_request_gets_the_documented_code_and_text(house, contents, case: Case):
    answered = house.send(case.ask.made())
    assert read_refusal(answered, case.ask) == Told(case.status, case.code, case.text)
    assert house.contents() == contents


SERVED_AS_THEY_ARE = {
    "CreateAutoMLJob": job_request("new"),
    "CreateAutoMLJobV2": v2_request("new-2"),
    "CreateModel": model_request("new"),
    "CreateEndpointConfig": config_request("new"),
    "CreateEndpoint": {"EndpointName": "new", "EndpointConfigName": "c"},
    "CreateTrainingJob": training_request("new"),
    "CreateProcessingJob": split_request("new"),
    "CreateTransformJob": transform_request("new"),
    "ListModels": {},
}


@pytest.fixture(scope="module")
def roomy(tmp_path_factory):
    """With room for further jobs."""
    built = House(tmp_path_factory.mktemp("roomy"), concurrent_jobs=100)
    yield built
    built.close()


@pytest.mark.parametrize("operation", SERVED_AS_THEY_ARE)
def test_what_the_cases_are_one_change_away_from_is_served(roomy, operation):
    answered = roomy.send(sagemaker(operation, **SERVED_AS_THEY_ARE[operation]).made())
    assert answered.status == 200, answered.body


def test_every_operation_has_hostile_requests_of_its_own(house):
    asked = {asked_for(case) for table in TABLES for case in table.CASES}
    assert {operation for _, operation in house.operations} <= asked


def asked_for(case: Case) -> str:
    """The operation that a request is for, as far as that can be read."""
    sent = case.ask.sent
    target = sent.header("x-amz-target").rpartition(".")[2]
    in_form = dict(parse_qsl(sent.body.decode("latin-1"))).get("Action", "")
    by_path = (name for part, name in _BY_PATH if part in f"{sent.method} {sent.path} ")
    return target or in_form or next(by_path, "")


_BY_PATH = (
    ("/invocations ", "InvokeEndpoint"),
    ("POST /windvane/jobs", "StartCandidateReports"),
    ("/reports ", "DescribeCandidateReports"),
    ("/leaderboard ", "DescribeLeaderboard"),
    ("/progress ", "DescribeAutoMLJobProgress"),
    ("GET /windvane/jobs ", "ListAutoMLJobOverviews"),
    ("GET /windvane/cluster ", "DescribeCluster"),
    ("/tables/preview ", "PreviewTable"),
    ("/candidates/", "DescribeCandidate"),
    ("GET /windvane/events ", "FollowEvents"),
    ("/events ", "FollowJobEvents"),
    ("/figures ", "DescribeEndpointFigures"),
    ("/history ", "DescribeEndpointHistory"),
)
