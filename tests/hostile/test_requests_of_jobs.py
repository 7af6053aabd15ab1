"""Attacks by requests for jobs: what a policy asks of them, and what they have the server fill in."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from api.accounts import Accounts, allow, deny, document, trust
from api.steps import split_request, training_request
from api.world import SCOPE, job_request, refusal
from hostile.requests import v2_request

from windvane.api.automl_request.data_rules import MOST_OF_TARGET
from windvane.domain.images import step_image_uri

_MOST_KEPT = 256 << 10
_CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Accounts]:
    made = Accounts(tmp_path)
    made.world.put("s3://data/dataset/analysis.json")
    yield made
    made.close()


def with_key(place: str, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Requests for jobs that name a key of their output, or of their volume, and operations that take them."""
    if place == "sagemaker:OutputKmsKey":
        output = {"S3OutputPath": "s3://results/jobs", "KmsKeyId": key}
        yield "create_auto_ml_job", job_request(OutputDataConfig=output)
        yield "create_auto_ml_job_v2", v2_request(OutputDataConfig=output)
        yield "create_training_job", training_request(OutputDataConfig=output)
        outputs = {**split_request()["ProcessingOutputConfig"], "KmsKeyId": key}
        yield "create_processing_job", split_request(ProcessingOutputConfig=outputs)
        return
    security = {"SecurityConfig": {"VolumeKmsKeyId": key}}
    yield "create_auto_ml_job", job_request(AutoMLJobConfig=security)
    yield "create_auto_ml_job_v2", v2_request(**security)
    cluster = {**_CLUSTER, "VolumeKmsKeyId": key}
    yield "create_training_job", training_request(ResourceConfig=cluster)
    resources = {"ClusterConfig": cluster}
    yield "create_processing_job", split_request(ProcessingResources=resources)


@pytest.mark.parametrize("place", ["sagemaker:OutputKmsKey", "sagemaker:VolumeKmsKey"])
def test_an_empty_name_of_a_key_is_none(account: Accounts, place: str) -> None:
    """A policy that denies jobs without a key was met by an empty one, which the job took for none."""
    denied = deny("sagemaker:Create*", Condition={"Null": {place: "true"}})
    anything = allow("sagemaker:*", Condition={"StringLike": {place: "*"}})
    for name, policy in (("ann", (allow("*"), denied)), ("bob", (allow("iam:PassRole"), anything))):
        client = account.client(keys=account.user(name, *policy))
        for operation, request in with_key(place, ""):
            code, text = refusal(getattr(client, operation), **request)
            assert code == "AccessDeniedException"
            assert "is not authorized to perform: sagemaker:Create" in text


def test_what_a_training_job_takes_over_is_bounded_before_it_is_put_together(
    account: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The members that an ensemble names are described in the new job's hyperparameters. One long job under hundreds of
    spellings of its name became 400 MB in memory, for a request of a kilobyte."""
    asked: list[str] = []
    client = account.client()
    long = {f"h{number}": '"' * 1250 for number in range(98)}
    client.create_training_job(**training_request("longest", HyperParameters=long))
    spellings = ["".join(one) for one in product(*zip("longest", "LONGEST", strict=True))]
    members = {"_members": json.dumps(dict.fromkeys(spellings[:120], 1), separators=(",", ":"))}
    client.create_training_job(**training_request("mine", HyperParameters=members))
    dumped = json.dumps

    def watched(value: Any, **more: Any) -> str:
        asked.append(text := dumped(value, **more))
        return text

    monkeypatch.setattr("windvane.control.quotas.json.dumps", watched)
    image = {
        "TrainingImage": step_image_uri(SCOPE, "lightgbm", "mine"),
        "TrainingInputMode": "File",
    }
    request = training_request("again", AlgorithmSpecification=image)
    code, text = refusal(client.create_training_job, **request)
    assert code == "ValidationException"
    assert f"have over {_MOST_KEPT} characters together" in text
    assert max(map(len, asked)) < 4 * _MOST_KEPT


def test_policies_are_not_asked_about_each_of_very_many_objects_for_hours(
    account: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest policies take 25 ms for a long key, and a manifest names 100,000: a request of a kilobyte kept a thread busy
    for forty minutes, whether or not its client had gone, and hundreds more waited behind it."""
    monkeypatch.setattr("windvane.control.roles.MOST_DECIDED_S", 0.2)
    iam, trusted = account.client("iam"), trust({"Service": "sagemaker.amazonaws.com"})
    role = iam.create_role(RoleName="slow", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    long = [f"arn:aws:s3:::*?{'a' * 480}?b{number}*" for number in range(20)]
    policy = document(allow("*"), deny("s3:*", long))
    iam.put_role_policy(RoleName="slow", PolicyName="own", PolicyDocument=policy)
    keys = ["a" * 1000 + str(number) for number in range(1000)]
    account.world.put("s3://data/m", json.dumps([{"prefix": "s3://data/"}, *keys]).encode())
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://data/m"}}
    channel = {"DataSource": source, "TargetAttributeName": "y"}
    began = time.process_time()
    code, text = refusal(
        account.client().create_auto_ml_job, **job_request(RoleArn=role, InputDataConfig=[channel])
    )
    assert time.process_time() - began < 10, "all of them take 25 s"
    assert code == "ValidationException"
    assert f"It takes more than 0.2 seconds to find out whether {role} may use each" in text


@pytest.mark.parametrize("wide", ["x", "\U0001f600"])
def test_the_name_of_a_target_is_short(account: Accounts, wide: str) -> None:
    """It was the one text of a job that might be as long as a request, and stood twice in its record, six megabytes of it: a
    list of a hundred jobs took the server 800 MB, and whoever looks after jobs read those of each one that went on."""
    client = account.client()
    longest, longer = wide * MOST_OF_TARGET, wide * (MOST_OF_TARGET + 1)
    told = "has 1,025 characters"
    data = job_request()["InputDataConfig"][0]
    long = {**data, "TargetAttributeName": longer}
    code, text = refusal(client.create_auto_ml_job, **job_request(InputDataConfig=[long]))
    assert (code, told in text) == ("ValidationException", True)
    assert "inputDataConfig.1.member.targetAttributeName" in text
    in_v2 = {"TabularJobConfig": {"TargetAttributeName": longer}}
    code, text = refusal(client.create_auto_ml_job_v2, **v2_request(AutoMLProblemTypeConfig=in_v2))
    assert (code, told in text) == ("ValidationException", True)
    assert "autoMLProblemTypeConfig.tabularJobConfig.targetAttributeName" in text
    in_v2["TabularJobConfig"]["TargetAttributeName"] = longest
    assert client.create_auto_ml_job_v2(**v2_request(AutoMLProblemTypeConfig=in_v2))
