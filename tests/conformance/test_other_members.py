"""Members that no other test sends, each with what it means."""

from __future__ import annotations

from datetime import timedelta

import pytest
from api.identities import identity_of, roles, utc_now
from api.records import candidate_record, job_record
from api.steps import split_request, step_input
from api.test_auto_ml_job_v2 import request as v2_request
from api.test_events import ask, sequences
from api.test_logs import GROUP, texts, write
from api.test_rescaling import SERVERLESS, described, rescale, running
from api.test_transform_jobs import transform_request
from api.world import ACCOUNT, REGION, World, channel, refusal

from windvane.api.identity import identity_operations
from windvane.wire.edge import Edge

__all__ = ["running"]

PATHS = ("/", "/teams/", "/teams/blue/")
DECLARED = [f"arn:aws:iam::{ACCOUNT}:role{path}r{n}" for n, path in enumerate(PATHS)]


@pytest.fixture
def identity():
    parts = identity_of([(ACCOUNT, ACCOUNT, "secret")], roles(*DECLARED))
    edge = Edge(parts.keyring, identity_operations(parts), {}, None, utc_now)
    yield World(None, None, None, edge)
    edge.close()


def test_roles_are_listed_by_their_path_and_in_pages(identity):
    iam = identity.client(service="iam")
    teams = iam.list_roles(PathPrefix="/teams/")["Roles"]
    assert {role["Path"] for role in teams} == {"/teams/", "/teams/blue/"}
    first = iam.list_roles(MaxItems=3)
    assert first["IsTruncated"]
    rest = iam.list_roles(MaxItems=3, Marker=first["Marker"])
    assert len(first["Roles"] + rest["Roles"]) == len(DECLARED) + 1
    assert not rest["IsTruncated"]


def test_a_session_lasts_as_long_as_it_is_asked_to(identity):
    answer = identity.client(service="sts").assume_role(
        RoleArn=DECLARED[0], RoleSessionName="visit", DurationSeconds=900, ExternalId="known"
    )
    left = answer["Credentials"]["Expiration"] - utc_now()
    assert timedelta(seconds=880) < left <= timedelta(seconds=901)
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/r0/visit")


@pytest.fixture
def logs(world):
    for number, stream in enumerate(("a/1", "a/2", "b/1")):
        write(world, stream, f"line {number}")
    return world.client(service="logs")


def test_groups_are_picked_by_name_arn_class_and_account(logs):
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}"
    for picked in (
        {"logGroupIdentifiers": [GROUP]},
        {"logGroupIdentifiers": [arn]},
        {"logGroupClass": "STANDARD"},
        {"accountIdentifiers": [ACCOUNT]},
        {"includeLinkedAccounts": False},
    ):
        groups = logs.describe_log_groups(**picked)["logGroups"]
        assert [group["logGroupName"] for group in groups] == [GROUP], picked
    assert logs.describe_log_groups(logGroupClass="INFREQUENT_ACCESS")["logGroups"] == []
    code, _ = refusal(logs.describe_log_groups, includeLinkedAccounts=True)
    assert code == "InvalidParameterException"


def test_a_group_may_be_named_by_its_arn_everywhere(logs):
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}"
    assert len(logs.describe_log_streams(logGroupIdentifier=arn)["logStreams"]) == 3
    read = logs.get_log_events(logGroupIdentifier=arn, logStreamName="b/1", unmask=True)
    assert texts(read) == ["line 2"]


def test_a_search_is_narrowed_by_streams_and_time(logs):
    found = logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix="a/", unmask=True)
    assert texts(found) == ["line 0", "line 1"]
    second = found["events"][1]["timestamp"]
    assert texts(logs.filter_log_events(logGroupName=GROUP, endTime=second)) == ["line 0", "line 1"]
    assert texts(logs.filter_log_events(logGroupName=GROUP, endTime=second - 1)) == ["line 0"]


def test_candidates_come_in_pages_of_the_size_asked_for(world, client):
    world.insert(job_record(world.clock()))
    world.insert(*(candidate_record(world.clock.advance(), index) for index in (1, 2, 3)))
    answer = client.list_candidates_for_auto_ml_job(AutoMLJobName="churn", MaxResults=2)
    assert len(answer["Candidates"]) == 2
    assert answer["NextToken"]


def test_provisioned_concurrency_of_a_variant_is_changed(running):
    wish = {"VariantName": "S", "ServerlessUpdateConfig": {"ProvisionedConcurrency": 1}}
    rescale(running, wish)
    found = described(running)["ProductionVariants"][1]["DesiredServerlessConfig"]
    assert found == SERVERLESS | {"ProvisionedConcurrency": 1}


def test_an_output_filter_is_echoed(world, client):
    world.create_model()
    world.put("s3://data/rows/a.csv", b"1,2\n")
    client.create_transform_job(**transform_request(DataProcessing={"OutputFilter": "$[0]"}))
    described = client.describe_transform_job(TransformJobName="x")
    assert described["DataProcessing"]["OutputFilter"] == "$[0]"


def test_what_a_job_is_told_of_its_rows_and_columns_is_told_again(world, client):
    world.put("s3://data/features.json", b'{"FeatureAttributeNames": ["a"]}')
    problem = {"ProblemType": "BinaryClassification", "AutoMLJobObjective": {"MetricName": "AUC"}}
    weighted = {
        **problem,
        "InputDataConfig": [channel(SampleWeightAttributeName="w")],
        "AutoMLJobConfig": {"Mode": "ENSEMBLING"},
    }
    world.create_job("first", **weighted)
    told = client.describe_auto_ml_job(AutoMLJobName="first")
    assert {name: told[name] for name in weighted} == weighted
    tabular = {
        "Mode": "ENSEMBLING",
        "FeatureSpecificationS3Uri": "s3://data/features.json",
        "SampleWeightAttributeName": "w",
    }
    client.create_auto_ml_job_v2(
        **v2_request(tabular, DataSplitConfig={"ValidationFraction": 0.25})
    )
    told = client.describe_auto_ml_job_v2(AutoMLJobName="churn")
    found = told["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert found == {**tabular, "TargetAttributeName": "y"}
    assert told["DataSplitConfig"] == {"ValidationFraction": 0.25}


def test_a_table_for_a_processing_job_may_be_packed(client):
    table = step_input("table", "s3://data/train/")
    packed = {**table, "S3Input": {**table["S3Input"], "S3CompressionType": "Gzip"}}
    client.create_processing_job(**split_request(ProcessingInputs=[packed]))
    described = client.describe_processing_job(ProcessingJobName="p")
    assert described["ProcessingInputs"][0]["S3Input"]["S3CompressionType"] == "Gzip"


def test_the_events_of_a_job_go_on_after_the_one_that_is_named(world):
    world.create_job("churn")
    world.client().stop_auto_ml_job(AutoMLJobName="churn")
    path = "/windvane/jobs/churn/events?follow=false"
    first, second = sequences(ask(world, path)[2])
    assert sequences(ask(world, f"{path}&after={first}")[2]) == [second]
    assert sequences(ask(world, path, **{"Last-Event-ID": str(first)})[2]) == [second]
